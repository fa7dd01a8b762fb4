"""Searches of 100 hits, 16 at once, from a server in another process; and how long they hold up the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import aiohttp
import orjson
from sides import KEYS, Figure, compared

from scenario_async import AsyncScenario

Search: TypeAlias = Callable[[], Awaitable[object]]
Measure: TypeAlias = Callable[[Search], Coroutine[Any, Any, float]]
Searching: TypeAlias = Callable[[str, Measure], Coroutine[Any, Any, float]]


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


async def ours(url: str, measure: Measure) -> float:
    """Measure this package."""
    async with AsyncScenario(**KEYS, base_url=url) as client:

        async def one() -> None:
            assert len((await client.search.asset_search(query="q", limit=100)).hits) == 100

        return await measure(one)


async def official(url: str, measure: Measure) -> float:
    """Measure the official SDK on its aiohttp backend."""
    from scenario_sdk import AsyncScenario as Official  # noqa: PLC0415
    from scenario_sdk import DefaultAioHttpClient  # noqa: PLC0415

    async with Official(**KEYS, base_url=url, http_client=DefaultAioHttpClient()) as client:

        async def one() -> None:
            assert len((await client.search.asset_search(query="q", limit=100, offset=0)).hits) == 100

        return await measure(one)


async def floor(url: str, measure: Measure) -> float:
    """Measure bare aiohttp and orjson."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def one() -> None:
            body = orjson.dumps({"query": "q", "limit": 100, "offset": 0})
            async with session.post(f"{url}/search/assets", data=body) as reply:
                assert len(orjson.loads(await reply.read())["hits"]) == 100

        return await measure(one)


def figures(url: str) -> list[Figure]:
    """Compare with the official SDK and with the floor."""

    def side(searching: Searching, count: int) -> Callable[[], float]:
        async def measure(one: Search) -> float:
            return await sixteen_at_once(one, count)

        return lambda: asyncio.run(searching(url, measure))

    taken = compared({"ours": side(ours, 400), "official": side(official, 64), "floor": side(floor, 400)})
    return [
        Figure(
            name="searches, 16 at once, to official",
            value=taken["official"] / taken["ours"],
            goal=12,
            reach=20,
            at_least=True,
            sides=taken,
        ),
        Figure(
            name="searches, 16 at once, to the floor",
            value=taken["floor"] / taken["ours"],
            goal=0.45,
            reach=0.55,
            at_least=True,
            sides=taken,
        ),
    ]


def blocks(url: str) -> list[Figure]:
    """Tell how long others on the loop wait."""
    taken = {
        name: asyncio.run(searching(url, longest_block)) * 1e3
        for name, searching in (("ours", ours), ("official", official), ("floor", floor))
    }
    return [
        Figure(
            name="longest block of the loop, 16 pages",
            value=taken["ours"],
            goal=5,
            unit="ms",
            at_least=False,
            sides=taken,
        )
    ]
