"""What a search of the async client gives: a pager, and pages that lead to their followers."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncGenerator, Coroutine
from types import AsyncGeneratorType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, Unpack, cast
from weakref import WeakKeyDictionary

import attrs

from scenario_async._annotations import evaluable
from scenario_async._paging.iteration import (
    HasStatus,
    Iteration,
    IterationStatus,
    Limits,
    Reading,
    hits_of,
    iteration_from,
)
from scenario_async._paging.page import LinkedPage, following, origin_of
from scenario_async._paging.position import Position
from scenario_async._support.hints import ASYNC_WITH, FOR, awaited, instead
from scenario_async._support.items import AsyncItems
from scenario_async._support.lifetimes import running_loop
from scenario_async._support.loading import LOADING
from scenario_async.pages import SearchPage
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

    from scenario_async._paging.iteration import PageSource
    from scenario_async._tables.table import HitTable

_T = TypeVar("_T")


@evaluable
class AsyncIteration(HasStatus, AsyncItems[_T]):
    """An iteration of the async client, an async generator: `async for` fetches page by page, `aclose()` stops early."""

    def __init__(self, iteration: Reading[Any], items: AsyncGenerator[_T]) -> None:
        super().__init__(items)
        self._iteration = iteration
        self._status = iteration.status

    async def aclose(self) -> None:
        """Cancel what is under way; where another task waits for an item, the iteration ends with that wait."""
        if isinstance(self._items, AsyncGeneratorType) and self._items.ag_running:
            await self._iteration.aclose()
        else:
            await self._items.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._iteration.source.search!r}>"


@evaluable
class AsyncSearchPage(LinkedPage[HitT_co]):
    """One page of hits; `async for` goes through its hits and those of all following pages."""

    __slots__ = ()

    def __aiter__(self) -> AsyncIteration[HitT_co]:
        return self.iter_hits()

    @awaited
    async def get_next_page(self) -> AsyncSearchPage[HitT_co]:
        """Fetch the following page; `ScenarioError` if this one is the last."""
        return cast("AsyncSearchPage[HitT_co]", await origin_of(self).source.page_at(following(self)))

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncIteration[HitT_co]:
        """Iterate the hits of this and all following pages, each once."""
        return _hits_of(iteration_from(self, max_hits=max_hits, prefetch=prefetch))

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncIteration[AsyncSearchPage[HitT_co]]:
        """Iterate this page and all following ones, each hit once."""
        return _pages_of(iteration_from(self, max_pages=max_pages, prefetch=prefetch))

    @awaited
    async def collect(self, max_hits: int | None = None, prefetch: int = 0) -> HitTable[HitT_co]:
        """Read the hits of this and all following pages into a table, which tells why the reading ended."""
        return await iteration_from(self, max_hits=max_hits, prefetch=prefetch).collect()

    if not TYPE_CHECKING:  # checkers refuse it by themselves
        __iter__ = instead(FOR)


@evaluable
class SearchPager(HasStatus, Coroutine[Any, Any, "AsyncSearchPage[HitT_co]"], Generic[HitT_co]):
    """A search that has not been sent yet: await it for the first page, iterate it for all hits.

    `await` asks for as many hits as the service gives by default, iteration for the largest pages, unless the
    search names a size. `stopped_because`, `duplicates` and `resume_token` tell of the iteration started last.
    Leave it with `async with` to close what is still under way.

    It is a coroutine to asyncio: `asyncio.create_task(pager)` and its like run it up to its first page. One that is
    never used says so with a `RuntimeWarning`, like a coroutine.
    """

    _used = True  # until it is made as a whole

    def __init__(self, source: PageSource[HitT_co], start: Position | None = None) -> None:
        self._source: PageSource[Any] = source
        self._resumed_at = start
        self._status = IterationStatus(source, start)
        self._open: WeakKeyDictionary[AsyncGenerator[Any], Iteration[Any]] = WeakKeyDictionary()
        self._driven: Coroutine[Any, Any, AsyncSearchPage[HitT_co]] | None = None
        self._driver: asyncio.Task[Any] | None = None
        self._used = False

    def __await__(self) -> Generator[Any, None, AsyncSearchPage[HitT_co]]:
        self._used = True
        return self._first_page().__await__()

    def __aiter__(self) -> AsyncIteration[HitT_co]:
        return self.iter_hits()

    def send(self, value: Any, /) -> Any:  # noqa: ANN401 - as the protocol has it
        """Go on to the first page, as a coroutine does for the task that runs it."""
        driven = self._driven_by_this_task()
        try:
            return driven.send(value)
        except BaseException:
            self._driven = self._driver = None
            raise

    def throw(self, *error: Any) -> Any:  # noqa: ANN401 - as the protocol has it
        """Raise an error where the pager waits for its first page, as a coroutine does: this is how tasks are cancelled."""
        driven = self._driven_by_this_task()
        try:
            return driven.throw(*error)
        except BaseException:
            self._driven = self._driver = None
            raise
        finally:
            del error  # it may hold headers and bodies, and be followed by one of ours

    def close(self) -> None:
        """Give up the first page, as a coroutine does; `aclose()` also closes iterations."""
        self._used = True
        driven, self._driven, self._driver = self._driven, None, None
        if driven is not None:
            driven.close()

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> AsyncIteration[HitT_co]:
        """Iterate all hits, each once; stop after `max_hits`; keep up to `prefetch` pages under way."""
        iteration = self._begun(max_hits=max_hits, prefetch=prefetch)
        return self._opened(iteration, _hits_of(iteration))

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> AsyncIteration[AsyncSearchPage[HitT_co]]:
        """Iterate all pages, each hit once; stop after `max_pages`; keep up to `prefetch` pages under way."""
        iteration = self._begun(max_pages=max_pages, prefetch=prefetch)
        return self._opened(iteration, _pages_of(iteration))

    @awaited
    async def collect(self, max_hits: int | None = None, prefetch: int = 0) -> HitTable[HitT_co]:
        """Read all hits into a table, each once, which tells why the reading ended; stop after `max_hits`."""
        iteration = self._begun(max_hits=max_hits, prefetch=prefetch)
        return await iteration.collect(self._opened(iteration, _hits_of(iteration)))

    async def aclose(self) -> None:
        """Close every iteration of this pager; one that another task waits for ends with what that waits for."""
        for items, iteration in list(self._open.items()):
            await AsyncIteration(iteration, items).aclose()

    async def __aenter__(self) -> Self:
        self._used = True
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

    def _driven_by_this_task(self) -> Coroutine[Any, Any, AsyncSearchPage[HitT_co]]:
        """Give what a task runs; `RuntimeError` for a second one, whose page would go to the first."""
        self._used = True
        task = asyncio.current_task(running_loop())
        if self._driven is None:
            self._driver, self._driven = task, self._first_page()
        elif task is not self._driver:
            raise RuntimeError(
                "another task runs this pager already: make a pager for each task, or await that task"
            )
        return self._driven

    def _begun(self, **limits: Unpack[Limits]) -> Iteration[HitT_co]:
        self._used = True
        return Iteration(self._source, self._resumed_at, **limits)

    def _opened(self, iteration: Iteration[Any], opened: AsyncIteration[_T]) -> AsyncIteration[_T]:
        self._status = iteration.status
        self._open[opened._items] = iteration  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - as long as somebody holds what gives its items
        return opened

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._source.search!r}>"

    def __del__(self) -> None:
        if not self._used:
            hint = "`await` its pager for the first page, or read all hits with `async for`"
            warnings.warn(
                f"{self._source.search!r} was never sent: {hint}", RuntimeWarning, stacklevel=2, source=self
            )

    if not TYPE_CHECKING:  # checkers refuse these by themselves
        __iter__ = instead(f"{FOR}; `await` gives the first page")
        __len__ = __getitem__ = instead("you forgot `await`: `page = await pager`, then `page.hits`")
        __enter__ = __exit__ = instead(ASYNC_WITH)

        def __bool__(self) -> bool:
            return True

        def __getattr__(self, name: str) -> str:
            if name in {
                "__name__",
                "__qualname__",
            }:  # a coroutine has them: event loops and debuggers show them
                return f"{self._source.search.kind}_search"
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if hasattr(AsyncSearchPage, name) or name in attrs.fields_dict(SearchPage):
                message += f": you forgot `await`: `page = await pager`, then `page.{name}`"
            else:
                with LOADING:
                    from scenario_async._support.moved import OF_TABLES  # noqa: PLC0415 - only an error has need of it

                if name in OF_TABLES:
                    message += f": `table = await pager.collect()`, then `table.{name}()`"
            raise AttributeError(message, name=name, obj=self)


def _hits_of(iteration: Iteration[HitT_co]) -> AsyncIteration[HitT_co]:
    return AsyncIteration(iteration, hits_of(iteration))


def _pages_of(iteration: Iteration[HitT_co]) -> AsyncIteration[AsyncSearchPage[HitT_co]]:
    return AsyncIteration(iteration, cast("AsyncGenerator[AsyncSearchPage[HitT_co]]", iteration.pages()))
