"""A blocking search of 20 hits, beside the official SDK's and beside our own async call."""

from __future__ import annotations

import asyncio
import time

from sides import KEYS, Figure, compared, timed

from scenario_async import AsyncScenario, Scenario

CALLS = 50
ROUNDS = 20
"""Many short rounds, as a moment in which a thread is woken late spoils the whole of a long one."""


def figures(url: str) -> list[Figure]:
    """Compare the three."""
    from scenario_sdk import Scenario as Official  # noqa: PLC0415

    async def awaited() -> float:
        async with AsyncScenario(**KEYS, base_url=url) as client:
            assert len((await client.search.asset_search(query="q", limit=20)).hits) == 20
            began = time.perf_counter()
            for _ in range(CALLS):
                await client.search.asset_search(query="q", limit=20)
            return (time.perf_counter() - began) / CALLS

    with Scenario(**KEYS, base_url=url) as ours, Official(**KEYS, base_url=url) as official:
        taken = compared(
            {
                "ours": timed(lambda: ours.search.asset_search(query="q", limit=20), CALLS),
                "official": timed(lambda: official.search.asset_search(query="q", limit=20, offset=0), 10),
                "floor": lambda: asyncio.run(awaited()),
            },
            ROUNDS,
        )
    return [
        Figure(
            name="blocking search, 20 hits, to official",
            value=taken["official"] / taken["ours"],
            goal=5,
            reach=8,
            at_least=True,
            sides=taken,
        ),
        Figure(
            name="blocking search, 20 hits, to our async",
            value=taken["ours"] / taken["floor"],
            goal=1.3,
            at_least=False,
            sides=taken,
        ),
    ]
