"""How many requests there are, how many at once, and how close to a quota."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import web
from sides import KEYS, Figure

from scenario_async import AsyncScenario, RateLimit

Answer = Callable[[dict[str, Any]], Awaitable[web.Response]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncGenerator[str]:
    """Answer searches from this loop."""

    async def handle(request: web.Request) -> web.Response:
        return await answer(orjson.loads(await request.read()))

    application = web.Application()
    application.router.add_post("/v1/search/workflows", handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


def workflow(number: int) -> dict[str, Any]:
    """Give the JSON of a small hit."""
    texts = (
        "authorId",
        "createdAt",
        "description",
        "name",
        "ownerId",
        "privacy",
        "status",
        "teamId",
        "updatedAt",
    )
    return {"id": f"workflow_{number:04}", "collectionIds": [], "tags": [], **dict.fromkeys(texts, "x")}


def page(body: dict[str, Any], count: int) -> web.Response:
    """Answer with a page of so many hits in all."""
    offset, limit = body.get("offset", 0), body.get("limit", 20)
    hits = [workflow(number) for number in range(offset, min(count, offset + limit))]
    told = {"hits": hits, "offset": offset, "limit": limit, "estimatedTotalHits": count}
    return web.Response(body=orjson.dumps(told), content_type="application/json")


async def prefetched() -> Figure:
    """Read 200 pages of a server that takes 50 ms for each, one by one and with eight ahead."""

    async def slowly(body: dict[str, Any]) -> web.Response:
        await asyncio.sleep(0.05)
        return page(body, 4000)

    async with serving(slowly) as url, AsyncScenario(**KEYS, base_url=url) as client:

        async def read(prefetch: int) -> tuple[float, list[str]]:
            began = time.perf_counter()
            pager = client.search.workflow_search(query="q", limit=20)
            ids = [hit.id async for hit in pager.iter_hits(prefetch=prefetch)]
            return time.perf_counter() - began, ids

        one_by_one, ids = await read(0)
        ahead, others = await read(8)
        assert ids == others == [f"workflow_{number:04}" for number in range(4000)]
    return Figure(
        name="prefetch=8 at 50 ms a page, to one by one",
        value=one_by_one / ahead,
        goal=7,
        at_least=True,
        sides={"ours": ahead, "floor": one_by_one},
        side_unit="s",
    )


async def under_a_quota(quota: int = 100, per: float = 2.0, searches: int = 500) -> list[Figure]:
    """Send 500 searches to a server that refuses what exceeds its quota in any window."""
    past: deque[float] = deque()
    refused = 0

    async def counting(body: dict[str, Any]) -> web.Response:
        nonlocal refused
        now = time.perf_counter()
        while past and now - past[0] >= per:
            past.popleft()
        if len(past) >= quota:
            refused += 1
            return web.Response(status=429, headers={"retry-after": str(per)})
        past.append(now)
        return page(body, 5)

    pace = RateLimit(quota, per)
    async with serving(counting) as url, AsyncScenario(**KEYS, base_url=url, rate_limit=pace) as client:
        began = time.perf_counter()
        pages = await asyncio.gather(*(client.search.workflow_search(query="q") for _ in range(searches)))
        taken = time.perf_counter() - began
    ideal = (searches / quota - 1) * per
    lost = 5 * searches - sum(len(each.hits) for each in pages)
    return [
        Figure(
            name=f"{searches} searches under a quota, to the ideal",
            value=taken / ideal,
            goal=1.05,
            at_least=False,
            sides={"ours": taken, "floor": ideal},
            side_unit="s",
        ),
        Figure(name=f"of these {searches}, refused", value=refused, goal=0, unit="", at_least=False),
        Figure(name=f"of these {searches}, hits lost", value=lost, goal=0, unit="", at_least=False),
    ]


async def counted(hits: int = 1234) -> Figure:
    """Count the requests that it takes to read all hits when no page size was given."""
    requests = 0

    async def counting(body: dict[str, Any]) -> web.Response:
        nonlocal requests
        requests += 1
        return page(body, hits)

    async with serving(counting) as url, AsyncScenario(**KEYS, base_url=url) as client:
        found = [hit async for hit in client.search.workflow_search(query="q")]
    assert len(found) == hits
    return Figure(
        name=f"requests to read {hits} hits", value=requests, goal=hits // 100 + 1, unit="", at_least=False
    )


def figures() -> list[Figure]:
    """Measure the three."""
    return [asyncio.run(prefetched()), *asyncio.run(under_a_quota()), asyncio.run(counted())]
