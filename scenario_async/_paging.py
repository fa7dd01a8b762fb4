"""Iteration over pages and hits: each hit once, whatever the totals say, and an end in every case."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar, Unpack
from weakref import WeakSet

import attrs

from scenario_async import _checks
from scenario_async.errors import ScenarioError
from scenario_async.models import Hit
from scenario_async.pages import LARGEST_PAGE, Position, SearchPage, StopReason, id_digest, make_token
from scenario_async.searches import HitT_co, Search

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
    from types import TracebackType

_HitT = TypeVar("_HitT", bound=Hit)
_T = TypeVar("_T")


class Limits(TypedDict, total=False):
    """How far an iteration goes, and how far ahead it fetches."""

    max_hits: int | None
    max_pages: int | None
    prefetch: int


@attrs.frozen(eq=False)
class Source(Generic[_HitT]):
    """A search and the way to fetch its pages."""

    search: Search[_HitT] = attrs.field()
    fetch: Callable[[Position], Awaitable[SearchPage[_HitT]]] = attrs.field(repr=False)


class Progress:
    """How far an iteration is; it outlives the iteration and holds nothing that runs."""

    def __init__(self, search: Search[Hit], start: Position) -> None:
        self.stopped_because: StopReason | None = None
        self.duplicates = 0
        self._search = search
        self._next = start
        self._before: Sequence[str] = ()
        self._ids: Sequence[str] = ()
        self._delivered = 0
        self._after: Position | None = None

    def begin(self, page: SearchPage[Hit], *, whole: bool) -> None:
        """Take note of a page about to be delivered; `whole` if nothing was cut off its end."""
        self._before = self._ids
        self._ids = [hit.id for hit in page.hits]
        self._delivered = 0
        self._next = page.position
        self._after = page.next_position if whole else None

    def deliver(self, page: SearchPage[_HitT]) -> Generator[_HitT]:
        """Give the hits of the page that was begun, one by one, counting."""
        for hit in page.hits:
            self._delivered += 1
            yield hit

    def delivered_all(self) -> None:
        """Take note that the page that was begun was delivered as one."""
        self._delivered = len(self._ids)

    @property
    def resume_token(self) -> str:
        """Where to go on: after the last hit delivered."""
        if self._after is not None and self._delivered == len(self._ids):
            return make_token(self._search, self._after, self._ids)
        return make_token(self._search, self._next, [*self._before, *self._ids[: self._delivered]])


@attrs.frozen(kw_only=True, eq=False)
class Run(Generic[_HitT]):
    """One iteration: from a position, or from a page that is there already.

    `known` are digests of ids that were delivered before, by the run that this one resumes.
    """

    source: Source[_HitT]
    start: Position
    first_page: SearchPage[_HitT] | None = None
    known: frozenset[bytes] = frozenset()
    max_hits: int | None = None
    max_pages: int | None = None
    prefetch: int = 0
    progress: Progress = attrs.field(
        init=False, default=attrs.Factory(lambda run: Progress(run.source.search, run.start), takes_self=True)
    )

    async def pages(self) -> AsyncGenerator[SearchPage[_HitT]]:
        """Give page after page, without hits that were given before, and never an empty one."""
        progress = self.progress
        ahead: _Ahead[_HitT] = _Ahead(self)
        seen: set[str] = set()
        hits_left, pages_left = self.max_hits, self.max_pages
        position, page = self.start, self.first_page
        try:
            while True:
                if hits_left == 0 or pages_left == 0:
                    progress.stopped_because = "max_hits" if hits_left == 0 else "max_pages"
                    return
                page = page or await ahead.page_at(position)
                if page.received == 0:
                    progress.stopped_because = "empty_page"
                    return
                fresh = self._without_repeats(page, seen)
                if not fresh.hits and not fresh.invalid_hits:
                    progress.stopped_because = "repeated_page"
                    return
                whole = hits_left is None or len(fresh.hits) <= hits_left
                if not whole:
                    fresh = attrs.evolve(fresh, hits=fresh.hits[:hits_left])
                hits_left = None if hits_left is None else hits_left - len(fresh.hits)
                pages_left = None if pages_left is None else pages_left - 1
                ahead.refill(page, hits_left, pages_left)
                progress.begin(fresh, whole=whole)
                yield fresh
                if whole and not page.has_next_page():
                    progress.stopped_because = "exhausted"
                    return
                position, page = page.next_position, None
        finally:
            await ahead.aclose()

    async def whole_pages(self) -> AsyncGenerator[SearchPage[_HitT]]:
        """Give page after page to someone who takes each as one."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                self.progress.delivered_all()
                yield page

    async def hits(self) -> AsyncGenerator[_HitT]:
        """Give hit after hit."""
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for hit in self.progress.deliver(page):
                    yield hit

    def _without_repeats(self, page: SearchPage[_HitT], seen: set[str]) -> SearchPage[_HitT]:
        before = len(seen)
        fresh: list[_HitT] = []
        for hit in page.hits:
            if hit.id not in seen and (not self.known or id_digest(hit.id) not in self.known):
                seen.add(hit.id)
                fresh.append(hit)
        self.progress.duplicates += len(page.hits) - (len(seen) - before)
        if not page.invalid_hits:
            return page if len(fresh) == len(page.hits) else attrs.evolve(page, hits=fresh)
        invalid: list[Any] = []
        for each in page.invalid_hits:
            key = json.dumps(each, sort_keys=True)
            if key not in seen:
                seen.add(key)
                invalid.append(each)
        return attrs.evolve(page, hits=fresh, invalid_hits=invalid)


