"""A library of the database that an export or a harvest has made."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from scenario_async import AssetSearch, ModelSearch, Scenario, WorkflowSearch
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from pathlib import Path

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


def test_another_database_is_none(tmp_path: Path) -> None:
    """It is told what is missing."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("create table mine (a)")
    with pytest.raises(ValueError, match="a database without a table `hits`"):
        Library.load(path)
