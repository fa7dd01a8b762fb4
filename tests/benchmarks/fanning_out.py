"""Searches of 100 hits, 16 at once, from a server in another process: by themselves, and through `fan_out`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

import aiohttp
import orjson
from sides import KEYS, Figure, compared

from scenario_async import AssetSearch, AsyncScenario

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

        async def one() -> object:
            body = orjson.dumps({"query": "q", "limit": 100, "offset": 0})
            async with session.post(f"{url}/search/assets", data=body) as reply:
                hits = orjson.loads(await reply.read())["hits"]
            assert len(hits) == 100
            return hits

        return await measure(one)


PAGES = 512


async def fanned_out(url: str, *, keep: bool) -> float:
    """Read 512 pages through `fan_out`, 16 at once, and give the seconds of one."""
    kept: list[object] = []
    found = 0
    async with AsyncScenario(**KEYS, base_url=url) as client:
        searches = (AssetSearch(query="q", limit=100) for _ in range(PAGES))
        began = time.perf_counter()
        async for hit in client.search.fan_out(searches, concurrency=16, max_hits=100):
            found += 1
            if keep:
                kept.append(hit)
        taken = time.perf_counter() - began
    assert found == PAGES * 100
    return taken / PAGES


async def floor_kept(url: str, *, keep: bool) -> float:
    """Read as many pages with bare aiohttp and orjson."""
    kept: list[object] = []

    async def measure(one: Search) -> float:
        async def keeping() -> None:
            hits = await one()
            if keep:
                kept.append(hits)

        return await sixteen_at_once(keeping, PAGES)

    return await floor(url, measure)


async def one_hit(url: str, width: int) -> float:
    """Give the seconds of a search of one hit, so many of them at once."""
    async with AsyncScenario(**KEYS, base_url=url, max_concurrency=width) as client:

        async def read(searches: int) -> None:
            each = (AssetSearch(query="q", limit=1) for _ in range(searches))
            async for _ in client.search.fan_out(each, concurrency=width, max_hits=1):
                pass

        await read(width)  # the connections are open
        began = time.perf_counter()
        await read(ONE_HIT_SEARCHES)
        return (time.perf_counter() - began) / ONE_HIT_SEARCHES


ONE_HIT_SEARCHES = 2048


def widths(url: str) -> list[Figure]:
    """Compare searches of one hit, many at once, with few at once."""
    taken = compared(
        {"ours": lambda: asyncio.run(one_hit(url, 512)), "floor": lambda: asyncio.run(one_hit(url, 8))},
        rounds=5,
    )
    return [
        Figure(
            name="searches of one hit, 512 at once, to 8 at once",
            value=taken["ours"] / taken["floor"],
            goal=1.2,
            reach=1.0,
            at_least=False,
            sides=taken,
        )
    ]


def figures(url: str) -> list[Figure]:
    """Compare with the official SDK and with the floor."""

    def side(searching: Searching, count: int) -> Callable[[], float]:
        async def measure(one: Search) -> float:
            return await sixteen_at_once(one, count)

        return lambda: asyncio.run(searching(url, measure))

    taken = compared(
        {
            "ours": side(ours, 400),
            "official": side(official, 64),
            "floor": side(floor, 400),
            "dropped": lambda: asyncio.run(fanned_out(url, keep=False)),
            "kept": lambda: asyncio.run(fanned_out(url, keep=True)),
            "floor kept": lambda: asyncio.run(floor_kept(url, keep=True)),
        },
        rounds=5,
    )
    named = (
        ("searches, 16 at once, to official", "ours", "official", 12, 20),
        ("searches, 16 at once, to the floor", "ours", "floor", 0.45, 0.55),
        ("fan_out of 512 pages, to official", "dropped", "official", 13, 20),
        ("fan_out of 512 pages, to the floor", "dropped", "floor", 0.48, 0.7),
        ("fan_out of 512 pages, hits kept, to the floor that keeps", "kept", "floor kept", 0.3, 0.4),
    )
    return [
        Figure(
            name=name,
            value=taken[other] / taken[one],
            goal=goal,
            reach=reach,
            at_least=True,
            sides={
                "ours": taken[one],
                "official": taken["official"],
                "floor": taken["floor kept" if one == "kept" else "floor"],
            },
        )
        for name, one, other, goal, reach in named
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
