"""Admission: when a request may leave. Slots, a pace, and a cool-down that a 429 imposes on all."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from weakref import WeakKeyDictionary

import attrs

from scenario_async import _checks
from scenario_async._forks import begins_anew
from scenario_async.errors import DeadlineExceededError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async.settings import RateLimiter

_T = TypeVar("_T")

_SPREAD: Final = 0.25
_LONGEST_SPREAD: Final = 2.0
_MARGIN: Final = 0.03
_LARGEST_MARGIN: Final = 0.25


class PerLoop(Generic[_T]):
    """One object for each event loop that asks, made on first use and gone with the loop."""

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _T] = WeakKeyDictionary()

    def get(self) -> _T:
        """Give the running loop's object; only that loop's thread asks for it, so there is nothing to lock."""
        loop = asyncio.get_running_loop()
        found = self._by_loop.get(loop)
        if found is None:
            found = self._by_loop[loop] = self._make()
        return found


def spread(cool_down: float) -> float:
    """Give the seconds over which those who waited out a cool-down leave, so that it ends in no burst."""
    return min(_LONGEST_SPREAD, cool_down * _SPREAD)


def window(per: float) -> float:
    """Give the seconds in which to let go what may arrive in `per` seconds.

    Requests travel unequally long (the first ones open connections), and the service counts at its door.
    """
    return per + min(_LARGEST_MARGIN, per * _MARGIN)


class CoolDown:
    """Until when nothing may leave; clients that share it wait together, on whatever loop or thread."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, draw: Callable[[], float] = random.random
    ) -> None:
        self._now = now
        self._draw = draw
        self._until = 0.0
        self._spread = 0.0

    def impose(self, seconds: float) -> None:
        """Let nothing leave for so long; a longer cool-down that runs already stays."""
        until = self._now() + seconds
        if until > self._until:
            self._until = until
            self._spread = spread(seconds)

    def remaining(self) -> float:
        """How many seconds to wait from now: 0, or what is left plus a random part, so that not all leave at once."""
        left = self._until - self._now()
        return left + self._draw() * self._spread if left > 0 else 0.0


def _requests(value: int) -> int:
    return _checks.integer(value, "requests", least=1) or 1


def _per(value: float) -> float:
    return _checks.seconds(value, "per") or 60.0


