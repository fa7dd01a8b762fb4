"""What a search of the async client gives: a pager, and pages that lead to their followers."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, Unpack
from weakref import WeakSet

import attrs

from scenario_async._paging import Limits, Progress, Run, Source, Told, following, page_parts, run_of
from scenario_async.models import Hit
from scenario_async.pages import LARGEST_PAGE, Position, SearchPage
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from types import TracebackType

_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")


@attrs.frozen(kw_only=True, eq=False)
class AsyncSearchPage(SearchPage[HitT_co]):
    """One page of hits; `async for` goes through its hits and those of all following pages."""

    source: Source[Any] = attrs.field(repr=False)

    @classmethod
    def of(cls, page: SearchPage[_HitT], source: Source[_HitT]) -> AsyncSearchPage[_HitT]:
        """Give a page the way to its followers."""
        return AsyncSearchPage(**page_parts(page), source=source)

    def __aiter__(self) -> AsyncGenerator[HitT_co]:
        return self.iter_hits()

    async def get_next_page(self) -> AsyncSearchPage[HitT_co]:
        """Fetch the following page; `ScenarioError` if this one is the last."""
        page = await self.source.page_at(following(self))
        return AsyncSearchPage.of(page, self.source)

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncGenerator[HitT_co]:
        """Iterate the hits of this and all following pages, each once."""
        return self._run(max_hits=max_hits, prefetch=prefetch).hits()

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncGenerator[AsyncSearchPage[HitT_co]]:
        """Iterate this page and all following ones, each hit once."""
        return async_pages(self._run(max_pages=max_pages, prefetch=prefetch))

    def _run(self, **limits: Unpack[Limits]) -> Run[HitT_co]:
        return run_of(self.source, self.position, first_page=self, **limits)


class SearchPager(Told, Generic[HitT_co]):
    """A search that has not been sent yet: await it for the first page, iterate it for all hits.

    `await` asks for as many hits as the service gives by default, iteration for the largest pages, unless the
    search names a size. `stopped_because`, `duplicates` and `resume_token` tell of the iteration started last.
    Leave it with `async with` to close what is still under way.
    """

    def __init__(self, source: Source[HitT_co], start: Position | None = None) -> None:
        self._source: Source[Any] = source
        self._first = start or Position.first(source.search, default_size=None)
        self._start = start or Position.first(source.search, default_size=LARGEST_PAGE)
        self._progress = Progress(source.search, self._start, source.known)
        self._open: WeakSet[AsyncGenerator[Any]] = WeakSet()

    def __await__(self) -> Generator[Any, None, AsyncSearchPage[HitT_co]]:
        return self._first_page().__await__()

    def __aiter__(self) -> AsyncGenerator[HitT_co]:
        return self.iter_hits()

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncGenerator[HitT_co]:
        """Iterate all hits, each once; stop after `max_hits`; keep up to `prefetch` pages under way."""
        run = self._run(max_hits=max_hits, prefetch=prefetch)
        return self._opened(run, run.hits())

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncGenerator[AsyncSearchPage[HitT_co]]:
        """Iterate all pages, each hit once; stop after `max_pages`; keep up to `prefetch` pages under way."""
        run = self._run(max_pages=max_pages, prefetch=prefetch)
        return self._opened(run, async_pages(run))

    async def aclose(self) -> None:
        """Close every iteration of this pager."""
        for iteration in list(self._open):
            await iteration.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _first_page(self) -> AsyncSearchPage[HitT_co]:
        page = await self._source.page_at(self._first)
        self._progress = Progress(self._source.search, self._first, self._source.known)
        self._progress.begin(page, whole=True)
        self._progress.delivered_all()
        return AsyncSearchPage.of(page, self._source)

    def _run(self, **limits: Unpack[Limits]) -> Run[HitT_co]:
        return run_of(self._source, self._start, **limits)

    def _opened(self, run: Run[Any], iteration: AsyncGenerator[_T]) -> AsyncGenerator[_T]:
        self._progress = run.progress
        self._open.add(iteration)
        return iteration


async def async_pages(run: Run[_HitT]) -> AsyncGenerator[AsyncSearchPage[_HitT]]:
    """Give a run's pages, each with the way to its followers."""
    async with aclosing(run):
        async for page in run:
            run.progress.delivered_all()
            yield AsyncSearchPage.of(page, run.source)
