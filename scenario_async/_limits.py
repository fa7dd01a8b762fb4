"""Admission: when a request may leave. Slots, a pace, and a cool-down that a 429 imposes on all."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import random
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from scenario_async._loops import PerLoop
from scenario_async._pace import Departure, Pace
from scenario_async.errors import DeadlineExceededError, ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from scenario_async._pace import HeldBack
    from scenario_async.settings import RateLimiter

_LOG: Final = logging.getLogger("scenario_async")
_SPREAD: Final = 0.25
_LONGEST_SPREAD: Final = 2.0


class CoolDown:
    """Until when nothing may leave; clients that share it wait together, on whatever loop or thread.

    Those who waited leave over a while after its end, so that it ends in no burst: whoever waits alone draws a
    moment of that while (`remaining`), a line goes through it at about equal distances (`left`, then `gap`).
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, draw: Callable[[], float] = random.random
    ) -> None:
        self._now = now
        self._draw = draw
        self._until = 0.0
        self._spread = 0.0
        self._heeding: set[Callable[[], None]] = set()

    @contextmanager
    def heeded_by(self, heed: Callable[[], None]) -> Generator[None]:
        """Call `heed` whenever a longer cool-down begins, from whatever thread that comes."""
        self._heeding.add(heed)
        try:
            yield
        finally:
            self._heeding.discard(heed)

    def impose(self, seconds: float, length: float | None = None) -> None:
        """Let nothing leave for so long, the rest of `length`; a longer cool-down that runs already stays."""
        until = self._now() + seconds
        if until > self._until:
            self._until = until
            self._spread = min(_LONGEST_SPREAD, (length or seconds) * _SPREAD)
            for heed in list(self._heeding):
                heed()

    def left(self) -> float:
        """How many seconds are left of what the service asked for."""
        return max(0.0, self._until - self._now())

    def remaining(self, time_left: float = math.inf) -> float:
        """How many seconds to wait: 0, or what is left and a random part, half of what a deadline leaves at most."""
        left = self.left()
        if left == 0:
            return 0.0
        return left + self._draw() * min(self._spread, max(0.0, (time_left - left) / 2))

    def gap(self, waiting: int, time_left: float = math.inf) -> float:
        """How many seconds the first in line keeps from the one before, with so many waiting behind it."""
        spread_left = min(self._until + self._spread - self._now(), time_left / 2)
        return max(0.0, min(1.0, self._draw() * 2 / (waiting + 1)) * spread_left)


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


class Turnstile:
    """Those who wait for the pace: one lets requests go, `waiting` others stand behind it."""

    def __init__(self) -> None:
        self._first = asyncio.Lock()
        self.waiting = 0

    async def __aenter__(self) -> Self:
        self.waiting += 1
        try:
            await self._first.acquire()
        finally:
            self.waiting -= 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._first.release()


class _Uncounted:
    """The departure of a request that no pace of ours counts."""

    def leaves(self) -> None:
        """Do nothing."""

    async def given_up(self) -> None:
        """Do nothing."""


_UNCOUNTED: Final = _Uncounted()


class Pass:
    """The `async with` block in which a request holds a slot; a generator would take twice as long."""

    __slots__ = ("_admission", "_departure", "_slots", "_time_left", "_waiting")

    def __init__(self, admission: Admission, time_left: Callable[[], float], waiting: Waiting) -> None:
        self._admission, self._time_left, self._waiting = admission, time_left, waiting
        self._slots: asyncio.Semaphore | None = None
        self._departure: Departure = _UNCOUNTED

    async def __aenter__(self) -> Self:
        await self._enter()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._give_back()

    @property
    def leaves(self) -> Callable[[], None] | None:
        """What to call when the request leaves, if that matters to anybody."""
        return None if self._departure is _UNCOUNTED else self._departure.leaves

    async def renewed(self) -> None:
        """Wait again if a cool-down began since the request was let go."""
        while self._admission.cool_down.left() > 0:
            await self._give_back()
            await self._enter()

    async def again(self) -> None:
        """Wait for another place in the pace, to send the request once more; it has waited in line already."""
        self._departure, left = _UNCOUNTED, self._departure
        await left.given_up()
        self._departure = await self._admission.place(self._time_left, self._waiting)
        await self.renewed()

    async def _enter(self) -> None:
        self._slots, self._departure = await self._admission.enter(self._time_left, self._waiting)

    async def _give_back(self) -> None:
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.release()
            await self._departure.given_up()


