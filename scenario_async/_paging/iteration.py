"""Iteration over pages and hits: each hit once, whatever the totals say, and an end in every case."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypedDict, TypeVar, Unpack

import attrs

from scenario_async._annotations import evaluable
from scenario_async._http.reply import page_content
from scenario_async._observing import logs
from scenario_async._paging.page import (
    LinkedPage,
    Origin,
    begins_where_asked,
    ends_at_window,
    full_size,
    hinted_total,
    next_position,
    origin_of,
    received_ids,
)
from scenario_async._paging.position import Position
from scenario_async._paging.prefetch import Prefetch
from scenario_async._paging.token import id_digest, make_token
from scenario_async._support import checks
from scenario_async._support.hints import instead
from scenario_async.errors import APIError, ScenarioError, SearchWindowWarning, drop_frames
from scenario_async.models import Hit
from scenario_async.pages import LARGEST_PAGE, table_of
from scenario_async.searches import HitT_co

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from scenario_async._calls.call import Caller
    from scenario_async._http.reply import Reply
    from scenario_async._http.request import PreparedSearch
    from scenario_async._paging.seen import CompactIds
    from scenario_async._tables.table import HitTable
    from scenario_async.pages import StopReason
    from scenario_async.searches import Search

_HitT = TypeVar("_HitT", bound=Hit)
_READ_AT_ONCE: Final = 64 * 1024
"""Bytes of a page that is read in a moment too short to matter to others on the loop."""
_WINDOW: Final = (
    "the hits end where search engines stop to show them, so there may be more: read them all with "
    "`client.search.scan(search)`, or narrow the search"
)


class Limits(TypedDict, total=False):
    """How far an iteration goes, and how far ahead it fetches."""

    max_hits: int | None
    max_pages: int | None
    prefetch: int


class Hand:
    """One of several sources' turn to have a page read; they share `turns`.

    Hits that are taken as soon as they are made die young: the garbage collector need not look at them.
    """

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self._held = False

    async def take(self) -> None:
        """Wait for the turn."""
        await self._turns.acquire()
        self._held = True

    def give_back(self) -> None:
        """Let another have it, if it is held."""
        if self._held:
            self._held = False
            self._turns.release()


@attrs.frozen(eq=False)
class PageSource(Generic[HitT_co]):
    """Where the pages of a search come from: its request, and the caller that sends it.

    `known` are digests of ids that were delivered before, by the iteration that this one resumes. With a `hand`, a page
    is read when that is free, and holds it until it is taken. A pickled source has lost its caller.
    """

    search: Search[HitT_co]
    page_class: type[LinkedPage[Any]]
    prepared: PreparedSearch | None = attrs.field(default=None, repr=False)
    caller: Caller | None = attrs.field(default=None, repr=False)
    known: frozenset[bytes] = attrs.field(default=frozenset[bytes](), repr=False)
    hand: Hand | None = attrs.field(default=None, repr=False)
    kept: dict[str, Any] = attrs.field(factory=dict[str, Any], repr=False)
    """What others keep for all hits of this search."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.search, self.page_class, None, None, self.known)

    if not TYPE_CHECKING:  # what takes a pager apart, as FastAPI does with what is returned, comes to this
        __iter__ = instead(
            "a search that was not awaited: write `await` before it, and give its page or its hits"
        )

    async def page_at(self, position: Position) -> LinkedPage[HitT_co]:
        """Fetch a page, without the hits that were delivered before by the iteration that is resumed here."""
        if self.hand is not None:
            self.hand.give_back()  # of a page that nobody took, as there was nothing new in it
        reply = await self.reply_at(position)
        caller = self._known_caller()
        if self.hand is not None:
            await self.hand.take()
            return self._read(caller, reply, position)
        if len(reply.content) <= _READ_AT_ONCE:
            return self._read(caller, reply, position)
        turns = caller.turns.here()
        await turns.acquire()  # a few long pages in each round of the loop, so that others get a word in
        try:
            return self._read(caller, reply, position)
        finally:
            asyncio.get_running_loop().call_soon(turns.release)

    async def reply_at(self, position: Position) -> Reply:
        """Fetch the reply that has a page in it."""
        caller = self._known_caller()
        assert self.prepared is not None  # noqa: S101 - they come and go together
        return await caller.search(self.prepared.at(position.members()))

    def page_of(self, reply: Reply, position: Position) -> LinkedPage[HitT_co]:
        """Read a page out of its reply."""
        return self._read(self._known_caller(), reply, position)

    def _read(self, caller: Caller, reply: Reply, position: Position) -> LinkedPage[HitT_co]:
        try:
            content = page_content(reply, self.search.hit_class, invalid_hits=caller.settings.invalid_hits)
        except APIError as error:
            caller.signer.hide_in(error)
            logs.misread(reply, error, base_url=caller.settings.base_url)
            raise drop_frames(error)  # noqa: B904 - the same error
        hits: list[Hit] = content["hits"]
        received, dropped = len(hits) + len(content["invalid_hits"]), list[str]()
        if self.known:
            dropped = [hit.id for hit in hits if id_digest(hit.id) in self.known]
            content["hits"] = [hit for hit in hits if hit.id not in dropped]
        origin = Origin(self, position, received, dropped)
        return self.page_class(**content, response=reply.info, origin=origin)

    def _known_caller(self) -> Caller:
        if self.caller is None:
            way_out = "go on with client.search.resume(page.resume_token, page.search)"
            raise ScenarioError(f"this page came out of a pickle; {way_out}")
        return self.caller


