"""Iteration over pages and hits: each hit once, whatever the totals say, and an end in every case."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, Unpack

import attrs

from scenario_async import _checks
from scenario_async.errors import ScenarioError
from scenario_async.models import Hit
from scenario_async.pages import Position, SearchPage, StopReason, id_digest, make_token

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from scenario_async.searches import Search

_HitT = TypeVar("_HitT", bound=Hit)


class Limits(TypedDict, total=False):
    """How far an iteration goes, and how far ahead it fetches."""

    max_hits: int | None
    max_pages: int | None
    prefetch: int


@attrs.frozen(eq=False)
class Source(Generic[_HitT]):
    """A search and the way to fetch its pages.

    `known` are digests of ids that were delivered before, by the run that this one resumes. A pickled source
    keeps its search and loses the way.
    """

    search: Search[_HitT] = attrs.field()
    fetch: Callable[[Position], Awaitable[SearchPage[_HitT]]] = attrs.field(repr=False)
    known: frozenset[bytes] = attrs.field(default=frozenset[bytes](), repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.search, _out_of_reach, self.known)

    async def page_at(self, position: Position) -> SearchPage[_HitT]:
        """Fetch a page, without the hits that were delivered before by the run that is resumed here."""
        page = await self.fetch(position)
        if not self.known:
            return page
        dropped = [hit.id for hit in page.hits if id_digest(hit.id) in self.known]
        return attrs.evolve(page, hits=[hit for hit in page.hits if hit.id not in dropped], dropped=dropped)


class Progress:
    """How far an iteration is; it outlives the iteration and holds nothing that runs."""

    def __init__(self, search: Search[Hit], start: Position, known: frozenset[bytes]) -> None:
        self.stopped_because: StopReason | None = None
        self.duplicates = 0
        self._search = search
        self._known = sorted(known)
        self._start = start
        self._before: SearchPage[Hit] | None = None
        self._page: SearchPage[Hit] | None = None
        self._whole = False
        self._delivered = 0

    def begin(self, page: SearchPage[Hit], *, whole: bool) -> None:
        """Take note of a page about to be delivered; it is `whole` if nothing was cut off its end."""
        self._before, self._page = self._page, page
        self._whole = whole
        self._delivered = 0

    def deliver(self, page: SearchPage[_HitT]) -> Generator[_HitT]:
        """Give the hits of the page that was begun, one by one, counting."""
        for hit in page.hits:
            self._delivered += 1
            yield hit

    def delivered_all(self) -> None:
        """Take note that the page that was begun was delivered as one."""
        self._delivered = 0 if self._page is None else len(self._page.hits)

    @property
    def resume_token(self) -> str:
        """Where to go on: after the last hit delivered."""
        page = self._page
        if page is None:
            return make_token(self._search, self._start, (), self._known)
        if self._whole and self._delivered == len(page.hits):
            return make_token(self._search, page.next_position, page.ids)
        before = [] if self._before is None else self._before.ids
        delivered = [hit.id for hit in page.hits[: self._delivered]]
        known = self._known if self._before is None else ()
        return make_token(self._search, page.position, [*before, *page.dropped, *delivered], known)


class Told:
    """What an iteration tells of itself, whichever surface it has."""

    _progress: Progress

    @property
    def stopped_because(self) -> StopReason | None:
        """Why the iteration ended; None while it has not."""
        return self._progress.stopped_because

    @property
    def duplicates(self) -> int:
        """How many hits were dropped because they had been delivered before."""
        return self._progress.duplicates

    @property
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after the last hit delivered."""
        return self._progress.resume_token


