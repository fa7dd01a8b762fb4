"""Admission: when an attempt may begin. A cool-down that a 429 imposes on all, a slot, a place in the quota."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import random
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, TypeGuard

import attrs

from scenario_async._calls.quota import Quota
from scenario_async._support.lifetimes import PerLoop
from scenario_async._support.logger import log
from scenario_async.errors import DeadlineExceededError, ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenario_async._calls.quota import Place
    from scenario_async.settings import RateLimiter

_SPREAD: Final = 0.25
_LONGEST_SPREAD: Final = 2.0


WaitKind: TypeAlias = Literal["slot", "quota", "cool_down"]
Waits: TypeAlias = dict[WaitKind, float]
_NO_WAITS: Final[Waits] = {"slot": 0.0, "quota": 0.0, "cool_down": 0.0}


class CoolDown:
    """Until when nothing may go out; clients that share it wait together, on whatever loop or thread.

    Those who waited go on over a while after its end, so that it ends in no burst: whoever waits alone draws a
    moment of that while (`remaining`), a queue goes through it at about equal distances (`left`, then `gap`).
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, draw: Callable[[], float] = random.random
    ) -> None:
        self._now = now
        self._draw = draw
        self._until = 0.0
        self._spread = 0.0
        self.waiting: set[Passage] = set()
        """Those with a deadline, who hear of a longer cool-down at once."""

    def impose(self, seconds: float, length: float | None = None) -> None:
        """Let nothing go out for so long, the rest of `length`; a longer cool-down that runs already stays."""
        until = self._now() + seconds
        if until > self._until:
            self._until = until
            self._spread = min(_LONGEST_SPREAD, (length or seconds) * _SPREAD)
            for passage in list(self.waiting):
                passage.cool_down_began()

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
        """How many seconds the first of a queue keeps from the one before, with so many waiting behind it."""
        spread_left = min(self._until + self._spread - self._now(), time_left / 2)
        return max(0.0, min(1.0, self._draw() * 2 / (waiting + 1)) * spread_left)


class Queue:
    """Those who wait for the quota: the first looks for a slot and a place, `waiting` others stand behind it.

    `waited` sums up what the first ones waited for, one after another, and `wait` is the one under way: for what, and
    since when.
    """

    def __init__(self) -> None:
        self._first = asyncio.Lock()
        self.waiting = 0
        self.waited = _NO_WAITS.copy()
        self.wait: tuple[WaitKind, float] | None = None

    async def come_first(self, waited: Waits) -> None:
        """Stand in the queue, and count it in `waited` as what those before wait for."""
        before = self._waited_so_far()
        self.waiting += 1
        try:
            await self._first.acquire()
        finally:
            self.waiting -= 1
            for kind, seconds in self._waited_so_far().items():
                waited[kind] += seconds - before[kind]

    def leave(self) -> None:
        """Let the next one be the first."""
        self._first.release()

    def _waited_so_far(self) -> Waits:
        so_far = self.waited.copy()
        if self.wait is not None:
            kind, since = self.wait
            so_far[kind] += asyncio.get_running_loop().time() - since
        return so_far


@attrs.frozen(eq=False)
class Admission:
    """What the calls of a client, and of those that share with it, have to pass before each attempt."""

    slots: PerLoop[asyncio.Semaphore]
    cool_down: CoolDown = attrs.field(factory=CoolDown)
    rate_limit: RateLimiter | None = None
    queue: PerLoop[Queue] = attrs.field(factory=lambda: PerLoop(Queue))
    sleep: Callable[[float], Any] = asyncio.sleep

    async def hold_back(self, seconds: float) -> None:
        """Let nothing go out for so long, because the service said so."""
        if seconds == 0:
            return
        self.cool_down.impose(seconds)
        if self.rate_limit is None:
            return
        try:
            noted = self.rate_limit.cool_down(seconds)
            if noted is not None:
                await noted
        except Exception as error:  # noqa: BLE001 - it must not hide the 429; a limiter that fails is met again
            reason = redact(f"{type(error).__name__}: {error}")
            log(logging.WARNING, "rate_limit did not take note of a cool-down: %s", reason)


