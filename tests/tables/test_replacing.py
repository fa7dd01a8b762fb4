"""Databases that take the place of others, which a killed writer may have left with a journal, or somebody uses."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from export.running import export
from flow.conftest import connect, serve
from support.hits import asset, assets
from support.servers import paged

from scenario_async import AssetHit, AssetSearch, HitTable, WriteError

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

__all__ = ["connect", "serve"]
SEARCH = AssetSearch(query="knight")
KILLED = """
import os, signal, sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
file.execute("PRAGMA cache_size = 20")
if sys.argv[2] == "delete":
    file.execute("BEGIN")
file.execute("UPDATE hits SET last_seen = 'z' || last_seen, data = json_set(data, '$.more', 1)")
os.kill(os.getpid(), signal.SIGKILL)
"""


def database(path: Path, count: int = 600) -> Path:
    """Write a database of many pages."""
    hits = [AssetHit.from_dict(asset(f"old_{number}", description="x" * 2000)) for number in range(count)]
    return HitTable(hits).write(path)


def left_by_a_killed_writer(path: Path, mode: str) -> None:
    """Let a process change a database, and be killed meanwhile."""
    subprocess.run([sys.executable, "-c", KILLED, str(path), mode], check=False, timeout=60)
    suffix = "-wal" if mode == "wal" else "-journal"
    assert path.with_name(path.name + suffix).stat().st_size > 4096


def is_whole(path: Path, count: int) -> bool:
    """Tell whether a database is intact, alone, and has so many hits."""
    with closing(sqlite3.connect(path)) as file:
        intact = file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [counted] = file.execute("SELECT count(*) FROM hits").fetchone()
    return intact and counted == count and [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_table_takes_the_place_of_a_database_that_was_left(tmp_path: Path, mode: str) -> None:
    """SQLite plays nothing of the old one into the new one."""
    path = database(tmp_path / "x.sqlite")
    left_by_a_killed_writer(path, mode)
    HitTable([AssetHit.from_dict(asset("new"))]).write(path, overwrite=True)
    assert is_whole(path, 1)


@pytest.mark.parametrize("option", ["overwrite", "resume"])
@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_an_export_takes_the_place_of_a_database_that_was_left(
    connect: Connect, serve: Serve, tmp_path: Path, mode: str, option: str
) -> None:
    """Neither does it there."""
    path = database(tmp_path / "x.sqlite")
    left_by_a_killed_writer(path, mode)
    export(connect(serve(paged(assets(40))).base_url), SEARCH, path, **{option: True})
    assert is_whole(path, 40)


def test_what_is_left_of_a_database_that_is_gone(tmp_path: Path) -> None:
    """It is not played into the new one either."""
    path = database(tmp_path / "x.sqlite")
    left_by_a_killed_writer(path, "delete")
    path.unlink()
    assert is_whole(database(path, 3), 3)


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_in_use_is_left_alone(tmp_path: Path, mode: str) -> None:
    """It is refused with a way out, and whoever uses it goes on."""
    path = database(tmp_path / "x.sqlite", 3)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute(f"PRAGMA journal_mode = {mode}")
        file.execute("BEGIN EXCLUSIVE" if mode == "delete" else "BEGIN")
        file.execute("SELECT * FROM hits").fetchone()
        with pytest.raises(WriteError, match=r"x\.sqlite is in use.*: end what works on it, or name another"):
            HitTable([AssetHit.from_dict(asset("new"))]).write(path, overwrite=True)
        assert file.execute("SELECT count(*) FROM hits").fetchone() == (3,)
        file.execute("COMMIT")
    assert is_whole(path, 3)


def test_the_file_of_a_harvest_is_not_replaced(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    """Nor by an export: it knows which searches it is of, and nothing else does; a table adds its hits to it."""
    face, path = connect(serve(paged(assets(40))).base_url), tmp_path / "all.sqlite"
    face.harvest([SEARCH], path)
    told = "is the file of a harvest, which nothing replaces: name another file, or remove it first"
    table = HitTable([AssetHit.from_dict(asset("new"))])
    for options in ({"overwrite": True}, {"resume": True}, {}):
        with pytest.raises(WriteError, match=told):
            export(face, SEARCH, path, **options)
    for name in ("sqlite", "csv"):
        with pytest.raises(WriteError, match=told):
            table.write(path, name, overwrite=True)
    assert is_whole(path, 40)
    table.write(path)
    assert is_whole(path, 41)
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM searches").fetchone() == (1,)


def test_a_database_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its beginning nor what SQLite had beside that."""

    def full(path: Path, *_: object) -> None:
        path.with_name(f"{path.name}-journal").write_bytes(b"x")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scenario_async._tables.sqlite.write", full)
    with pytest.raises(WriteError, match="No space left"):
        HitTable([AssetHit.from_dict(asset("new"))]).write(tmp_path / "x.sqlite")
    assert list(tmp_path.iterdir()) == []
