"""The pace of requests: how many may leave in a window of time, counted as they leave."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeAlias

import attrs

from scenario_async import _checks
from scenario_async._forks import begins_anew
from scenario_async._loops import PerLoop

_MARGIN: Final = 0.03
_LARGEST_MARGIN: Final = 0.25
_LOOK_AGAIN: Final = 0.05


def window(per: float) -> float:
    """Give the seconds in which to let go what may arrive in `per` seconds.

    Requests travel unequally long, and the service counts at its door.
    """
    return per + min(_LARGEST_MARGIN, per * _MARGIN)


HeldBack: TypeAlias = Callable[[float, float], None]
"""Is told that nobody may leave for so many seconds, the rest of a cool-down so long; it may raise to end the wait."""


class Departure(Protocol):
    """A place in the pace of a request that was let go.

    A busy loop, a slow hook or a new connection can lie between that and the moment at which it leaves, from which
    it has to count.
    """

    def leaves(self) -> None:
        """Count the request from now on."""
        ...

    async def given_up(self) -> None:
        """Let another request have the place, unless this one left."""
        ...


class Pace(ABC):
    """What our own limiters have beyond the two methods of `RateLimiter`: they count what leaves."""

    __slots__ = ()

    @abstractmethod
    async def take(self, held_back: HeldBack) -> Departure:
        """Give a place when a request may leave; a cancelled wait takes nothing."""

    async def acquire(self) -> None:
        """Return when a request may leave; a cancelled wait takes nothing."""
        (await self.take(_wait_for_it)).leaves()


def _wait_for_it(seconds: float, length: float) -> None:
    """Wait for the end of a cool-down, however long it takes."""


def _requests(value: int) -> int:
    return _checks.integer(value, "requests", least=1) or 1


def _per(value: float) -> float:
    return _checks.seconds(value, "per") or 60.0


@attrs.frozen(eq=False)
class RateLimit(Pace):
    """A pace: at most `requests` in any `per` seconds, first come first served.

    One object may be given to several clients, which then keep the pace together, across loops and threads
    of one process. A copy by pickle keeps the pace, and starts with an empty window.
    """

    requests: int = attrs.field(converter=_requests)
    per: float = attrs.field(default=60.0, converter=_per)
    _window: Window = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_window", Window(self.requests, self.per))

    async def take(self, held_back: HeldBack) -> Departure:
        """Give a place when a request may leave; a cancelled wait takes nothing."""
        return await self._window.take(held_back)

    def cool_down(self, seconds: float) -> None:
        """Do nothing: the client itself waits out a 429."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.requests, self.per)


class Window(Pace):
    """The moments at which the last requests left, and those which were let go and have not left yet."""

    def __init__(
        self,
        requests: int,
        per: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._requests = requests
        self._per = window(per)
        self._now = now
        self._sleep = sleep
        self._left_at: deque[float] = deque()
        self._queues = PerLoop(asyncio.Lock)
        self.forget()
        begins_anew(self)

    def forget(self) -> None:
        """Begin anew in a child that was just forked: the moments stay, what is under way leaves from the parent."""
        self._lock = threading.Lock()
        self._under_way: set[_Place] = set()

    async def take(self, held_back: HeldBack) -> Departure:
        """Give a place when there is one."""
        del held_back  # there is no other process to say so
        place = _Place(self)
        async with self._queues.get():  # its waiters are served in order, so only the first one sleeps
            while (wait := self._wait(place)) > 0:
                await self._sleep(wait)
        return place

    def left(self, place: _Place) -> None:
        """Note that the request of a place leaves."""
        with self._lock:
            self._under_way.discard(place)
            self._left_at.append(self._now())

    def given_up(self, place: _Place) -> None:
        """Free a place whose request will not leave."""
        with self._lock:
            self._under_way.discard(place)

    def _wait(self, place: _Place) -> float:
        """Give the place and 0, or the seconds until there may be one."""
        with self._lock:
            now = self._now()
            while self._left_at and self._left_at[0] + self._per - now <= 0:
                self._left_at.popleft()
            if len(self._left_at) + len(self._under_way) < self._requests:
                self._under_way.add(place)
                return 0.0
            look_again = min(_LOOK_AGAIN, self._per / 10)
            wait = self._left_at[0] + self._per - now if self._left_at else look_again
            return min(wait, look_again) if self._under_way else wait


class _Place:
    """One request's part of a window."""

    __slots__ = ("_window",)

    def __init__(self, owner: Window) -> None:
        self._window = owner

    def leaves(self) -> None:
        """Count the request from now on."""
        self._window.left(self)

    async def given_up(self) -> None:
        """Let another request have the place, unless this one left."""
        self._window.given_up(self)
