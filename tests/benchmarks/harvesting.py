"""Harvests beside iterations of the same searches; the server is in another process."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from downloading import folder
from exporting import iterated
from sides import KEYS, Figure, compared

from scenario_async import AssetSearch, AsyncScenario

EACH: Final = 1000
SEARCHES: Final = [AssetSearch(query="each", offset=number * EACH, limit=100) for number in range(20)]
"""What the server answers with other ids on each page."""


async def harvested(url: str) -> float:
    """Give the seconds of a hit that comes into a file."""
    with folder() as place:
        async with AsyncScenario(**KEYS, base_url=url) as client:
            began = time.perf_counter()
            done = await client.search.harvest(SEARCHES, place / "all.sqlite", max_hits=EACH)
            taken = time.perf_counter() - began
    assert done.searches == len(SEARCHES)
    return taken / (EACH * len(SEARCHES))


def figures(url: str) -> list[Figure]:
    """Compare the rates."""
    taken = compared(
        {
            "ours": lambda: asyncio.run(harvested(url)),
            "floor": lambda: asyncio.run(iterated(url, SEARCHES, EACH, prefetch=0)),
        },
        rounds=5,
    )
    return [
        Figure(
            name="harvest, to iterating",
            value=taken["floor"] / taken["ours"],
            goal=0.4,
            at_least=True,
            sides=taken,
        )
    ]
