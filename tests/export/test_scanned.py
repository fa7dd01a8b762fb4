"""Exports of every hit, past the window."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    ExportProgress,
    InvalidSearchError,
    Scenario,
    WriteError,
)
from scenario_async.emulator import Emulator, Library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}
SEARCHES = [AssetSearch(filter='kind = "image"'), AssetSearch(query="knight", public=True)]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """Serve a library through a small window."""
    with Emulator(Library.sample(size=2000), max_total_hits=120).running() as url:
        yield url


def lines(path: Path) -> list[str]:
    """Give the lines of a file, in an order of their own."""
    return sorted(path.read_text().splitlines())


@pytest.mark.parametrize("search", SEARCHES, ids=["filter", "words"])
def test_every_hit_is_in_the_file(base_url: str, tmp_path: Path, search: AssetSearch) -> None:
    """Those of a scan, on both clients."""
    with Scenario(**KEYS, base_url=base_url) as client:
        scan = client.search.scan(search)
        ids = [hit.id for hit in scan]
        done = client.search.export(search, tmp_path / "a.jsonl", scan=True)

    async def main() -> int:
        async with AsyncScenario(**KEYS, base_url=base_url) as client:
            return (await client.search.export(search, tmp_path / "b.jsonl", scan=True)).hits

    assert (done.hits, asyncio.run(main())) == (len(ids), len(ids))
    assert done.requests == scan.report.requests
    assert done.stopped_because == "exhausted"
    assert lines(tmp_path / "a.jsonl") == lines(tmp_path / "b.jsonl")
    assert len(lines(tmp_path / "a.jsonl")) == len(ids) > 120


@pytest.mark.parametrize("search", SEARCHES, ids=["filter", "words"])
def test_it_goes_on_where_it_was_left(base_url: str, tmp_path: Path, search: AssetSearch) -> None:
    """At any page; the bytes are those of an uninterrupted run, and little is asked for again."""
    with Scenario(**KEYS, base_url=base_url) as client:
        whole = client.search.export(search, tmp_path / "whole.jsonl", scan=True)
        path, asked, stop = tmp_path / "cut.jsonl", 0, 0

        def give_up(progress: ExportProgress) -> None:
            nonlocal asked
            asked = progress.requests
            if progress.pages > stop:
                raise TimeoutError

        total = 0
        while not path.exists():
            try:
                client.search.export(search, path, scan=True, resume=True, prefetch=0, on_progress=give_up)
            except TimeoutError:
                stop += 2
            total += asked
    assert path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert stop > 2
    assert total <= whole.requests + 3 * stop


def test_what_a_scan_cannot_do(base_url: str, tmp_path: Path) -> None:
    """It is refused before any request; so is the journal of an export that was no scan."""
    path = tmp_path / "a.jsonl"
    with Scenario(**KEYS, base_url=base_url) as client:
        with pytest.raises(InvalidSearchError, match="max_hits is 5, but a scan reads every hit"):
            client.search.export(SEARCHES[0], path, scan=True, max_hits=5)
        with pytest.raises(InvalidSearchError, match="limit is 5, but a scan sorts and pages by itself"):
            client.search.export(AssetSearch(query="a", limit=5), path, scan=True)

        def give_up(progress: ExportProgress) -> None:
            if progress.pages:
                raise TimeoutError

        with pytest.raises(TimeoutError):
            client.search.export(SEARCHES[0], path, on_progress=give_up)
        with pytest.raises(WriteError, match="scan=False"):
            client.search.export(SEARCHES[0], path, scan=True, resume=True)
