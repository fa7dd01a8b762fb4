"""What a scan of many hits costs: requests, and memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from scenario_async import AssetSearch, AsyncScenario
from scenario_async.emulator import Emulator, Library

SIZE = 50_000
OURS = [
    tracemalloc.Filter(inclusive=True, filename_pattern=f"*/scenario_async/{room}/*")
    for room in ("_scans", "_paging")
]


def held() -> int:
    """Give the bytes that the rooms of scans and paging hold."""
    snapshot = tracemalloc.take_snapshot().filter_traces(OURS)
    return sum(each.size for each in snapshot.statistics("filename"))


@pytest.mark.long
async def test_a_scan_costs_little_more_than_the_fewest_requests() -> None:
    """Through a window of 1,000: at most 1.03 times the fewest requests, 60 bytes a hit, and tokens that do not grow."""
    library = Library.sample(size=SIZE)
    own = sum(record.get("ownerId") == library.project_id for record in library.records("assets"))
    hits, tokens = 0, list[int]()
    keys: dict[str, Any] = {"api_key": "emulator", "api_secret": "emulator"}
    async with (
        Emulator(library, requests_kept=10) as emulator,
        AsyncScenario(**keys, base_url=emulator.base_url) as client,
    ):
        scan = client.search.scan(AssetSearch(filter="createdAt >= 2000"))
        tracemalloc.start()
        try:
            async for _ in scan:
                hits += 1
                if hits in (own // 2, own - 1):
                    tokens.append(len(scan.resume_token))
            weight = held() / hits
        finally:
            tracemalloc.stop()
    report = scan.report
    assert (hits, report.hits, report.complete) == (own, own, True)
    assert report.requests <= 1.03 * own / 100 + 3
    assert scan.duplicates < own / 50
    assert weight <= 60
    assert tokens[1] < 2 * tokens[0] + 1000
