"""The line in which requests of several processes wait: what its limiters do alike.

Who comes draws a ticket, and asks the shared place with it. The place grants a departure, or tells how long
it takes until the ticket's turn; the ticket keeps its turn as long as its owner asks again in time, so that
one whose process died holds nobody up for long. A departure counts from the moment at which it is granted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol, TypeAlias, TypeVar
from uuid import uuid4

import attrs

from scenario_async import _checks
from scenario_async._limits import CoolDown, PerLoop, RateLimit, spread, window
from scenario_async.errors import ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_T = TypeVar("_T")
OnFailure: TypeAlias = Literal["closed", "open"]

_LOG: Final = logging.getLogger("scenario_async")
_LONGEST_SLEEP: Final = 2.0
_PATIENCE: Final = 3.0
_PATIENCE_OF_THE_CANCELLED: Final = 1.0
_APART: Final = 5.0
_LONGEST_COOL_DOWN: Final = 24 * 3600.0

LEASE: Final = 10.0
"""Seconds after which a ticket that nobody asked with has lost its turn."""


@attrs.define(eq=False)
class Ticket:
    """A place in the line; `given_up` once nobody waits for it any more."""

    name: str = attrs.field(factory=lambda: uuid4().hex)
    given_up: bool = False


@attrs.frozen
class Answer:
    """How many seconds a ticket has to wait, 0 for a departure.

    If the wait is for a cool-down, `cool_down` is how long that one is in all.
    """

    wait: float
    cool_down: float = 0.0


class Place(Protocol):
    """What processes share; each method is atomic, and may be repeated."""

    failures: ClassVar[tuple[type[Exception], ...]]
    """What its methods raise when it fails."""

    async def ask(self, ticket: Ticket) -> Answer:
        """Grant a departure at this moment, or tell how long it takes."""
        ...

    async def give_back(self, ticket: Ticket) -> None:
        """Forget a ticket, and the departure granted to it."""
        ...

    async def hold(self, seconds: float) -> None:
        """Grant nothing for so long; a longer cool-down that runs already stays."""
        ...


class _Here:
    """What one process knows for itself; a forked child makes its own."""

    def __init__(self, requests: int, per: float) -> None:
        self.pid = os.getpid()
        self.queues = PerLoop(asyncio.Lock)
        self.pace = RateLimit(requests, per)
        self.cool_down = CoolDown()
        self.apart_until = 0.0


class Line:
    """Waits in a shared place; `name` tells users which place that is.

    If the place fails, "closed" raises `ScenarioError`, and "open" lets requests leave at this process's own
    pace, and tries the place again a little later.
    """

    def __init__(
        self,
        place: Place,
        pace: RateLimit,
        *,
        name: str,
        on_failure: OnFailure,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._place = place
        self._pace = pace
        self._name = name
        self._on_failure = on_failure
        self._sleep = sleep
        self._slack = window(pace.per) - pace.per
        self._known = _Here(pace.requests, pace.per)

    async def acquire(self) -> None:
        """Return when a request may leave; a cancelled wait takes nothing."""
        here = self._here()
        async with here.queues.get():  # its waiters are served in order, so only the first one has a ticket
            if not await self._together(here, self._turn()):
                while (wait := here.cool_down.remaining()) > 0:
                    await self._sleep(wait)
                await here.pace.acquire()

    async def cool_down(self, seconds: float) -> None:
        """Hold back all who share the place."""
        if not seconds > 0:
            return
        seconds = min(seconds, _LONGEST_COOL_DOWN)
        here = self._here()
        here.cool_down.impose(seconds)
        await self._together(here, self._told(self._place.hold(seconds), _PATIENCE))

    async def _turn(self) -> None:
        ticket = Ticket()
        repeated = False
        try:
            while True:
                asked = time.monotonic()
                answer = await self._told(self._place.ask(ticket), _PATIENCE)
                if answer.wait > 0:
                    await self._sleep(_nap(answer))
                elif repeated or time.monotonic() - asked <= self._slack:
                    return
                else:  # the grant is older than the window's margin: it has to count from now
                    repeated = True
        except ScenarioError:
            ticket.given_up = True
            raise
        except asyncio.CancelledError:
            ticket.given_up = True
            with suppress(ScenarioError):
                await self._told(self._place.give_back(ticket), _PATIENCE_OF_THE_CANCELLED)
            raise

    async def _told(self, doing: Coroutine[Any, Any, _T], patience: float) -> _T:
        task = asyncio.ensure_future(doing)
        try:
            await asyncio.wait([task], timeout=patience)
        except asyncio.CancelledError:
            # A moment to end by itself: drivers that are cut off while they connect leave their sockets open.
            await asyncio.wait([task], timeout=_PATIENCE_OF_THE_CANCELLED)
            raise
        finally:
            await _ended(task)
        failure = f"no answer within {patience:g} s"
        if task.done() and not task.cancelled():
            error = task.exception()
            if error is None:
                return task.result()
            if not isinstance(error, self._place.failures):
                raise error
            failure = redact(f"{type(error).__name__}: {error}")
            del error
        del task  # with the frames of a driver, which hold passwords
        raise ScenarioError(
            f"the pace shared over {self._name} cannot be kept: {failure}; bring that back, or choose "
            'on_failure="open" to go on at the pace of each process'
        )

    async def _together(self, here: _Here, doing: Coroutine[Any, Any, None]) -> bool:
        """Do something in the shared place, and tell whether it was done."""
        if time.monotonic() < here.apart_until:
            doing.close()
            return False
        try:
            await doing
        except ScenarioError as error:
            if self._on_failure == "closed":
                raise
            here.apart_until = time.monotonic() + _APART
            _LOG.warning("%s; this process goes on at its own pace", error)
            return False
        return True

    def _here(self) -> _Here:
        if self._known.pid != os.getpid():
            self._known = _Here(self._pace.requests, self._pace.per)
        return self._known


async def _ended(task: asyncio.Task[Any]) -> None:
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
    if value not in (None, "closed", "open"):
        _checks.refuse("on_failure", value, 'it must be "closed" or "open"')
    return value or "closed"


def _nap(answer: Answer) -> float:
    """Give the seconds to sleep before asking again, so that not all leave at one moment after a cool-down."""
    if answer.wait > _LONGEST_SLEEP:
        return _LONGEST_SLEEP
    return answer.wait + random.random() * spread(answer.cool_down)  # noqa: S311 - no secret
