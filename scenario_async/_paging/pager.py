"""What a search of the async client gives: a pager, and pages that lead to their followers."""

from __future__ import annotations

from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast
from weakref import WeakKeyDictionary

import attrs

from scenario_async._paging.iteration import HasStatus, Iteration, IterationStatus, iteration_from
from scenario_async._paging.page import LinkedPage, following, origin_of
from scenario_async._paging.position import Position
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.table import HitTable

_T = TypeVar("_T")


@attrs.frozen(kw_only=True, eq=False)
class AsyncSearchPage(LinkedPage[HitT_co]):
    """One page of hits; `async for` goes through its hits and those of all following pages."""

    def __aiter__(self) -> AsyncGenerator[HitT_co]:
        return self.iter_hits()

    async def get_next_page(self) -> AsyncSearchPage[HitT_co]:
        """Fetch the following page; `ScenarioError` if this one is the last."""
        return cast("AsyncSearchPage[HitT_co]", await origin_of(self).source.page_at(following(self)))

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncGenerator[HitT_co]:
        """Iterate the hits of this and all following pages, each once."""
        return iteration_from(self, max_hits=max_hits, prefetch=prefetch).hits()

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncGenerator[AsyncSearchPage[HitT_co]]:
        """Iterate this page and all following ones, each hit once."""
        return _as_pages(iteration_from(self, max_pages=max_pages, prefetch=prefetch))

    async def collect(self, max_hits: int | None = None, prefetch: int = 0) -> HitTable[HitT_co]:
        """Read the hits of this and all following pages into a table, which tells why the reading ended."""
        return await iteration_from(self, max_hits=max_hits, prefetch=prefetch).collect()


class SearchPager(HasStatus, Generic[HitT_co]):
    """A search that has not been sent yet: await it for the first page, iterate it for all hits.

    `await` asks for as many hits as the service gives by default, iteration for the largest pages, unless the
    search names a size. `stopped_because`, `duplicates` and `resume_token` tell of the iteration started last.
    Leave it with `async with` to close what is still under way.
    """

    def __init__(self, source: PageSource[HitT_co], start: Position | None = None) -> None:
        self._source: PageSource[Any] = source
        self._resumed_at = start
        self._status = IterationStatus(source, start)
        self._open: WeakKeyDictionary[AsyncGenerator[Any], Iteration[Any]] = WeakKeyDictionary()

    def __await__(self) -> Generator[Any, None, AsyncSearchPage[HitT_co]]:
        return self._first_page().__await__()

    def __aiter__(self) -> AsyncGenerator[HitT_co]:
        return self.iter_hits()

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncGenerator[HitT_co]:
        """Iterate all hits, each once; stop after `max_hits`; keep up to `prefetch` pages under way."""
        iteration = Iteration(self._source, self._resumed_at, max_hits=max_hits, prefetch=prefetch)
        return self._opened(iteration, iteration.hits())

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncGenerator[AsyncSearchPage[HitT_co]]:
        """Iterate all pages, each hit once; stop after `max_pages`; keep up to `prefetch` pages under way."""
        iteration = Iteration(self._source, self._resumed_at, max_pages=max_pages, prefetch=prefetch)
        return self._opened(iteration, _as_pages(iteration))

    async def collect(self, max_hits: int | None = None, prefetch: int = 0) -> HitTable[HitT_co]:
        """Read all hits into a table, each once, which tells why the reading ended; stop after `max_hits`."""
        iteration = Iteration(self._source, self._resumed_at, max_hits=max_hits, prefetch=prefetch)
        return await iteration.collect(self._opened(iteration, iteration.hits()))

    async def aclose(self) -> None:
        """Close every iteration of this pager; one that another task waits for ends with what that waits for."""
        for items, iteration in list(self._open.items()):
            if isinstance(items, AsyncGeneratorType) and items.ag_running:
                await iteration.aclose()
            else:
                await items.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _first_page(self) -> AsyncSearchPage[HitT_co]:
        first = self._resumed_at or Position.first(self._source.search, default_size=None)
        page = cast("AsyncSearchPage[HitT_co]", await self._source.page_at(first))
        self._status = IterationStatus(self._source, first)
        self._status.begin(page, whole=True, delivered=len(page.hits))
        return page

    def _opened(self, iteration: Iteration[Any], items: AsyncGenerator[_T]) -> AsyncGenerator[_T]:
        self._status = iteration.status
        self._open[items] = iteration
        return items


def _as_pages(iteration: Iteration[HitT_co]) -> AsyncGenerator[AsyncSearchPage[HitT_co]]:
    return cast("AsyncGenerator[AsyncSearchPage[HitT_co]]", iteration.pages())