class IterationStatus:
    """How far an iteration is; it outlives the iteration and holds nothing that runs."""

    def __init__(self, source: PageSource[Any], start: Position | None) -> None:
        self.stopped_because: StopReason | None = None
        self.duplicates = 0
        self.delivered: int = 0
        self._search: Search[Hit] = source.search
        self._known = sorted(source.known)
        self._start = start
        self._before: LinkedPage[Any] | None = None
        self._page: LinkedPage[Any] | None = None
        self._whole = False

    def begin(self, page: LinkedPage[Any], *, whole: bool, delivered: int = 0) -> None:
        """Take note of a page about to be delivered; it is `whole` if nothing was cut off its end."""
        self._before, self._page = self._page, page
        self._whole = whole
        self.delivered = delivered

    @property
    def resume_token(self) -> str:
        """Where to go on: after the last hit delivered."""
        page = self._page
        if page is None:
            start = self._start or Position.first(self._search, default_size=LARGEST_PAGE)
            return make_token(self._search, start, (), self._known)
        if self._whole and self.delivered == len(page.hits):
            return make_token(self._search, next_position(page), received_ids(page))
        origin = origin_of(page)
        before = [] if self._before is None else received_ids(self._before)
        delivered = [hit.id for hit in page.hits[: self.delivered]]
        known = self._known if self._before is None else ()
        return make_token(self._search, origin.position, [*before, *origin.dropped, *delivered], known)


@evaluable
class HasStatus:
    """What an iteration says of itself, whichever surface it has."""

    _status: IterationStatus

    @property
    def stopped_because(self) -> StopReason | None:
        """Why the iteration ended; None while it has not."""
        return self._status.stopped_because

    @property
    def duplicates(self) -> int:
        """How many hits were dropped because they had been delivered before."""
        return self._status.duplicates

    @property
    def resume_token(self) -> str:
        """A text that `client.search.resume(token, search)` goes on from, after the last hit delivered."""
        return self._status.resume_token


class Reading(Protocol[HitT_co]):
    """What reads the hits of a search page by page, on whatever event loop it is asked for the next one."""

    @property
    def source(self) -> PageSource[Any]: ...
    @property
    def status(self) -> IterationStatus: ...
    @property
    def is_under_way(self) -> bool:
        """Whether pages are asked for that nobody has taken."""
        ...

    async def next_page(self) -> LinkedPage[HitT_co] | None:
        """Give the next page with something new, None at the end."""
        ...

    async def aclose(self) -> None:
        """End here, and give up what is under way."""
        ...


async def hits_of(reading: Reading[_HitT]) -> AsyncGenerator[_HitT]:
    """Give hit after hit."""
    status = reading.status
    try:
        while (page := await reading.next_page()) is not None:
            for hit in page.hits:
                status.delivered += 1
                yield hit
    finally:
        await reading.aclose()