@attrs.frozen(eq=False)
class RateLimit:
    """A pace: at most `requests` in any `per` seconds, first come first served.

    One object may be given to several clients, which then keep the pace together, across loops and threads
    of one process. A copy by pickle keeps the pace, and starts with an empty window.
    """

    requests: int = attrs.field(converter=_requests)
    per: float = attrs.field(default=60.0, converter=_per)
    _window: _Window = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_window", _Window(self.requests, self.per))

    async def acquire(self) -> None:
        """Return when a request may leave; a cancelled wait takes nothing."""
        await self._window.acquire()

    def cool_down(self, seconds: float) -> None:
        """Do nothing: the client itself waits out a 429."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.requests, self.per)


class _Window:
    """The moments at which the last requests left."""

    def __init__(
        self,
        requests: int,
        per: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Any] = asyncio.sleep,
    ) -> None:
        self._left_at: deque[float] = deque(maxlen=requests)
        self._per = window(per)
        self._now = now
        self._sleep = sleep
        self._queues = PerLoop(asyncio.Lock)
        self.forget()
        begins_anew(self)

    def forget(self) -> None:
        """Begin anew with the lock, in a child that was just forked; the moments stay."""
        self._lock = threading.Lock()

    async def acquire(self) -> None:
        async with self._queues.get():  # its waiters are served in order, so only the first one sleeps
            while (wait := self._take()) > 0:
                await self._sleep(wait)

    def _take(self) -> float:
        """Take the next place and give 0, or give the seconds until there is one."""
        with self._lock:
            now = self._now()
            if (
                len(self._left_at) == self._left_at.maxlen
                and (wait := self._left_at[0] + self._per - now) > 0
            ):
                return wait
            self._left_at.append(now)
            return 0.0


class Stopwatch:
    """Adds up the seconds that its `with` blocks take, the one under way included."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._past = 0.0
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has been in all."""
        return self._past if self._since is None else self._past + self._now() - self._since

    def __enter__(self) -> None:
        self._since = self._now()

    def __exit__(self, *_: object) -> None:
        self._past, self._since = self.seconds, None


@attrs.frozen(eq=False)
class Waiting:
    """How long a call waits: `queued` to be let go, of which `throttled` for the pace and cool-downs."""

    queued: Stopwatch = attrs.field(factory=Stopwatch)
    throttled: Stopwatch = attrs.field(factory=Stopwatch)


class _Pass:
    """The `async with` block in which a request holds a slot; a generator would take twice as long."""

    __slots__ = ("_admission", "_slots", "_time_left", "_waiting")

    def __init__(self, admission: Admission, time_left: Callable[[], float], waiting: Waiting) -> None:
        self._admission, self._time_left, self._waiting = admission, time_left, waiting

    async def __aenter__(self) -> None:
        self._slots = await self._admission.enter(self._time_left, self._waiting)

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()


@attrs.frozen(eq=False)
class Admission:
    """What a request passes before it leaves: the cool-down, the pace, a slot.

    `turnstile` lets only the first in line wait for the pace with a slot in hand, so that pace and slot are
    granted at one moment and all others hold nothing.
    """

    slots: PerLoop[asyncio.Semaphore]
    cool_down: CoolDown
    rate_limit: RateLimiter | None = None
    turnstile: PerLoop[asyncio.Lock] = attrs.field(factory=lambda: PerLoop(asyncio.Lock))
    sleep: Callable[[float], Any] = asyncio.sleep

    @classmethod
    def of(cls, max_concurrency: int, rate_limit: RateLimiter | None) -> Admission:
        """Make an admission of its own."""
        return cls(slots_of(max_concurrency), CoolDown(), rate_limit)

    def admitted(self, time_left: Callable[[], float], waiting: Waiting) -> _Pass:
        """Wait for leave to send, and hold a slot meanwhile; `waiting` counts how long that takes.

        Raises `DeadlineExceededError` at once when the cool-down outlasts `time_left()`.
        """
        return _Pass(self, time_left, waiting)

    async def enter(self, time_left: Callable[[], float], waiting: Waiting) -> asyncio.Semaphore:
        """Wait for leave to send, and take a slot, which is to be released."""
        slots = self.slots.get()
        with waiting.queued:
            if self.rate_limit is None:
                await self._slot(slots, time_left, waiting)
            else:
                await self._wait_out_cool_down(time_left, waiting)  # who comes too late for it need not queue
                async with self.turnstile.get():
                    await self._slot_at_its_pace(slots, self.rate_limit, time_left, waiting)
        return slots

    async def hold_back(self, seconds: float) -> None:
        """Let nothing leave for so long, because the service said so."""
        self.cool_down.impose(seconds)
        if self.rate_limit is not None:
            with suppress(ScenarioError):  # a shared place that fails: the next request hears of it
                told = self.rate_limit.cool_down(seconds)
                if told is not None:
                    await told

    async def _slot(self, slots: asyncio.Semaphore, time_left: Callable[[], float], waiting: Waiting) -> None:
        while True:
            await self._wait_out_cool_down(time_left, waiting)
            await slots.acquire()
            if self.cool_down.remaining() == 0:
                return
            slots.release()

    async def _slot_at_its_pace(
        self,
        slots: asyncio.Semaphore,
        rate_limit: RateLimiter,
        time_left: Callable[[], float],
        waiting: Waiting,
    ) -> None:
        while True:
            await self._slot(slots, time_left, waiting)
            try:
                with waiting.throttled:
                    await rate_limit.acquire()
            except BaseException:
                slots.release()
                raise
            if self.cool_down.remaining() == 0:  # a 429 may have come meanwhile
                return
            slots.release()

    async def _wait_out_cool_down(self, time_left: Callable[[], float], waiting: Waiting) -> None:
        while (wait := self.cool_down.remaining()) > 0:
            if wait > time_left():
                message = (
                    f"the service asked to wait {wait:.1f} s more, which is longer than the deadline allows"
                )
                error = DeadlineExceededError(message)
                error.retry_after = wait
                raise error
            with waiting.throttled:
                await self.sleep(wait)


def slots_of(max_concurrency: int) -> PerLoop[asyncio.Semaphore]:
    """Give so many slots to each event loop."""
    return PerLoop(lambda: asyncio.Semaphore(max_concurrency))
