"""Searches of 100 hits, 16 at once, from a server in another process; and how long they hold up the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import aiohttp
import orjson
from sides import KEYS, Figure, at_least, at_most, compared, milliseconds

from scenario_async import AsyncScenario

Search: TypeAlias = Callable[[], Awaitable[object]]


async def sixteen_at_once(one: Search, count: int) -> float:
    """Give the seconds of one of so many searches."""
    left = iter(range(count))

    async def worker() -> None:
        for _ in left:
            await one()

    began = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(16)))
    return (time.perf_counter() - began) / count


async def longest_block(one: Search, rounds: int = 12) -> float:
    """Give the seconds that others on the loop wait at most while 16 pages arrive: the median of some rounds."""
    worst: list[float] = []
    await asyncio.gather(*(one() for _ in range(16)))
    for _ in range(rounds):
        longest = 0.0
        searches = asyncio.gather(*(one() for _ in range(16)))
        while not searches.done():
            began = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - began)
        await searches
        worst.append(longest)
    return sorted(worst)[len(worst) // 2]


async def ours(url: str, measure: Callable[[Search], Awaitable[float]]) -> float:
    """Measure this package."""
    async with AsyncScenario(**KEYS, base_url=url) as client:

        async def one() -> None:
            assert len((await client.search.asset_search(query="q", limit=100)).hits) == 100

        return await measure(one)


async def official(url: str, measure: Callable[[Search], Awaitable[float]]) -> float:
    """Measure the official SDK on its aiohttp backend."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415
    from scenario_sdk import DefaultAioHttpClient  # noqa: PLC0415

    async with Official(**KEYS, base_url=url, http_client=DefaultAioHttpClient()) as client:

        async def one() -> None:
            assert len((await client.search.asset_search(query="q", limit=100, offset=0)).hits) == 100

        return await measure(one)


async def floor(url: str, measure: Callable[[Search], Awaitable[float]]) -> float:
    """Measure bare aiohttp and orjson."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one() -> None:
            body = orjson.dumps({"query": "q", "limit": 100, "offset": 0})
            async with session.post(f"{url}/search/assets", data=body) as reply:
                assert len(orjson.loads(await reply.read())["hits"]) == 100

        return await measure(one)


def figures(url: str) -> list[Figure]:
    """Compare with the official SDK and with the floor."""

    def side(searching: Any, count: int) -> Callable[[], float]:
        return lambda: asyncio.run(searching(url, partial(sixteen_at_once, count=count)))

    taken = compared({"ours": side(ours, 400), "official": side(official, 64), "floor": side(floor, 400)})
    told = milliseconds(taken)
    blocks = {
        name: asyncio.run(searching(url, longest_block))
        for name, searching in (("ours", ours), ("official", official), ("floor", floor))
    }
    return [
        at_least("fan-out 16 at once, to official", taken["official"] / taken["ours"], 12, "x", told),
        at_least("fan-out 16 at once, to the floor", taken["floor"] / taken["ours"], 0.45, "x", told),
        at_most("longest block of the loop", blocks["ours"] * 1e3, 5, "ms", milliseconds(blocks)),
    ]
