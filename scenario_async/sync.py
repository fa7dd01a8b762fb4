"""The blocking client: the same calls, carried out by an event loop in a thread.

Nothing is decided here. Each method hands a coroutine of the async side to the portal and waits for it, once
for a page.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, Self, TypeVar, Unpack, cast, overload

import attrs

from scenario_async import _checks
from scenario_async._paging import Limits, Run, Source, Told, following, page_parts, run_of
from scenario_async._portal import PortalError, portal
from scenario_async.errors import CleanFrames, ScenarioError, quiet
from scenario_async.models import Hit
from scenario_async.pages import Position, SearchPage
from scenario_async.searches import HitT_co, Search
from scenario_async.surface import (
    Client,
    FanOutError,
    FanOutHit,
    OnError,
    Order,
    Searches,
    check_fan_out,
    results,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from scenario_async._fanout import Item, Merge
    from scenario_async._wire import Reply
    from scenario_async.settings import SessionFactory

_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")
_NOTHING: Final = object()


def blocking(make: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
    """Wait for a coroutine of the async side; our errors come without the frames of its journey."""
    with CleanFrames():
        try:
            return portal.run(make)
        except PortalError as error:
            raise ScenarioError(str(error)) from None


async def _next(items: AsyncIterator[_T]) -> _T | None:
    return await anext(items, None)


class Iteration(Told, Generic[_T]):
    """An iterator that fetches page by page; `close()` it, or leave it with `with`, to stop early."""

    def __init__(self, run: Run[Any], unpack: Callable[[SearchPage[Any]], Iterator[_T]]) -> None:
        self._progress = run.progress
        self._pages = run.pages()
        self._unpack = unpack
        self._ready: Iterator[_T] = iter(())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _T:
        while True:
            for item in self._ready:
                return item
            page = blocking(partial(_next, self._pages))
            if page is None:
                raise StopIteration
            self._ready = self._unpack(page)

    def close(self) -> None:
        """Cancel what is under way; the iteration ends here."""
        self._ready = iter(())
        blocking(self._closed)

    async def _closed(self) -> None:
        await self._pages.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@attrs.frozen(kw_only=True, eq=False)
class SyncSearchPage(SearchPage[HitT_co]):
    """One page of hits; `for` goes through its hits and those of all following pages."""

    source: Source[Any] = attrs.field(repr=False)

    @classmethod
    def of(cls, page: SearchPage[_HitT], source: Source[_HitT]) -> SyncSearchPage[_HitT]:
        """Give a page the way to its followers."""
        return SyncSearchPage(**page_parts(page), source=source)

    def __iter__(self) -> Iteration[HitT_co]:
        return self.iter_hits()

    def get_next_page(self) -> SyncSearchPage[HitT_co]:
        """Fetch the following page; `ScenarioError` if this one is the last."""
        return fetched(self.source, following(self))

    def iter_hits(self, max_hits: int | None = None, prefetch: int = 0) -> Iteration[HitT_co]:
        """Iterate the hits of this and all following pages, each once."""
        run = self._run(max_hits=max_hits, prefetch=prefetch)
        return Iteration(run, run.progress.deliver)

    def iter_pages(
        self, max_pages: int | None = None, prefetch: int = 0
    ) -> Iteration[SyncSearchPage[HitT_co]]:
        """Iterate this page and all following ones, each hit once."""
        run = self._run(max_pages=max_pages, prefetch=prefetch)

        def as_one(page: SearchPage[HitT_co]) -> Iterator[SyncSearchPage[HitT_co]]:
            run.progress.delivered_all()
            yield SyncSearchPage.of(page, self.source)

        return Iteration(run, as_one)

    def _run(self, **limits: Unpack[Limits]) -> Run[HitT_co]:
        return run_of(self.source, self.position, first_page=self, **limits)


def fetched(source: Source[_HitT], position: Position) -> SyncSearchPage[_HitT]:
    """Fetch one page, and wait for it."""
    return SyncSearchPage.of(blocking(partial(source.page_at, position)), source)


class SyncSearches(Searches):
    """The searches of a `Scenario`."""

    def run(self, search: Search[_HitT]) -> SyncSearchPage[_HitT]:
        """Send a search value and give its first page; the method of its kind does the same."""
        try:
            return fetched(self._source(search), Position.first(search, default_size=None))
        finally:
            del search  # what is no search may be a mapping with a picture in it

    def resume(self, token: str, search: Search[_HitT]) -> SyncSearchPage[_HitT]:
        """Go on with a search where a `resume_token` of the very same search was taken.

        Raises `InvalidSearchError` for a token of another search or version, or a damaged one.
        """
        return fetched(*self._resumed(token, search))

    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: Literal["raise"] = "raise",
    ) -> Generator[FanOutHit[_HitT]]: ...
    @overload
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError,
    ) -> Generator[FanOutHit[_HitT] | FanOutError[_HitT]]: ...
    def fan_out(
        self,
        searches: Iterable[Search[_HitT]],
        *,
        concurrency: int = 8,
        max_hits: int | None = None,
        order: Order = "completed",
        on_error: OnError = "raise",
    ) -> Generator[Any]:
        """Run many searches, a few at a time, and give their hits as pages arrive.

        `searches` is read in the calling thread, and only as places free up. All else is as with the async
        client: see `AsyncSearches.fan_out`.
        """
        check_fan_out(concurrency, max_hits, order, on_error)
        return self._fan_out(iter(searches), concurrency, max_hits, order, on_error)

    def _fan_out(
        self,
        searches: Iterator[Search[_HitT]],
        concurrency: int,
        max_hits: int | None,
        order: Order,
        on_error: OnError,
    ) -> Generator[FanOutHit[_HitT] | FanOutError[_HitT]]:
        handed: _Handed[Search[_HitT]] = _Handed()
        merged = self._merged(handed, concurrency=concurrency, max_hits=max_hits, order=order)
        steps = _Steps(merged, handed)
        try:
            while (step := blocking(steps.next)) is not None:
                if isinstance(step, _Wanted):
                    handed.give(next(searches, _NOTHING))
                else:
                    yield from results(step, on_error)
        finally:
            if not sys.is_finalizing():  # else the loop has ended, and all that was under way with it
                blocking(steps.aclose)


class _Wanted:
    """The step that asks the caller's thread for another search."""


