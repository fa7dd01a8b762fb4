"""Memory: of hits that are kept, and of an iteration that goes over a million of them."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from typing import TYPE_CHECKING, Any

import orjson
from page import PAGE, PROMPT, hit
from sides import Figure

from scenario_async import AssetHit, AssetSearch, AsyncSearchPage, Reply
from scenario_async._http.reply import page_content
from scenario_async._paging.iteration import Iteration, PageSource, hits_of
from scenario_async._paging.page import Origin
from scenario_async.pages import ResponseInfo

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._paging.position import Position

KEPT = 3000
ITERATED = 1_000_000


def distinct(number: int) -> dict[str, Any]:
    """Give the JSON of a hit that has no long text in common with another."""
    made = hit(number)
    prompt = f"{number}: {PROMPT}"
    return {**made, "description": f"{prompt}.", "metadata": {**made["metadata"], "prompt": prompt}}


def kept(decode: Callable[[bytes], object]) -> float:
    """Give the bytes that each of many different hits takes."""
    pages = [
        json.dumps({**PAGE, "hits": [distinct(number) for number in range(start, start + 100)]}).encode()
        for start in range(0, KEPT, 100)
    ]
    decode(pages[0])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        held = [decode(page) for page in pages]
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(held) == KEPT // 100
    return grown / KEPT


class Endless(PageSource[AssetHit]):
    """Pages of hits that have an id and no more, without end."""

    async def page_at(self, position: Position) -> AsyncSearchPage[AssetHit]:
        """Make a page."""
        hits: list[AssetHit] = []
        for number in range(position.number, position.number + 100):
            fresh: Any = object.__new__(AssetHit)
            object.__setattr__(fresh, "id", f"asset_{number:022}")
            hits.append(fresh)
        response = ResponseInfo(status=200, headers={}, request_id=None)
        return AsyncSearchPage(
            hits=hits, offset=position.number, response=response, origin=Origin(self, position, 100)
        )


async def per_hit_iterated() -> float:
    """Give the bytes by which an iteration grows with each hit that it has delivered."""
    iteration = Iteration(Endless(AssetSearch(query="q"), AsyncSearchPage))
    count, before = 0, 0
    tracemalloc.start()
    try:
        async for _ in hits_of(iteration):
            count += 1
            if count == 1000:
                before = tracemalloc.get_traced_memory()[0]
            if count == ITERATED:
                break
        return (tracemalloc.get_traced_memory()[0] - before) / ITERATED
    finally:
        tracemalloc.stop()


def keeping() -> list[Figure]:
    """Compare kept hits with the official SDK's, and with the dictionaries of orjson."""
    from scenario_sdk._models import construct_type  # noqa: PLC0415
    from scenario_sdk.pagination import AsyncSearchHitsOffset  # noqa: PLC0415
    from scenario_sdk.types import SearchAssetSearchResponse  # noqa: PLC0415

    models: Any = AsyncSearchHitsOffset[SearchAssetSearchResponse]

    def ours(content: bytes) -> object:
        reply = Reply(status=200, headers={}, request_id=None, content=content)
        return page_content(reply, AssetHit, invalid_hits="raise")["hits"]

    def official(content: bytes) -> object:
        return construct_type(type_=models, value=json.loads(content))

    taken = {"ours": kept(ours), "official": kept(official), "floor": kept(orjson.loads)}
    return [
        Figure(
            name="memory of a kept hit, to official",
            value=taken["ours"] / taken["official"],
            goal=0.5,
            reach=0.4,
            at_least=False,
            side_unit="B",
            sides=taken,
        )
    ]


def iterating() -> list[Figure]:
    """Tell what an iteration remembers of each hit."""
    grown = asyncio.run(per_hit_iterated())
    return [
        Figure(
            name="1,000,000 hits iterated, growth per hit",
            value=grown,
            goal=130,
            reach=40,
            unit="B",
            at_least=False,
            sides={"ours": grown},
            side_unit="B",
        )
    ]
