"""The quota: how many requests may go out in a window of time, each counted from the end of its attempt."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

import attrs

from scenario_async._annotations import evaluable
from scenario_async._support import checks
from scenario_async._support.lifetimes import PerLoop, reset_after_fork

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_AGAIN: Final = 0.05


class Waiter(Protocol):
    """Who waits for a place in a quota."""

    def held_back(self, seconds: float, length: float) -> None:
        """Take note of a cool-down that another process began: nobody may go for another `seconds`.

        `length` is how long that cool-down is in all. It may raise, to end the wait.
        """
        ...

    def must_wait(self, seconds: float) -> None:
        """Take note that there is no place for at least so many seconds.

        It may raise, to end the wait.
        """
        ...


class Place(Protocol):
    """A place in a quota, held for one attempt."""

    def starts(self) -> None:
        """Take note that the attempt starts: the request goes out from now on."""
        ...

    def ends(self) -> None:
        """Count the request from now on: the service has counted it by now, if it arrived at all."""
        ...

    async def give_back(self) -> None:
        """Let another request have the place, because the attempt has not started."""
        ...


@evaluable
class Quota(ABC):
    """What our own limiters have beyond the two methods of `RateLimiter`: places that are held and given back."""

    __slots__ = ()

    @abstractmethod
    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""

    def known_wait(self, ahead: int = 0) -> float:
        """Give the seconds for which there is no place for one with so many `ahead`; 0 where nobody knows."""
        del ahead
        return 0.0

    async def acquire(self) -> None:
        """Return when a request may go out; a cancelled wait takes nothing."""
        (await self.take(_PATIENT)).ends()


class _Patient:
    """One who waits for the end of a cool-down, however long it takes."""

    def held_back(self, seconds: float, length: float) -> None:
        """Go on waiting."""

    def must_wait(self, seconds: float) -> None:
        """Go on waiting."""


_PATIENT: Final = _Patient()


def _requests(value: int) -> int:
    return checks.integer(value, "requests", least=1) or 1


def _per(value: float) -> float:
    return checks.seconds(value, "per") or 60.0


@evaluable
@attrs.frozen(eq=False)
class RateLimit(Quota):
    """A quota: at most `requests` in any `per` seconds, first come first served.

    One object may be given to several clients, which then keep the quota together, across loops and threads
    of one process. A copy by pickle has the same figures, and starts with an empty window.
    """

    requests: int = attrs.field(converter=_requests)
    per: float = attrs.field(default=60.0, converter=_per)
    _window: Window = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_window", Window(self.requests, self.per))

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one; a cancelled wait takes nothing."""
        return await self._window.take(waiter)

    def known_wait(self, ahead: int = 0) -> float:
        """Give the seconds for which there is no place for one with so many `ahead`; 0 where nobody knows."""
        return self._window.known_wait(ahead)

    def cool_down(self, seconds: float) -> None:
        """Do nothing: the client itself waits out a 429."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.requests, self.per)


class Window(Quota):
    """The moments from which the last requests count, and how many attempts are under way.

    An attempt holds its place until it ends, and counts from then on. As the service counts a request before it replies,
    it never counts one later than this window does.
    """

    def __init__(
        self,
        requests: int,
        per: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._requests = requests
        self._per = per
        self._now = now
        self._sleep = sleep
        self._counted: deque[float] = deque()
        self._queues = PerLoop(asyncio.Lock)
        self.reset_after_fork()
        reset_after_fork(self)

    def reset_after_fork(self) -> None:
        """Keep what was counted; what is under way goes on in the parent."""
        self._lock = threading.Lock()
        self._under_way: set[_WindowPlace] = set()

    async def take(self, waiter: Waiter) -> Place:
        """Give a place when there is one."""
        place = _WindowPlace(self)
        async with self._queues.here():  # its waiters are served in order, so only the first one sleeps
            while (wait := self._wait(place)) > 0:
                waiter.must_wait(self.known_wait())
                await self._sleep(wait)
        return place

    def known_wait(self, ahead: int = 0) -> float:
        """Give the seconds for which there is no place; what is under way may still be given back, and counts for none."""
        with self._lock:
            behind = ahead - (self._requests - len(self._counted))
            if behind < 0 or not self._counted:
                return 0.0
            frees = self._counted[min(behind, len(self._counted) - 1)]
            return max(0.0, frees + self._per - self._now())

    def free(self, place: _WindowPlace, *, counted: bool) -> None:
        """End what is under way, and count it unless the request never went out."""
        with self._lock:
            if place in self._under_way:
                self._under_way.remove(place)
                if counted:
                    self._counted.append(self._now())

    def _wait(self, place: _WindowPlace) -> float:
        """Give the place and 0, or the seconds until there may be one."""
        with self._lock:
            now = self._now()
            while self._counted and self._counted[0] + self._per - now <= 0:
                self._counted.popleft()
            if len(self._counted) + len(self._under_way) < self._requests:
                self._under_way.add(place)
                return 0.0
            look_again = min(_LOOK_AGAIN, self._per / 10)
            wait = self._counted[0] + self._per - now if self._counted else look_again
            return min(wait, look_again) if self._under_way else wait


class _WindowPlace:
    """One attempt's part of a window."""

    __slots__ = ("_window",)

    def __init__(self, window: Window) -> None:
        self._window = window

    def starts(self) -> None:
        """Do nothing: the place is held until the end."""

    def ends(self) -> None:
        """Count the request from now on."""
        self._window.free(self, counted=True)

    async def give_back(self) -> None:
        """Let another request have the place."""
        self._window.free(self, counted=False)
