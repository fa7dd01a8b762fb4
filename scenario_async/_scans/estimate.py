"""What reading searches would cost: a request of one hit tells how many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

import attrs

from scenario_async._paging.patience import patient
from scenario_async._paging.position import Position
from scenario_async._scans.report import Estimate
from scenario_async._support.counting import requests_for
from scenario_async._support.hints import is_async
from scenario_async.pages import LARGEST_PAGE, USUAL_WINDOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable

    from scenario_async._paging.iteration import PageSource
    from scenario_async.searches import Search
    from scenario_async.settings import RateLimiter

_AT_ONCE: Final = 8
_DOCUMENTED: Final = (100, 60.0)
"""The service's quota: requests, and the seconds that they are for."""


async def estimated(
    source_of: Callable[[Search[Any]], PageSource[Any]],
    searches: Search[Any] | Iterable[Search[Any]] | AsyncIterable[Search[Any]],
    rate_limit: RateLimiter | None,
) -> Estimate:
    """Ask for one hit of each search, a few at a time, and sum up."""
    total = Estimate(hits=0, requests=0, seconds=0.0)
    waiting: list[Search[Any]] = []

    async def ask() -> None:
        nonlocal total
        for each in await asyncio.gather(*(_of_one(source_of(search)) for search in waiting)):
            total = attrs.evolve(
                total,
                hits=total.hits + each.hits,
                requests=total.requests + each.requests,
                at_least=total.at_least or each.at_least,
            )
        waiting.clear()

    if is_async(searches):
        async for search in cast("AsyncIterable[Search[Any]]", searches):
            waiting.append(search)
            if len(waiting) == _AT_ONCE:
                await ask()
    else:
        for search in searches if isinstance(searches, Iterable) else [cast("Search[Any]", searches)]:
            waiting.append(search)
            if len(waiting) == _AT_ONCE:
                await ask()
    await ask()
    requests, per = getattr(rate_limit, "requests", None), getattr(rate_limit, "per", None)
    if not isinstance(requests, int) or not isinstance(per, int | float):
        requests, per = _DOCUMENTED
    return attrs.evolve(total, seconds=total.requests * per / requests)


async def _of_one(source: PageSource[Any]) -> Estimate:
    search = source.search
    by_page = search.page is not None or search.hits_per_page is not None
    page = await patient(source).page_at(Position(by_page, 1 if by_page else 0, 1))
    told = page.total_hits if by_page else page.estimated_total_hits
    found = len(page.hits) if told is None else told
    size = search.hits_per_page if by_page else search.limit
    size = min(size or LARGEST_PAGE, LARGEST_PAGE)
    skipped = (search.page or 1) * size - size if by_page else search.offset or 0
    hits = max(0, found - skipped)
    at_least = found > 0 and found % USUAL_WINDOW == 0
    return Estimate(hits=hits, requests=requests_for(hits, size), seconds=0.0, at_least=at_least)
