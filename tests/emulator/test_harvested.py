"""A library of the database that an export or a harvest has made."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from scenario_async import AssetSearch, ModelSearch, Scenario, WorkflowSearch
from scenario_async.emulator import Emulator, Library

KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}
SEARCHES = [AssetSearch(query="knight"), ModelSearch(query=""), WorkflowSearch(query="")]


def test_a_harvest_is_served_offline(tmp_path: Path) -> None:
    """The same searches find the same hits in it, but for those that a refresh knows to be gone."""
    library, path = Library.sample(), tmp_path / "all.sqlite"
    with Emulator(library).running() as base_url, Scenario(**KEYS, base_url=base_url) as client:
        client.search.harvest(SEARCHES, path)
        expected = [[hit.id for hit in client.search.run(each).iter_hits()] for each in SEARCHES]
        gone = expected[0].pop(0)
        library.remove(gone)
        client.search.harvest(SEARCHES, path, refresh="full")
    told: list[tuple[int, int]] = []
    kept = Library.load(path, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (sum(map(len, expected)),) * 2
    with Emulator(kept).running() as base_url, Scenario(**KEYS, base_url=base_url) as client:
        found = [[hit.id for hit in client.search.run(each).iter_hits()] for each in SEARCHES]
    assert [sorted(each) for each in found] == [sorted(each) for each in expected]
    assert kept.get(gone) is None


def test_an_export_is_served_as_well(tmp_path: Path) -> None:
    """It has no table of what was found."""
    path = tmp_path / "knights.sqlite"
    with Emulator().running() as base_url, Scenario(**KEYS, base_url=base_url) as client:
        hits = client.search.export(SEARCHES[0], path).hits
    assert Library.load(path).size("assets") == hits


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_harvest_that_may_only_be_read() -> None:
    """Neither the file nor its folder need be written to, unless some of it is still in a log."""
    outer = Path(tempfile.mkdtemp())
    path = outer / "kept" / "all.sqlite"
    path.parent.mkdir()
    with Emulator().running() as base_url, Scenario(**KEYS, base_url=base_url) as client:
        hits = client.search.harvest(SEARCHES[:1], path).hits
    with closing(sqlite3.connect(path)) as file:
        file.execute("update hits set last_seen = 'later'")
        file.commit()
        log = path.with_name("all.sqlite-wal").read_bytes()
    assert log
    path.chmod(0o444)
    path.parent.chmod(0o555)
    program = (
        "import os, sys\n"
        "from scenario_async.emulator import Library\n"
        "if os.geteuid() == 0:\n"
        "    os.setgid(65534), os.setuid(65534)\n"
        "try:\n"
        "    print(Library.load(sys.argv[1]).size('assets'))\n"
        "except ValueError as error:\n"
        "    print(error)\n"
    )
    outer.chmod(0o755)
    load = [sys.executable, "-c", program, str(path)]
    try:
        told = subprocess.run(load, capture_output=True, text=True, check=True).stdout
        path.parent.chmod(0o755)
        path.with_name("all.sqlite-wal").write_bytes(log)
        path.parent.chmod(0o555)
        with_log = subprocess.run(load, capture_output=True, text=True, check=True).stdout
    finally:
        path.parent.chmod(0o755)
        shutil.rmtree(outer)
    assert told == f"{hits}\n"
    assert "as some of it is still in all.sqlite-wal" in with_log


def test_another_database_is_none(tmp_path: Path) -> None:
    """It is told what is missing."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("create table mine (a)")
    with pytest.raises(ValueError, match="a database without a table `hits`"):
        Library.load(path)
