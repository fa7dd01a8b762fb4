"""A blocking search of 20 hits, beside the official SDK's and beside our own async call."""

from __future__ import annotations

import asyncio
import time

from sides import KEYS, Figure, at_least, at_most, compared, milliseconds, timed

from scenario_async import AsyncScenario, Scenario


def figures(url: str) -> list[Figure]:
    """Compare the three."""
    from scenario_sdk import Scenario as Official  # noqa: PLC0415

    async def awaited() -> float:
        async with AsyncScenario(**KEYS, base_url=url) as client:
            assert len((await client.search.asset_search(query="q", limit=20)).hits) == 20
            began = time.perf_counter()
            for _ in range(150):
                await client.search.asset_search(query="q", limit=20)
            return (time.perf_counter() - began) / 150

    with Scenario(**KEYS, base_url=url) as ours, Official(**KEYS, base_url=url) as official:
        taken = compared(
            {
                "ours": timed(lambda: ours.search.asset_search(query="q", limit=20), 150),
                "official": timed(lambda: official.search.asset_search(query="q", limit=20, offset=0), 20),
                "our async": lambda: asyncio.run(awaited()),
            }
        )
    told = milliseconds(taken)
    return [
        at_least("blocking search, 20 hits, to official", taken["official"] / taken["ours"], 4, "x", told),
        at_most(
            "blocking search, 20 hits, to our async",
            taken["ours"] / taken["our async"],
            1.3,
            "x",
            told,
        ),
    ]