class Iteration(Generic[HitT_co]):
    """One iteration over pages: from where the search itself begins, from a position, or from a page that is there.

    Gives no hit twice and no empty page, and none that `seen` has. `aclose` it, or iterate its `pages()` or `hits_of` it,
    which do.
    """

    def __init__(
        self,
        source: PageSource[HitT_co],
        start: Position | None = None,
        *,
        first_page: LinkedPage[HitT_co] | None = None,
        seen: CompactIds | None = None,
        **limits: Unpack[Limits],
    ) -> None:
        checked = {name: checks.integer(limits.get(name), name, least=0) for name in Limits.__annotations__}
        self.source = source
        self._position = start or Position.first(source.search, default_size=LARGEST_PAGE)
        self.status: IterationStatus = IterationStatus(source, self._position)
        self._first_page = first_page
        self._hits_left = checked["max_hits"]
        self._pages_left = checked["max_pages"]
        self._prefetch = Prefetch(source, checked["prefetch"] or 0)
        self._seen: set[str] | CompactIds = set() if seen is None else seen
        self._was_last: StopReason | None = None
        self._ended = False

    @property
    def ends_because(self) -> StopReason | None:
        """Why there is nothing behind the page that was given last, as far as that is known without asking for it."""
        if self._was_last is not None:
            return self._was_last
        if self._hits_left == 0 or self._pages_left == 0:
            return "max_hits" if self._hits_left == 0 else "max_pages"
        return None

    @property
    def is_under_way(self) -> bool:
        return self._prefetch.is_under_way

    async def next_page(self) -> LinkedPage[HitT_co] | None:
        """Give the next page with something new, None at the end."""
        found: LinkedPage[HitT_co] | StopReason | None = None
        try:
            found = None if self._ended else await self._next_page()
        finally:
            if not isinstance(found, LinkedPage):
                await self.aclose()
        if self._ended and isinstance(found, LinkedPage):  # another task closed it meanwhile
            return None
        if found is None or isinstance(found, LinkedPage):
            return found
        self.status.stopped_because = found
        if found == "window":
            warnings.warn(SearchWindowWarning(_WINDOW), stacklevel=2)
        return None

    async def aclose(self) -> None:
        """End here, and give up what is under way."""
        self._ended = True
        await self._prefetch.aclose()

    async def pages(self) -> AsyncGenerator[LinkedPage[HitT_co]]:
        """Give page after page, each delivered as one."""
        try:
            while (page := await self.next_page()) is not None:
                self.status.delivered = len(page.hits)
                yield page
        finally:
            await self.aclose()

    async def collect(self, hits: AsyncGenerator[HitT_co] | None = None) -> HitTable[HitT_co]:
        """Read to the end, by `hits` where that iterates this already, and give a table of what came."""
        kept = [hit async for hit in hits or hits_of(self)]
        status, source = self.status, self.source
        return table_of(kept, source.search, status.stopped_because, status.duplicates, source=source)

    async def _next_page(self) -> LinkedPage[HitT_co] | StopReason:
        """Give the next page with something new, or why there is none."""
        if (reason := self.ends_because) is not None:
            return reason
        page, self._first_page = self._first_page, None
        if page is None:
            page = await self._prefetch.page_at(self._position)
        fresh = self._without_repeats(page)
        if _nothing_in(fresh):
            page, fresh = await self._beyond_known(page, fresh)
        if origin_of(page).received == 0:
            follows = bool(self._seen or self.source.known)
            return "window" if ends_at_window(page, follows=follows) else "empty_page"
        if _nothing_in(fresh):
            return "repeated_page"
        whole = self._hits_left is None or len(fresh.hits) <= self._hits_left
        if not whole:
            fresh = attrs.evolve(fresh, hits=fresh.hits[: self._hits_left])
        if self._hits_left is not None:
            self._hits_left -= len(fresh.hits)
        if self._pages_left is not None:
            self._pages_left -= 1
        self._prefetch.refill(page, self._hits_left, self._pages_left)
        self.status.begin(fresh, whole=whole)
        self._position = next_position(page)
        if whole and not page.has_next_page():
            self._was_last = "window" if ends_at_window(page, follows=True) else "exhausted"
        return fresh

    async def _beyond_known(
        self, page: LinkedPage[HitT_co], fresh: LinkedPage[HitT_co]
    ) -> tuple[LinkedPage[HitT_co], LinkedPage[HitT_co]]:
        """Go on from a page of known hits to the first one with something new.

        Such a page comes when as many hits as it holds, or more, came in before it. It is the end if the service
        says that it begins elsewhere than asked, if it repeats the one before while the total did not grow, or if
        there were many more of them than hits that could have shifted.
        """
        most = 2 * ((len(self._seen) + len(self.source.known)) // full_size(page) + 1)
        for _ in range(most):
            if not (page.has_next_page() and begins_where_asked(page)):
                break
            before = page
            self._position = next_position(page)
            page = await self._prefetch.page_at(self._position)
            fresh = self._without_repeats(page)
            if not _nothing_in(fresh) or (_same(page, before) and not _grew(page, before)):
                break
        return page, fresh

    def _without_repeats(self, page: LinkedPage[HitT_co]) -> LinkedPage[HitT_co]:
        seen = self._seen
        dropped: list[str] = list(origin_of(page).dropped)
        self.status.duplicates += len(dropped)
        ids = [hit.id for hit in page.hits]
        new = set(ids)
        if len(new) == len(ids) and not page.invalid_hits and seen.isdisjoint(new):
            seen.update(new)
            return page
        dropped += [each for each in ids if each in seen]  # those that the page has twice are still to come
        fresh: list[HitT_co] = []
        for hit in page.hits:
            if hit.id not in seen:
                seen.add(hit.id)
                fresh.append(hit)
        self.status.duplicates += len(page.hits) - len(fresh)
        invalid = [each for each in page.invalid_hits if self._is_new(json.dumps(each, sort_keys=True))]
        origin = attrs.evolve(origin_of(page), dropped=dropped)
        return attrs.evolve(page, hits=fresh, invalid_hits=invalid, origin=origin)

    def _is_new(self, key: str) -> bool:
        new = key not in self._seen
        self._seen.add(key)
        return new


def iteration_from(page: LinkedPage[_HitT], **limits: Unpack[Limits]) -> Iteration[_HitT]:
    """Make the iteration that begins with a page."""
    origin = origin_of(page)
    return Iteration(origin.source, origin.position, first_page=page, **limits)


def _nothing_in(page: LinkedPage[Any]) -> bool:
    return not page.hits and not page.invalid_hits


def _same(page: LinkedPage[Any], other: LinkedPage[Any]) -> bool:
    return received_ids(page) == received_ids(other) and page.invalid_hits == other.invalid_hits


def _grew(page: LinkedPage[Any], before: LinkedPage[Any]) -> bool:
    return (hinted_total(page) or 0) > (hinted_total(before) or 0)