class _Handed(AsyncIterator[_T]):
    """An async iterator whose items another thread hands over, one whenever one is wanted."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self._item: Any = None
        self._given = asyncio.Event()

    def give(self, item: Any) -> None:  # noqa: ANN401
        self._item = item

    async def __anext__(self) -> _T:
        self.wanted.set()
        await self._given.wait()
        self._given.clear()
        if self._item is _NOTHING:
            raise StopAsyncIteration
        item: _T = self._item
        return item

    def arrived(self) -> None:
        """Let the waiting side go on with what was given; call this on the loop."""
        self.wanted.clear()
        self._given.set()


class _Steps(Generic[_T]):
    """A merge taken step by step: an item, a wish for another source, or None at the end."""

    def __init__(self, merged: Merge[Search[Any], _T], handed: _Handed[Search[Any]]) -> None:
        self._merged = merged
        self._handed = handed
        self._item: asyncio.Future[Item[Search[Any], _T] | None] | None = None
        self._asked = False

    async def next(self) -> Item[Search[Any], _T] | _Wanted | None:
        if self._asked:
            self._asked = False
            self._handed.arrived()
        if self._item is None:
            self._item = asyncio.ensure_future(_next(self._merged))
        wanted = asyncio.ensure_future(self._handed.wanted.wait())
        try:
            both: set[asyncio.Future[Any]] = {self._item, wanted}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
        if self._item.done():
            done, self._item = self._item, None
            return done.result()
        self._asked = True
        return _Wanted()

    async def aclose(self) -> None:
        if self._item is not None:
            self._item.cancel()
            await asyncio.gather(self._item, return_exceptions=True)
        await self._merged.aclose()


@quiet
@attrs.frozen(kw_only=True, eq=False)
class Scenario(Client):
    """Searches Scenario, blocking; all keywords are those of `Settings`.

    It works in plain programs, threads and notebooks, also where a loop runs already (which it blocks). Use
    it as a context manager, or call `close()`.
    """

    session: SessionFactory | None = attrs.field(default=None, repr=False)

    @property
    def search(self) -> SyncSearches:
        """The searches: `asset_search`, `model_search`, `workflow_search`, `run`, `resume`, `fan_out`."""
        return SyncSearches(self._source)

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """Reach any endpoint under `base_url`; see `AsyncScenario.request`."""
        with CleanFrames():
            return blocking(
                partial(self._request, method, path, json=json, query=query, headers=headers, timeout=timeout)
            )

    def close(self) -> None:
        """Close the connections; calls that come later raise `ScenarioError`."""
        blocking(self._aclose)

    def _check_session(self) -> None:
        if self.session is not None and not callable(cast("object", self.session)):
            rule = "the sync client runs on a loop of its own, so it must be a factory of sessions"
            _checks.refuse("session", type(self.session).__name__, rule)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