@attrs.define(kw_only=True, eq=False)
class Run(AsyncIterator[SearchPage[_HitT]]):
    """One iteration over pages: from a position, or from a page that is there already.

    Gives no hit twice and no empty page. It is no generator, because those within others cannot be closed by
    their loop's end; `aclose` it, or iterate `pages()` or `hits()`, which do.
    """

    source: Source[_HitT]
    start: Position
    first_page: SearchPage[_HitT] | None = None
    max_hits: int | None = None
    max_pages: int | None = None
    prefetch: int = 0
    progress: Progress = attrs.field(init=False)
    _ahead: _Ahead[_HitT] = attrs.field(init=False)
    _seen: set[str] = attrs.field(init=False, factory=set[str])
    _position: Position = attrs.field(init=False)
    _was_last: bool = attrs.field(init=False, default=False)
    _ended: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.progress = Progress(self.source.search, self.start, self.source.known)
        self._ahead = _Ahead(self.source, self.prefetch)
        self._position = self.start

    async def __anext__(self) -> SearchPage[_HitT]:
        found: SearchPage[_HitT] | StopReason | None = None
        try:
            found = None if self._ended else await self._next_page()
        finally:
            if not isinstance(found, SearchPage):
                await self.aclose()
        if isinstance(found, SearchPage):
            return found
        if found is not None:
            self.progress.stopped_because = found
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End here, and give up what is under way."""
        self._ended = True
        await self._ahead.aclose()

    async def pages(self) -> AsyncGenerator[SearchPage[_HitT]]:
        """Give page after page, to someone who counts what is delivered."""
        async with aclosing(self):
            async for page in self:
                yield page

    async def hits(self) -> AsyncGenerator[_HitT]:
        """Give hit after hit."""
        async with aclosing(self):
            async for page in self:
                for hit in self.progress.deliver(page):
                    yield hit

    async def _next_page(self) -> SearchPage[_HitT] | StopReason:
        """Give the next page with something new, or why there is none."""
        if self._was_last:
            return "exhausted"
        if self.max_hits == 0 or self.max_pages == 0:
            return "max_hits" if self.max_hits == 0 else "max_pages"
        page, self.first_page = self.first_page, None
        if page is None:
            page = await self._ahead.page_at(self._position)
        else:  # what it lacks was dropped as delivered before
            self.progress.duplicates += len(page.dropped)
        fresh = self._without_repeats(page)
        if _nothing_in(fresh):
            page, fresh = await self._beyond_known(page, fresh)
        if page.received == 0:
            return "empty_page"
        if _nothing_in(fresh):
            return "repeated_page"
        whole = self.max_hits is None or len(fresh.hits) <= self.max_hits
        if not whole:
            fresh = attrs.evolve(fresh, hits=fresh.hits[: self.max_hits])
        if self.max_hits is not None:
            self.max_hits -= len(fresh.hits)
        if self.max_pages is not None:
            self.max_pages -= 1
        self._ahead.refill(page, self.max_hits, self.max_pages)
        self.progress.begin(fresh, whole=whole)
        self._position = page.next_position
        self._was_last = whole and not page.has_next_page()
        return fresh

    async def _beyond_known(
        self, page: SearchPage[_HitT], fresh: SearchPage[_HitT]
    ) -> tuple[SearchPage[_HitT], SearchPage[_HitT]]:
        """Go on from a page of known hits to the first one with something new.

        Such a page comes when as many hits as it holds, or more, came in before it. It is the end if the service
        tells that it begins elsewhere than asked, if it repeats the one before while the total did not grow, or if
        there were many more of them than hits that could have shifted.
        """
        most = 2 * ((len(self._seen) + len(self.source.known)) // page.size + 1)
        for _ in range(most):
            if not (page.has_next_page() and page.begins_where_asked):
                break
            before = page
            self._position = page.next_position
            page = await self._ahead.page_at(self._position)
            fresh = self._without_repeats(page)
            if not _nothing_in(fresh) or (_same(page, before) and not _grew(page, before)):
                break
        return page, fresh

    def _without_repeats(self, page: SearchPage[_HitT]) -> SearchPage[_HitT]:
        known = self.source.known
        fresh: list[_HitT] = []
        dropped: list[str] = list(page.dropped)
        for hit in page.hits:
            if hit.id not in self._seen and (not known or id_digest(hit.id) not in known):
                self._seen.add(hit.id)
                fresh.append(hit)
            else:
                dropped.append(hit.id)
        self.progress.duplicates += len(page.hits) - len(fresh)
        if not page.invalid_hits:
            return page if len(fresh) == len(page.hits) else attrs.evolve(page, hits=fresh, dropped=dropped)
        invalid = [each for each in page.invalid_hits if self._is_new(json.dumps(each, sort_keys=True))]
        return attrs.evolve(page, hits=fresh, invalid_hits=invalid, dropped=dropped)

    def _is_new(self, key: str) -> bool:
        new = key not in self._seen
        self._seen.add(key)
        return new


class _Ahead(Generic[_HitT]):
    """Pages asked for before their turn, in order."""

    def __init__(self, source: Source[_HitT], most: int) -> None:
        self._fetch = source.fetch
        self._most = most
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


def run_of(
    source: Source[_HitT],
    start: Position,
    *,
    first_page: SearchPage[_HitT] | None = None,
    **limits: Unpack[Limits],
) -> Run[_HitT]:
    """Make a run of an iteration's parameters, checked."""
    checked = {name: _checks.integer(limits.get(name), name, least=0) for name in Limits.__annotations__}
    return Run(
        source=source,
        start=start,
        first_page=first_page,
        max_hits=checked["max_hits"],
        max_pages=checked["max_pages"],
        prefetch=checked["prefetch"] or 0,
    )


def _nothing_in(page: SearchPage[Any]) -> bool:
    return not page.hits and not page.invalid_hits


def _same(page: SearchPage[Any], other: SearchPage[Any]) -> bool:
    return page.ids == other.ids and page.invalid_hits == other.invalid_hits


def _grew(page: SearchPage[Any], before: SearchPage[Any]) -> bool:
    return (page.hinted_total or 0) > (before.hinted_total or 0)


async def _out_of_reach(_: Position) -> Any:  # noqa: ANN401
    told = "this page came out of a pickle; go on with client.search.resume(page.resume_token, page.search)"
    raise ScenarioError(told)


def following(page: SearchPage[Hit]) -> Position:
    """Give the position after a page; `ScenarioError` if it is the last."""
    if not page.has_next_page():
        raise ScenarioError("there is no next page: this one was not full; has_next_page() tells")
    return page.next_position


def page_parts(page: SearchPage[Any]) -> dict[str, Any]:
    """Give a page's fields, to build a page of another surface from."""
    return {field.name: getattr(page, field.name) for field in attrs.fields(SearchPage)}
