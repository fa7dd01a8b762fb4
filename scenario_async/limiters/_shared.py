"""The queue in which requests of several processes wait: what its limiters do alike.

Who comes draws a ticket, and asks the shared store with it. The store grants it, or says how long it takes until the
ticket's turn; the ticket keeps its turn as long as its owner asks again in time, so that one whose process died holds
nobody up for long. A ticket counts from the moment at which it is granted, and anew from the start and the end of its
attempt where those come late.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar
from uuid import uuid4

import attrs

from scenario_async._calls.admission import CoolDown
from scenario_async._calls.quota import Quota, RateLimit
from scenario_async._support import checks
from scenario_async._support.lifetimes import PerLoop
from scenario_async._support.logger import log
from scenario_async.errors import ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from scenario_async._calls.quota import Place, Waiter

_T = TypeVar("_T")
OnFailure: TypeAlias = Literal["closed", "open"]
"""What a shared limiter does when its file or Redis fails: let calls fail, or let them through."""
_ON_FAILURE: Final = checks.one_of("closed", "open")

_MARGIN: Final = 0.03
_LARGEST_MARGIN: Final = 0.25
_LONGEST_SLEEP: Final = 2.0
_PATIENCE: Final = 3.0
_PATIENCE_OF_THE_CANCELLED: Final = 1.0
_HANGING: Final = 0.25
_MOMENT: Final = 0.05
_APART: Final = 5.0
_SHUT: Final = 1.0
_LONGEST_COOL_DOWN: Final = 24 * 3600.0

LEASE: Final = 10.0
"""Seconds after which a ticket that nobody asked with has lost its turn."""


@attrs.define(eq=False)
class Ticket:
    """A turn in the queue; `given_up` once nobody waits for it any more."""

    name: str = attrs.field(factory=lambda: uuid4().hex)
    given_up: bool = False
    asking: asyncio.Future[Answer] | None = None
    asked_at: float = 0.0

    def hangs(self) -> bool:
        """Tell whether the store has not answered it for so long that it seems to hang."""
        unanswered = self.asking is not None and not self.asking.done()
        return unanswered and time.monotonic() - self.asked_at > _HANGING


@attrs.frozen
class Answer:
    """How many seconds a ticket has to wait, 0 when it is granted.

    If the wait is for a cool-down, `cool_down` is how long that one is in all.
    """

    wait: float
    cool_down: float = 0.0


class Store(Protocol):
    """What processes share; each method is atomic, and may be repeated."""

    failures: ClassVar[tuple[type[Exception], ...]]
    """What its methods raise when it fails."""

    async def ask(self, ticket: Ticket) -> Answer:
        """Grant a ticket at this moment, or say how long it takes."""
        ...

    async def give_back(self, ticket: Ticket) -> None:
        """Forget a ticket, granted or not."""
        ...

    async def count(self, ticket: Ticket) -> None:
        """Let a ticket that was granted count from now on."""
        ...

    async def hold(self, seconds: float) -> None:
        """Grant nothing for so long; a longer cool-down that runs already stays."""
        ...


def window(per: float) -> float:
    """Give the seconds in which to grant what may arrive in `per` seconds.

    Requests travel unequally long, and the service counts at its door.
    """
    return per + min(_LARGEST_MARGIN, per * _MARGIN)


class _Here:
    """What one process knows for itself; a forked child makes its own."""

    def __init__(self, requests: int, per: float) -> None:
        self.pid = os.getpid()
        self.queues = PerLoop(asyncio.Lock)
        self.quota = RateLimit(requests, per)
        self.cool_down = CoolDown()
        self.failure = ""
        self.apart_until = 0.0

    def is_apart(self) -> bool:
        """Tell whether the store is left alone, because it failed a moment ago."""
        return time.monotonic() < self.apart_until

    def leave(self, seconds: float) -> None:
        """Leave the store alone for so long."""
        self.apart_until = time.monotonic() + seconds


class _FailedError(Exception):
    """The store failed, in one way or another."""


class SharedQueue(Quota):
    """Waits in a shared store; `name` tells users which store that is.

    A store that gives no answer within `patience` seconds has failed. Then "closed" raises `ScenarioError`, for those who
    come within the next second as well, and "open" lets requests go at this process's own pace, and tries the store
    again a little later.
    """

    def __init__(
        self,
        store: Store,
        quota: RateLimit,
        *,
        name: str,
        on_failure: OnFailure,
        patience: float | None = None,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._quota = quota
        self._name = name
        self._on_failure = on_failure
        self._patience = _PATIENCE if patience is None else patience
        self._sleep = sleep
        self._slack = window(quota.per) - quota.per
        self.lasts = quota.per
        self._known = _Here(quota.requests, quota.per)

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""
        here = self._here()
        async with here.queues.here():  # its waiters are served in order, so only the first one has a ticket
            ticket = Ticket()
            if await self._together(here, lambda: self._turn(here, ticket, waiter)):
                return _Granted(self, ticket)
            while (wait := here.cool_down.left()) > 0:
                waiter.held_back(wait, wait)
                await self._sleep(wait)
            return await here.quota.take(waiter)

    async def cool_down(self, seconds: float) -> None:
        """Hold back all who share the store."""
        if not seconds > 0:
            return
        seconds = min(seconds, _LONGEST_COOL_DOWN)
        here = self._here()
        here.cool_down.impose(seconds)
        await self._together(here, lambda: self._settled(self._store.hold(seconds)))

    def is_late(self, seconds: float) -> bool:
        """Tell whether it was granted so long ago that it has to count anew."""
        return seconds > self._slack / 2  # the other half is for the way

    async def count(self, ticket: Ticket) -> None:
        """Let a ticket count from now on."""
        with suppress(_FailedError):
            await self._settled(self._store.count(ticket))

    async def give_back(self, ticket: Ticket) -> None:
        """Let another request have a ticket's turn."""
        ticket.given_up = True
        if ticket.asking is not None:
            await _settled(ticket.asking)
        with suppress(_FailedError):
            await self._settled(self._store.give_back(ticket))

    async def _turn(self, here: _Here, ticket: Ticket, waiter: Waiter) -> None:
        try:
            while (answer := await self._asked(ticket)).wait > 0:
                if answer.cool_down:
                    waiter.held_back(answer.wait, answer.cool_down)
                else:
                    waiter.must_wait(answer.wait)
                await self._sleep(min(answer.wait, _LONGEST_SLEEP))
        except _FailedError:  # a store that fails is not asked to take anything back
            ticket.given_up = True
            raise
        except BaseException:
            if self._on_failure == "open" and ticket.hangs():
                here.leave(_APART)
            await _for_a_moment(self, self.give_back(ticket))
            raise

    async def _asked(self, ticket: Ticket) -> Answer:
        ticket.asked_at = time.monotonic()
        ticket.asking = asyncio.ensure_future(self._store.ask(ticket))
        return await self._answered(ticket.asking)

    async def _settled(self, doing: Coroutine[Any, Any, _T]) -> _T:
        task = asyncio.ensure_future(doing)
        try:
            return await self._answered(task)
        except asyncio.CancelledError:
            await _for_a_moment(self, _settled(task))
            raise

    async def _answered(self, task: asyncio.Future[_T]) -> _T:
        await asyncio.wait([task], timeout=self._patience)
        await _ended(task)
        failure = f"no answer within {self._patience:g} s"
        if task.done() and not task.cancelled():
            error = task.exception()
            if error is None:
                return task.result()
            if not isinstance(error, self._store.failures):
                raise error
            failure = redact(f"{type(error).__name__}: {error}")
            del error
        del task  # with the frames of a driver, which hold passwords
        raise _FailedError(failure)

    async def _together(self, here: _Here, do: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Do something in the shared store, and tell whether it was done."""
        if not here.is_apart():
            try:
                await do()
            except _FailedError as error:
                here.failure = str(error)
                here.leave(_APART if self._on_failure == "open" else _SHUT)
                if self._on_failure == "open":
                    log(logging.WARNING, "%s; this process goes on at its own pace", self._failure(here))
            else:
                return True
        if self._on_failure == "closed":
            raise ScenarioError(self._failure(here))
        return False

    def _failure(self, here: _Here) -> str:
        return (
            f"the pace shared over {self._name} cannot be kept: {here.failure}; bring that back, or choose "
            'on_failure="open" to go on at the pace of each process'
        )

    def _here(self) -> _Here:
        if self._known.pid != os.getpid():
            self._known = _Here(self._quota.requests, self._quota.per)
        return self._known


class _Granted:
    """A place in the quota: a ticket that the store granted."""

    __slots__ = ("_counted_at", "_queue", "_ticket", "_timer")

    def __init__(self, queue: SharedQueue, ticket: Ticket) -> None:
        self._queue, self._ticket, self._counted_at = queue, ticket, ticket.asked_at
        self._timer: asyncio.TimerHandle | None = None

    def starts(self) -> None:
        """Count until the attempt ends: anew now and then, before the store forgets it."""
        self._count_if_late()
        self._timer = asyncio.get_running_loop().call_later(self._queue.lasts / 2, self.starts)

    def ends(self) -> None:
        """Count from now on."""
        if self._timer is not None:
            self._timer.cancel()
        self._count_if_late()

    def _count_if_late(self) -> None:
        """Count anew, if the window's margin does not cover what went by since the ticket was counted last."""
        now = time.monotonic()
        if self._queue.is_late(now - self._counted_at):
            self._counted_at = now
            _meanwhile(self._queue, self._queue.count(self._ticket))

    async def give_back(self) -> None:
        """Let another request have it."""
        await _for_a_moment(self._queue, self._queue.give_back(self._ticket))


_MEANWHILE: Final[dict[asyncio.Task[None], SharedQueue]] = {}


def _meanwhile(queue: SharedQueue, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Do something in the background, because a request that goes out does not wait for it.

    The queue is kept until then. If the end of the loop cancels it, it is kept a little longer, so that the loop
    itself closes the connections that belong to it.
    """
    for task in list(_MEANWHILE):
        if task.get_loop().is_closed():
            _MEANWHILE.pop(task, None)
    task = asyncio.ensure_future(doing)
    _MEANWHILE[task] = queue
    task.add_done_callback(_done)
    return task


async def _for_a_moment(queue: SharedQueue, doing: Coroutine[Any, Any, None]) -> None:
    """Do something, and wait long enough for a store that is well; no deadline is to wait for one that hangs."""
    await asyncio.wait([_meanwhile(queue, doing)], timeout=_MOMENT)


def _done(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        _MEANWHILE.pop(task, None)
        task.exception()  # at the end of the program there may be no thread to be had, and nobody else would look


async def _settled(task: asyncio.Future[Any]) -> None:
    """Give it a moment to end by itself: drivers that are cut off while they connect leave their sockets open."""
    await asyncio.wait([task], timeout=_PATIENCE_OF_THE_CANCELLED)
    await _ended(task)


async def _ended(task: asyncio.Future[Any]) -> None:
    """Cancel a task that is not done, and again if that is not enough: drivers swallow it while they connect."""
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    for _ in range(3):
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_PATIENCE_OF_THE_CANCELLED / 3)


def checked_requests(value: int) -> int:
    """Take what `RateLimit` takes."""
    return RateLimit(value).requests


def checked_per(value: float) -> float:
    """Take what `RateLimit` takes."""
    return RateLimit(1, value).per


def checked_on_failure(value: OnFailure | None) -> OnFailure:
    """Take "closed" or "open"; None is "closed"."""
    if value is not None:
        _ON_FAILURE(value, "on_failure")
    return value or "closed"
