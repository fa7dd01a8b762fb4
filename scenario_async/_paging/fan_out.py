"""Many searches, a few under way at a time, and their pages as they come.

Each search is read by a task of its own, which holds one page at most that waits to be taken: a slow taker stops the
fetching. Taking, offering and ending cost the same however many searches are under way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, NoReturn, TypeAlias, TypeVar, cast

import attrs

from scenario_async._annotations import evaluable
from scenario_async._http.structure import loose
from scenario_async._paging.iteration import Hand
from scenario_async._support import checks
from scenario_async.errors import ScenarioError, drop_frames
from scenario_async.models import Hit
from scenario_async.pages import SearchPage
from scenario_async.searches import HitT_co, Search

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from scenario_async._paging.iteration import Iteration
    from scenario_async.pages import StopReason


_HitT = TypeVar("_HitT", bound=Hit)
FanOutItem: TypeAlias = "FanOutHit[_HitT] | FanOutError[_HitT] | FanOutEnd[_HitT]"
"""What `fan_out` may give: a hit, the error of a search, or the end of a search."""
Order: TypeAlias = Literal["completed", "submitted"]
"""In which order `fan_out` gives hits: as pages arrive, or in the order of the input."""
OnError: TypeAlias = Literal["raise", "yield"]
"""What `fan_out` does when a search fails: raise the error and cancel the rest, or give a `FanOutError` and go on."""
_ORDER: Final = checks.one_of("completed", "submitted")
_ON_ERROR: Final = checks.one_of("raise", "yield")


@attrs.frozen
class FanOutHit(Generic[HitT_co]):
    """A hit of one of several searches."""

    index: int
    """Which search of the input it is, counted from 0."""
    search: Search[HitT_co]
    """The search that found it."""
    hit: HitT_co
    """The hit."""


@attrs.frozen
class FanOutError(Generic[HitT_co]):
    """One of several searches failed."""

    index: int
    """Which search of the input it is, counted from 0."""
    search: Search[HitT_co]
    """The search that failed."""
    error: ScenarioError
    """What it failed with."""


@evaluable
@attrs.frozen
class FanOutEnd(Generic[HitT_co]):
    """One of several searches is finished."""

    index: int
    """Which search of the input it is, counted from 0."""
    search: Search[HitT_co]
    """The search that is finished."""
    hits: int
    """How many hits it gave."""
    stopped_because: StopReason | None
    """Why it ended."""


class _Member:
    """A search under way, and what it offers to the taker."""

    __slots__ = ("hand", "index", "offered", "over", "search", "taken")

    def __init__(self, index: int, search: Search[Any], hand: Hand | None) -> None:
        self.index = index
        self.search = search
        self.hand = hand
        self.offered: SearchPage[Any] | FanOutEnd[Any] | Exception | None = None
        self.taken: asyncio.Future[None] | None = None
        self.over = False


class FanOut(Generic[_HitT]):
    """Searches under way, and what they gave: as it comes or (`ordered`) search after search.

    `feed` it, or as long as there is `room` put a search into `given`, and in the end `no_more`; `take` until that gives
    None. An error ends its own search alone. `aclose` cancels what is under way.
    """

    def __init__(
        self,
        open_iteration: Callable[[Search[_HitT], Hand | None], Iteration[_HitT]],
        *,
        concurrency: int,
        ordered: bool,
        on_error: OnError,
        ends: bool = False,
    ) -> None:
        self._open_iteration = open_iteration
        self._concurrency = concurrency
        self._ordered = ordered
        self._on_error = on_error
        self._ends = ends
        self.given: object = None
        self.no_more: Final = object()
        self._started = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_order: deque[_Member] = deque()
        self._offering: deque[_Member] = deque()
        self._news = asyncio.Event()
        self._place_free = asyncio.Event()
        self._turns = asyncio.Semaphore(1)
        self._no_more = False
        self._closed = False
        self._input_error: BaseException | None = None

    @property
    def room(self) -> bool:
        """Whether another search may be started."""
        return not self._no_more and len(self._tasks) < self._concurrency

    def _start(self, search: Search[_HitT]) -> None:
        """Begin to read a search; what is wrong with it is raised here."""
        # In order, those behind would keep the first from reading.
        hand = None if self._ordered else Hand(self._turns)
        try:
            iteration = self._open_iteration(search, hand)
        except ScenarioError as error:
            del search  # what is no search may be a mapping with a picture in it
            raise drop_frames(error)  # noqa: B904 - the same error
        member = _Member(self._started, search, hand)
        self._started += 1
        if self._ordered:
            self._in_order.append(member)
        task = asyncio.create_task(self._read(member, iteration))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _start_given(self) -> None:
        try:
            if self._closed:
                return
            if self.given is self.no_more:
                self._end_input()
            elif self.given is not None:
                self._start(cast("Search[_HitT]", self.given))
        finally:
            self.given = None

    def _end_input(self, error: BaseException | None = None) -> None:
        """Take note that all searches were started, or that reading them failed."""
        self._no_more = True
        self._input_error = error
        self._news.set()

    async def feed(self, searches: AsyncIterator[Search[_HitT]]) -> None:
        """Start searches of an iterator, which is read only as there is room."""
        error: BaseException | None = None
        try:
            while True:
                while not self.room:
                    self._place_free.clear()
                    await self._place_free.wait()
                self.given = await anext(searches, self.no_more)
                self._start_given()
                if self._no_more:
                    return
        except Exception as failure:  # noqa: BLE001 - the taker raises it
            error = failure
        except asyncio.CancelledError:
            if not self._closed:
                self._end_input(asyncio.CancelledError())
            raise
        self._end_input(error)
        del error  # it holds this frame

    async def take(self, *, or_room: bool = False) -> Iterator[FanOutItem[_HitT]] | None:
        """Give the hits of the next page, one by one, or the error of a search; None at the end.

        With `or_room` this gives nothing instead of waiting while another search may be started.
        """
        self._start_given()
        while True:
            if self._input_error is not None:
                self._raise_input_error(self._input_error)
            member = self._next_offering()
            if member is not None:
                return self._taken(member)
            if not self._tasks and self._no_more:
                return None
            if or_room and self.room:
                return iter(())
            self._news.clear()
            await self._news.wait()

    def _raise_input_error(self, error: BaseException) -> NoReturn:
        self._input_error = None
        try:
            raise error
        finally:
            del error  # it holds this frame, which would hold it

    async def aclose(self) -> None:
        """Cancel what is under way, and start nothing more."""
        self._no_more = self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._offering.clear()
        self._in_order.clear()

    async def _read(self, member: _Member, iteration: Iteration[_HitT]) -> None:
        """Read one search to its end, offering page after page."""
        hits = 0
        try:
            while (page := await iteration.next_page()) is not None:
                hits += len(page.hits)
                await self._offer(member, page)
            if self._ends:
                reason = iteration.status.stopped_because
                await self._offer(member, FanOutEnd(member.index, member.search, hits, reason))
        except Exception as error:  # noqa: BLE001 - the taker decides what becomes of it
            await self._offer(member, error)
        finally:
            if member.hand is not None:
                member.hand.give_back()
        member.over = True

    async def _offer(self, member: _Member, offered: SearchPage[Any] | FanOutEnd[Any] | Exception) -> None:
        member.offered = offered
        member.taken = asyncio.get_running_loop().create_future()
        if not self._ordered:
            self._offering.append(member)
        self._news.set()
        try:
            await member.taken
        finally:
            member.taken = None  # cancelled, it holds this frame

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() and not self._closed:  # by a limiter or a signer of the caller's
            self._end_input(asyncio.CancelledError())  # which the taker must hear of
        self._place_free.set()
        self._news.set()

    def _next_offering(self) -> _Member | None:
        """Give the search whose turn it is, if it has something."""
        if not self._ordered:
            return self._offering.popleft() if self._offering else None
        while self._in_order and self._in_order[0].over:
            self._in_order.popleft()
        first = self._in_order[0] if self._in_order else None
        return first if first is not None and first.offered is not None else None

    def _taken(self, member: _Member) -> Iterator[FanOutItem[_HitT]]:
        """Take what a search offers, and let it go on."""
        index, search = member.index, member.search
        offered, member.offered = member.offered, None
        if member.hand is not None:
            member.hand.give_back()
        if member.taken is not None and not member.taken.done():
            member.taken.set_result(None)
        if isinstance(offered, SearchPage):
            return _hits_of(index, search, offered.hits)
        if isinstance(offered, FanOutEnd):
            return iter([offered])
        if isinstance(offered, ScenarioError) and self._on_error == "yield":
            return iter([FanOutError(index, search, offered)])
        assert offered is not None  # noqa: S101 - who offers nothing is not asked
        try:
            raise offered
        finally:
            del offered  # it holds this frame, which would hold it


def _hits_of(index: int, search: Search[_HitT], hits: Iterable[_HitT]) -> Iterator[FanOutHit[_HitT]]:
    """Make the items of a page, each when it is taken."""
    for hit in hits:
        made = _LOOSE_HIT()
        made.index, made.search, made.hit = index, search, hit
        made.__class__ = FanOutHit
        yield made


_LOOSE_HIT: Final = loose(FanOutHit)


def check_fan_out(
    concurrency: int, max_hits: int | None, order: Order, on_error: OnError, *, ends: bool
) -> None:
    """Refuse what `fan_out` cannot do."""
    if checks.integer(concurrency, "concurrency", least=1) is None:
        checks.refuse("concurrency", concurrency, "it must be an int")
    checks.integer(max_hits, "max_hits", least=0)
    _ORDER(order, "order")
    _ON_ERROR(on_error, "on_error")
    checks.truth(ends, "ends")
