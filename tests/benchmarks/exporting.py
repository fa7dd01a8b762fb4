"""Exports to JSON lines, beside reading the same hits by an iteration; the server is in another process."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from downloading import folder
from sides import KEYS, Figure, compared

from scenario_async import AssetSearch, AsyncScenario

if TYPE_CHECKING:
    from collections.abc import Sequence

HITS: Final = 20_000
SEARCH: Final = AssetSearch(query="each")
"""What the server answers with other ids on each page."""


async def iterated(url: str, searches: Sequence[AssetSearch], each: int, *, prefetch: int) -> float:
    """Give the seconds of a hit by iterations, one after another, of so many hits each."""
    async with AsyncScenario(**KEYS, base_url=url) as client:
        began, found = time.perf_counter(), 0
        for search in searches:
            async for _ in client.search.run(search).iter_hits(max_hits=each, prefetch=prefetch):
                found += 1
        taken = time.perf_counter() - began
    assert found == each * len(searches)
    return taken / found


async def exported(url: str) -> float:
    """Give the seconds of a hit that comes into a file."""
    with folder() as place:
        async with AsyncScenario(**KEYS, base_url=url) as client:
            began = time.perf_counter()
            done = await client.search.export(SEARCH, place / "hits.jsonl", max_hits=HITS)
            taken = time.perf_counter() - began
    assert done.hits == HITS
    return taken / HITS


def figures(url: str) -> list[Figure]:
    """Compare the rates."""
    taken = compared(
        {
            "ours": lambda: asyncio.run(exported(url)),
            "floor": lambda: asyncio.run(iterated(url, [SEARCH], HITS, prefetch=2)),
        },
        rounds=5,
    )
    return [
        Figure(
            name="export to JSON lines, to iterating",
            value=taken["floor"] / taken["ours"],
            goal=0.5,
            reach=0.7,
            at_least=True,
            sides=taken,
        )
    ]