@attrs.frozen(eq=False)
class Admission:
    """What a request passes before it leaves: the cool-down, the pace, a slot.

    `turnstile` lets only the first in line wait for the pace with a slot in hand, so that pace and slot are
    granted at one moment and all others hold nothing.
    """

    slots: PerLoop[asyncio.Semaphore]
    cool_down: CoolDown
    rate_limit: RateLimiter | None = None
    turnstile: PerLoop[Turnstile] = attrs.field(factory=lambda: PerLoop(Turnstile))
    sleep: Callable[[float], Any] = asyncio.sleep

    @classmethod
    def of(cls, max_concurrency: int, rate_limit: RateLimiter | None) -> Admission:
        """Make an admission of its own."""
        return cls(slots_of(max_concurrency), CoolDown(), rate_limit)

    def admitted(self, time_left: Callable[[], float], waiting: Waiting) -> Pass:
        """Wait for leave to send, and hold a slot meanwhile; `waiting` counts how long that takes.

        Raises `DeadlineExceededError` at once when the cool-down outlasts `time_left()`.
        """
        return Pass(self, time_left, waiting)

    async def enter(
        self, time_left: Callable[[], float], waiting: Waiting
    ) -> tuple[asyncio.Semaphore, Departure]:
        """Wait for leave to send, and take a slot, which is to be released."""
        slots = self.slots.get()
        with waiting.queued:
            if time_left() == math.inf:
                return slots, await self._turn(slots, time_left, waiting)
            self._refuse_if_too_long(time_left)
            limit = asyncio.timeout(None)
            try:
                async with limit:
                    with self.cool_down.heeded_by(self._ending(limit, time_left)):
                        return slots, await self._turn(slots, time_left, waiting)
            except TimeoutError:
                if limit.expired():
                    raise self._too_long() from None
                raise

    async def _turn(
        self, slots: asyncio.Semaphore, time_left: Callable[[], float], waiting: Waiting
    ) -> Departure:
        if self.rate_limit is None:
            await self._slot(slots, time_left, waiting)
            return _UNCOUNTED
        async with self.turnstile.get() as turnstile:
            return await self._paced(slots, turnstile, time_left, waiting)

    def _ending(self, limit: asyncio.Timeout, time_left: Callable[[], float]) -> Callable[[], None]:
        """Make a function that ends a wait if the cool-down that began outlasts what the deadline leaves."""
        loop = asyncio.get_running_loop()

        def end_if_too_long() -> None:
            if self.cool_down.left() > time_left():
                with suppress(RuntimeError):  # who waited was let go meanwhile
                    limit.reschedule(loop.time())

        def heed() -> None:
            with suppress(RuntimeError):  # the loop was closed over those who wait
                loop.call_soon_threadsafe(end_if_too_long)

        return heed

    async def place(self, time_left: Callable[[], float], waiting: Waiting) -> Departure:
        """Wait for a place in the pace, if there is one."""

        def held_back(seconds: float, length: float) -> None:
            self.cool_down.impose(seconds, length)
            self._refuse_if_too_long(time_left)

        if self.rate_limit is None:
            return _UNCOUNTED
        with waiting.throttled:
            return await _let_go(self.rate_limit, held_back)

    async def hold_back(self, seconds: float) -> None:
        """Let nothing leave for so long, because the service said so."""
        if seconds == 0:
            return
        self.cool_down.impose(seconds)
        if self.rate_limit is None:
            return
        try:
            told = self.rate_limit.cool_down(seconds)
            if told is not None:
                await told
        except Exception as error:  # noqa: BLE001 - it must not hide the 429; a place that fails is met again
            reason = redact(f"{type(error).__name__}: {error}")
            _LOG.warning("rate_limit did not take note of a cool-down: %s", reason)

    async def _slot(
        self,
        slots: asyncio.Semaphore,
        time_left: Callable[[], float],
        waiting: Waiting,
        *,
        in_line: bool = False,
    ) -> None:
        while True:
            await self._wait_out_cool_down(time_left, waiting, in_line=in_line)
            await slots.acquire()
            if self.cool_down.left() == 0:
                return
            slots.release()

    async def _paced(
        self,
        slots: asyncio.Semaphore,
        turnstile: Turnstile,
        time_left: Callable[[], float],
        waiting: Waiting,
    ) -> Departure:
        """Take a slot and a place in the pace, as the first in line."""
        while True:
            await self._slot(slots, time_left, waiting, in_line=True)
            departure: Departure = _UNCOUNTED
            try:
                departure = await self.place(time_left, waiting)
                if gap := self.cool_down.gap(turnstile.waiting, time_left()):
                    with waiting.throttled:
                        await self.sleep(gap)
            except BaseException:
                slots.release()
                await departure.given_up()
                raise
            if self.cool_down.left() == 0:  # a 429 may have come meanwhile
                return departure
            slots.release()
            await departure.given_up()

    async def _wait_out_cool_down(
        self, time_left: Callable[[], float], waiting: Waiting, *, in_line: bool
    ) -> None:
        cool_down = self.cool_down
        while (wait := cool_down.left() if in_line else cool_down.remaining(time_left())) > 0:
            self._refuse_if_too_long(time_left)
            with waiting.throttled:
                await self.sleep(wait)

    def _refuse_if_too_long(self, time_left: Callable[[], float]) -> None:
        if self.cool_down.left() > time_left():
            raise self._too_long()

    def _too_long(self) -> DeadlineExceededError:
        left = self.cool_down.left()
        message = f"the service asked to wait {left:.1f} s more, which is longer than the deadline allows"
        error = DeadlineExceededError(message)
        error.retry_after = left
        return error


async def _let_go(rate_limit: RateLimiter, held_back: HeldBack) -> Departure:
    """Wait for a limiter of ours, or of the user's, whose word counts even in a class derived from ours."""
    if isinstance(rate_limit, Pace) and getattr(type(rate_limit), "acquire", None) is Pace.acquire:
        return await rate_limit.take(held_back)
    acquired: object = rate_limit.acquire()
    if not inspect.isawaitable(acquired):
        rule = "its `acquire` must be an async function"
        raise ScenarioError(f"rate_limit: {type(rate_limit).__name__} cannot pace this client: {rule}")
    await acquired
    return _UNCOUNTED


def slots_of(max_concurrency: int) -> PerLoop[asyncio.Semaphore]:
    """Give so many slots to each event loop."""
    return PerLoop(lambda: asyncio.Semaphore(max_concurrency))