class Passage:
    """A call's way through admission: `async with passage:` for each attempt, with a slot and a place in the quota.

    It keeps what it holds, and in `waited` how many seconds it waited for what.
    With a quota, only the first of the queue waits for a place, with a slot in hand, so that both are there at one
    moment and all others hold nothing. `clock` is the call's timeout, which a cool-down that outlasts it ends at once:
    `refused` is then the error.
    """

    def __init__(self, admission: Admission, clock: asyncio.Timeout) -> None:
        self._admission = admission
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._ends_at = clock.when() or math.inf
        self._slots_here = admission.slots.get(self._loop) or admission.slots.here()
        self._slots: asyncio.Semaphore | None = None
        self._place: Place | None = None
        self._queue: Queue | None = None
        self.waited = _NO_WAITS.copy()
        self.refused: DeadlineExceededError | None = None

    def time_left(self) -> float:
        """How many seconds the call's deadline leaves."""
        return self._ends_at - self._loop.time()

    def outlasted(self) -> DeadlineExceededError | None:
        """Give the error of a cool-down that is longer than the deadline allows, if there is one."""
        left = self._admission.cool_down.left()
        if left <= self.time_left() or left == 0:
            return None
        message = f"the service asked to wait {left:.1f} s more, which is longer than the deadline allows"
        error = DeadlineExceededError(message)
        error.retry_after = left
        return error

    def count(self, kind: WaitKind, since: float) -> None:
        """Count a wait that ends now."""
        seconds = max(0.0, self._loop.time() - since)
        self.waited[kind] += seconds
        if self._queue is not None:
            self._queue.waited[kind] += seconds
            self._queue.wait = None

    async def __aenter__(self) -> Self:
        if self._ends_at == math.inf:
            await self._enter()
            return self
        self._refuse_if_outlasted()
        self._admission.cool_down.waiting.add(self)
        try:
            await self._enter()
        finally:
            self._admission.cool_down.waiting.discard(self)
        return self

    async def starts(self) -> None:
        """Begin the attempt, unless a cool-down began since it was let in: then wait again."""
        while self._admission.cool_down.left() > 0:
            await self._give_back()
            await self.__aenter__()
        if self._place is not None:
            self._place.starts()

    def ends(self) -> None:
        """Count the attempt in the quota from now on."""
        place, self._place = self._place, None
        if place is not None:
            place.ends()

    async def __aexit__(self, *_: object) -> None:
        await self._give_back()

    def cool_down_began(self) -> None:
        """End the wait, from whatever thread, if the cool-down outlasts the deadline."""

        def end() -> None:
            if self in self._admission.cool_down.waiting and (error := self.outlasted()) is not None:
                self.refused = error
                with suppress(RuntimeError):  # the call has ended meanwhile
                    self.clock.reschedule(self._loop.time())

        with suppress(RuntimeError):  # the loop was closed over those who wait
            self._loop.call_soon_threadsafe(end)

    def held_back(self, seconds: float, length: float) -> None:
        """Take over what is left of another process's cool-down, which is so long in all."""
        self._admission.cool_down.impose(seconds, length)
        self._refuse_if_outlasted()

    def must_wait(self, seconds: float) -> None:
        """End the wait for the quota, if it outlasts the deadline."""
        if seconds > self.time_left():
            message = f"there is no place in the quota of rate_limit for {seconds:.1f} s, which is longer than the deadline allows"
            error = DeadlineExceededError(message)
            error.retry_after = seconds
            try:
                raise error
            finally:
                del error  # it holds this frame, which would hold it

    async def _enter(self) -> None:
        admission = self._admission
        if admission.rate_limit is None:
            await self._take_slot()
            return
        queue = admission.queue.here()
        quota: object = admission.rate_limit
        if _is_ours(quota):
            self.must_wait(quota.known_wait(queue.waiting))
        await queue.come_first(self.waited)
        self._queue = queue
        try:
            while True:
                await self._take_slot()
                try:
                    await self._take_place(admission.rate_limit)
                    if gap := admission.cool_down.gap(queue.waiting, self.time_left()):
                        await self._wait_for_cool_down(gap)
                except BaseException:
                    await self._give_back()
                    raise
                if admission.cool_down.left() == 0:  # a 429 may have come meanwhile
                    return
                await self._give_back()
        finally:
            self._queue = None
            queue.leave()

    async def _take_slot(self) -> None:
        """Wait until there is no cool-down and a slot is free."""
        cool_down, slots = self._admission.cool_down, self._slots_here
        while True:
            while (left := cool_down.left()) > 0:
                self._refuse_if_outlasted()
                if self._queue is None:
                    left = cool_down.remaining(self.time_left())
                await self._wait_for_cool_down(left)
            if slots.locked():
                await self._wait_for_slot(slots)
            else:
                await slots.acquire()
            if cool_down.left() == 0:
                self._slots = slots
                return
            slots.release()

    async def _wait_for_slot(self, slots: asyncio.Semaphore) -> None:
        began = self._begins_to_wait("slot")
        try:
            await slots.acquire()
        finally:
            self.count("slot", began)

    async def _take_place(self, rate_limit: RateLimiter) -> None:
        """Wait for a limiter of ours, or of the user's."""
        began = self._begins_to_wait("quota")
        try:
            if _is_ours(rate_limit):
                self._place = await rate_limit.take(self)
                return
            acquired: object = rate_limit.acquire()
            if not inspect.isawaitable(acquired):
                rule = "its `acquire` must be an async function"
                raise ScenarioError(
                    f"rate_limit: {type(rate_limit).__name__} cannot limit this client: {rule}"
                )
            await acquired
        finally:
            self.count("quota", began)

    async def _wait_for_cool_down(self, seconds: float) -> None:
        began = self._begins_to_wait("cool_down")
        try:
            await self._admission.sleep(seconds)
        finally:
            self.count("cool_down", began)

    def _begins_to_wait(self, kind: WaitKind) -> float:
        since = self._loop.time()
        if self._queue is not None:
            self._queue.wait = kind, since
        return since

    async def _give_back(self) -> None:
        slots, self._slots = self._slots, None
        place, self._place = self._place, None
        if slots is not None:
            slots.release()
        if place is not None:
            await place.give_back()

    def _refuse_if_outlasted(self) -> None:
        error = self.outlasted()
        try:
            if error is not None:
                raise error
        finally:
            del error  # it holds this frame, which would hold it


def _is_ours(rate_limit: object) -> TypeGuard[Quota]:
    """Tell a limiter of ours from the user's, whose word counts even in a class derived from ours."""
    return isinstance(rate_limit, Quota) and getattr(type(rate_limit), "acquire", None) is Quota.acquire


def slots_of(max_concurrency: int) -> PerLoop[asyncio.Semaphore]:
    """Give so many slots to each event loop."""
    return PerLoop(lambda: asyncio.Semaphore(max_concurrency))