class _Ahead(Generic[_HitT]):
    """Pages asked for before their turn, in order."""

    def __init__(self, run: Run[_HitT]) -> None:
        self._fetch = run.source.fetch
        self._most = run.prefetch
        self._asked: deque[tuple[Position, asyncio.Future[SearchPage[_HitT]]]] = deque()

    async def page_at(self, position: Position) -> SearchPage[_HitT]:
        if self._asked and self._asked[0][0] != position:
            await self.aclose()  # the pages are of another size than they seemed: ask anew
        if not self._asked:
            return await self._fetch(position)
        return await self._asked.popleft()[1]

    def refill(self, page: SearchPage[_HitT], hits_left: int | None, pages_left: int | None) -> None:
        """Ask for what follows a page, but for no more than one page beyond the hinted end."""
        if self._most == 0 or not page.has_next_page():
            return
        step = page.size
        position = self._asked[-1][0].after(step) if self._asked else page.next_position
        hint = page.hinted_total
        most = self._most if page.position.size == position.size else 1  # else the next page tells its size
        while len(self._asked) < most:
            begins_at = (position.number - 1) * step if position.by_page else position.number
            beyond_hint = hint is not None and begins_at >= hint + step and bool(self._asked)
            enough_hits = hits_left is not None and len(self._asked) * step >= hits_left
            enough_pages = pages_left is not None and len(self._asked) >= pages_left
            if beyond_hint or enough_hits or enough_pages:
                return
            self._asked.append((position, asyncio.ensure_future(self._fetch(position))))
            position = position.after(step)

    async def aclose(self) -> None:
        """Give up what is under way."""
        tasks = [task for _, task in self._asked]
        self._asked.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)


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
        page = await self.source.fetch(following(self))
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


class SearchPager(Generic[HitT_co]):
    """A search that has not been sent yet: await it for the first page, iterate it for all hits.

    `await` asks for as many hits as the service gives by default, iteration for the largest pages, unless the
    search names a size. `stopped_because`, `duplicates` and `resume_token` tell of the iteration started last.
    Leave it with `async with` to close what is still under way.
    """

    def __init__(
        self, source: Source[HitT_co], start: Position | None = None, known: frozenset[bytes] = frozenset()
    ) -> None:
        self._source: Source[Any] = source
        self._known = known
        self._first = start or Position.first(source.search, default_size=None)
        self._start = start or Position.first(source.search, default_size=LARGEST_PAGE)
        self._progress = Progress(source.search, self._start)
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

    @property
    def stopped_because(self) -> StopReason | None:
        """Why the last iteration ended; None while it has not."""
        return self._progress.stopped_because

    @property
    def duplicates(self) -> int:
        """How many hits the last iteration dropped because it had delivered them before."""
        return self._progress.duplicates

    @property
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after the last hit delivered."""
        return self._progress.resume_token

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
        page = await self._source.fetch(self._first)
        if self._known:
            page = attrs.evolve(page, hits=[hit for hit in page.hits if id_digest(hit.id) not in self._known])
        self._progress = Progress(self._source.search, self._first)
        self._progress.begin(page, whole=True)
        self._progress.delivered_all()
        return AsyncSearchPage.of(page, self._source)

    def _run(self, **limits: Unpack[Limits]) -> Run[HitT_co]:
        return run_of(self._source, self._start, known=self._known, **limits)

    def _opened(self, run: Run[Any], iteration: AsyncGenerator[_T]) -> AsyncGenerator[_T]:
        self._progress = run.progress
        self._open.add(iteration)
        return iteration


async def async_pages(run: Run[_HitT]) -> AsyncGenerator[AsyncSearchPage[_HitT]]:
    """Give a run's pages, each with the way to its followers."""
    async with aclosing(run.whole_pages()) as pages:
        async for page in pages:
            yield AsyncSearchPage.of(page, run.source)


def run_of(
    source: Source[_HitT],
    start: Position,
    *,
    first_page: SearchPage[_HitT] | None = None,
    known: frozenset[bytes] = frozenset(),
    **limits: Unpack[Limits],
) -> Run[_HitT]:
    """Make a run of an iteration's parameters, checked."""
    checked = {name: _checks.integer(limits.get(name), name, least=0) for name in Limits.__annotations__}
    return Run(
        source=source,
        start=start,
        first_page=first_page,
        known=known,
        max_hits=checked["max_hits"],
        max_pages=checked["max_pages"],
        prefetch=checked["prefetch"] or 0,
    )


def following(page: SearchPage[Hit]) -> Position:
    """Give the position after a page; `ScenarioError` if it is the last."""
    if not page.has_next_page():
        raise ScenarioError("there is no next page: this one was not full; has_next_page() tells")
    return page.next_position


def page_parts(page: SearchPage[Any]) -> dict[str, Any]:
    """Give a page's fields, to build a page of another surface from."""
    return {field.name: getattr(page, field.name) for field in attrs.fields(SearchPage)}
