"""Slots, quota and cool-down together, on an event loop where time is free."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limiters.timeless import now, settle, timeless

from scenario_async import DeadlineExceededError, RateLimit, RateLimiter, ScenarioError
from scenario_async._calls.admission import Admission, CoolDown, Passage, slots_of
from scenario_async._calls.quota import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from scenario_async._calls.quota import Place, Waiter

QUICK = settings(max_examples=100, deadline=None)


class Gate:
    """A limiter that lets requests go when the test says so."""

    def __init__(self) -> None:
        self.free = asyncio.Semaphore(0)
        self.asked = 0
        self.granted = 0
        self.cool_downs: list[float] = []

    async def acquire(self) -> None:
        """Wait for the test."""
        self.asked += 1
        await self.free.acquire()
        self.granted += 1

    async def cool_down(self, seconds: float) -> None:
        """Take note, as if it were far away."""
        await asyncio.sleep(0)
        self.cool_downs.append(seconds)

    async def let_go(self, count: int = 1) -> None:
        """Let so many go, one by one."""
        for _ in range(count):
            self.free.release()
            await settle()


class Limit(Window):
    """A limiter of ours on the clock of the running loop."""

    def __init__(self, requests: int, per: float = 60.0) -> None:
        super().__init__(requests, per, now)

    def cool_down(self, seconds: float) -> None:
        """Do nothing."""


class Door:
    """An admission on the clock of the running loop, and visitors that stay until they are told to go."""

    def __init__(self, slots: int, limit: RateLimiter | None = None, draw: float = 0.0) -> None:
        self.cool_down = CoolDown(asyncio.get_running_loop().time, lambda: draw)
        self.admission = Admission(slots_of(slots), self.cool_down, limit)
        self.began = now()
        self.inside: list[int] = []
        self.came_after: dict[int, float] = {}
        self.passages: dict[int, Passage] = {}
        self._leave: dict[int, asyncio.Event] = {}

    def visit(
        self, number: int, deadline: float | None = None, *, dawdles: float = 0.0
    ) -> asyncio.Task[None]:
        """Send a visitor."""
        leave = self._leave[number] = asyncio.Event()

        async def stay() -> None:
            limit = asyncio.timeout(deadline)
            passage = self.passages[number] = Passage(self.admission, limit)
            try:
                async with limit, passage:
                    await asyncio.sleep(dawdles)
                    await passage.starts()
                    self.inside.append(number)
                    self.came_after[number] = now() - self.began
                    try:
                        await leave.wait()
                    finally:
                        self.inside.remove(number)
                        passage.ends()
            except TimeoutError:
                if passage.refused is None:
                    raise
                raise passage.refused from None

        return asyncio.create_task(stay())

    async def let_go(self, number: int) -> None:
        """Tell a visitor to go."""
        self._leave[number].set()
        await settle()

    def free(self) -> int:
        """Count the slots that nobody holds."""
        return self.admission.slots.here()._value

    async def close(self, *tasks: asyncio.Task[None]) -> None:
        """Send everybody away."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


# --- cool-down ------------------------------------------------------------------------------------------


@QUICK
@given(imposed=st.lists(st.floats(-1, 600), min_size=1), draw=st.floats(0, 1), time_left=st.floats(0, 700))
def test_a_cool_down_lasts_as_long_as_the_longest_that_was_asked_for(
    imposed: list[float], draw: float, time_left: float
) -> None:
    """It never ends early, spreads the return a little, and leaves a deadline half of what it has."""
    moment = [1000.0]
    cool_down = CoolDown(lambda: moment[0], lambda: draw)
    for seconds in imposed:
        cool_down.impose(seconds)
    longest = max(0.0, *imposed)
    assert cool_down.left() == pytest.approx(longest)
    spread = cool_down.remaining() - cool_down.left()
    assert spread == pytest.approx(draw * min(2.0, longest / 4))
    shortened = cool_down.remaining(time_left) - cool_down.left()
    assert shortened == pytest.approx(min(spread, draw * max(0.0, time_left - longest) / 2), abs=1e-6)
    moment[0] += longest * 1.001 + 0.001
    assert cool_down.remaining() == 0


@pytest.mark.parametrize("draw", [0.0, 1.0])
@pytest.mark.parametrize("waiting", [0, 1, 9])
def test_a_queue_keeps_its_distances(waiting: int, draw: float) -> None:
    """At its end nobody is later than the spread, and the distance fits all those who wait."""
    moment = [1000.0]
    cool_down = CoolDown(lambda: moment[0], lambda: draw)
    assert cool_down.gap(waiting) == 0
    cool_down.impose(8)
    moment[0] += 8
    assert cool_down.left() == 0
    assert cool_down.gap(waiting) == pytest.approx(draw * min(2, 4 / (waiting + 1)))
    assert cool_down.gap(0, time_left=0.5) <= 0.25
    moment[0] += 2
    assert cool_down.gap(waiting) == 0


# --- all together ---------------------------------------------------------------------------------------


@attrs.frozen
class Visitor:
    """When a call comes after the one before, how long it has and takes, and whether it is cancelled or fails."""

    pause: float
    deadline: float | None
    gives_up_after: float | None
    dawdles: float
    takes: float
    fails: bool
    refused_for: float


VISITORS = st.lists(
    st.builds(
        Visitor,
        pause=st.floats(0, 2),
        deadline=st.none() | st.floats(0.001, 20),
        gives_up_after=st.none() | st.floats(0, 10),
        dawdles=st.floats(0, 1),
        takes=st.floats(0, 3),
        fails=st.booleans(),
        refused_for=st.just(0.0) | st.floats(0, 10),
    ),
    min_size=1,
    max_size=20,
)


class Service:
    """What attempts reach: it checks that each may come at this moment, and refuses those that are to be refused."""

    def __init__(self, door: Door, slots: int, quota: tuple[int, float] | None) -> None:
        self._door = door
        self._slots = slots
        self._requests, self._per = quota or (10_000, 1.0)
        self._under_way = 0
        self._ended: list[float] = []
        self._refuses_until = 0.0

    async def attempt(self, visitor: Visitor, passage: Passage) -> None:
        """Take the time of an attempt; it may end in a 429 or in another error."""
        self._under_way += 1
        self._check()
        try:
            await asyncio.sleep(visitor.takes)
        finally:
            self._under_way -= 1
            self._ended.append(now())
            passage.ends()
        if visitor.refused_for:
            self._refuses_until = max(self._refuses_until, now() + visitor.refused_for)
            await self._door.admission.hold_back(visitor.refused_for)
        if visitor.fails:
            raise ZeroDivisionError

    def _check(self) -> None:
        assert self._under_way <= self._slots
        assert now() >= self._refuses_until - 1e-6
        recent = sum(moment > now() - self._per * 0.999_999 for moment in self._ended)
        assert recent + self._under_way <= self._requests


async def call(door: Door, service: Service, visitor: Visitor) -> None:
    """Make a call, as the client does, which is cancelled if it takes too long."""

    async def patient() -> None:
        began = now()
        limit = asyncio.timeout(visitor.deadline)
        passage = Passage(door.admission, limit)
        try:
            async with limit, passage:
                await asyncio.sleep(visitor.dawdles)
                await passage.starts()
                await service.attempt(visitor, passage)
        finally:
            assert visitor.deadline is None or now() <= began + visitor.deadline + 1e-6

    task = asyncio.create_task(patient())
    await asyncio.wait([task], timeout=visitor.gives_up_after)
    task.cancel()
    await task


@QUICK
@given(
    slots=st.integers(1, 4),
    quota=st.none() | st.tuples(st.integers(1, 4), st.floats(0.5, 5)),
    draw=st.floats(0, 1),
    visitors=VISITORS,
)
@timeless
async def test_whatever_calls_do_all_promises_hold(
    slots: int, quota: tuple[int, float] | None, draw: float, visitors: list[Visitor]
) -> None:
    """Slots, quota, cool-downs and deadlines are kept, and in the end nothing is held and nobody stuck."""
    limit = None if quota is None else Limit(*quota)
    door = Door(slots, limit, draw)
    service = Service(door, slots, quota)
    tasks: list[asyncio.Task[None]] = []
    for visitor in visitors:
        await asyncio.sleep(visitor.pause)
        tasks.append(asyncio.create_task(call(door, service, visitor)))
    outcomes = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10_000)
    for outcome, visitor in zip(outcomes, visitors, strict=True):
        expected: dict[type, bool] = {
            type(None): True,
            ZeroDivisionError: visitor.fails,
            asyncio.CancelledError: visitor.gives_up_after is not None,
            TimeoutError: visitor.deadline is not None,
            DeadlineExceededError: visitor.deadline is not None,
        }
        assert expected.get(type(outcome)), outcome
    assert door.free() == slots
    assert not door.cool_down.waiting
    assert door.admission.queue.here().waiting == 0
    if limit is not None and quota is not None:
        await asyncio.sleep(quota[1])
        for _ in range(quota[0]):
            await asyncio.wait_for(limit.acquire(), 0.001)


@pytest.mark.parametrize("limited", [False, True])
@timeless
async def test_first_come_first_served(*, limited: bool) -> None:
    """Those who wait for a slot come in as slots get free, in order, and who gives up leaves its turn."""
    door = Door(2, Limit(1000) if limited else None)
    tasks = [door.visit(number) for number in range(6)]
    await settle()
    assert door.inside == [0, 1]
    tasks[2].cancel()
    await door.let_go(1)
    assert door.inside == [0, 3]
    await door.let_go(0)
    await door.let_go(3)
    assert door.inside == [4, 5]
    await door.close(*tasks)


@timeless
async def test_no_slot_is_held_in_a_cool_down() -> None:
    """Those who wait out a cool-down leave the slots alone."""
    for limit in (None, Limit(1)):
        door = Door(1, limit)
        await door.admission.hold_back(5)
        task = door.visit(0)
        await asyncio.sleep(4)
        assert door.free() == 1
        await asyncio.sleep(2)
        assert door.inside == [0]
        await door.close(task)


@timeless
async def test_only_the_first_of_the_queue_holds_a_slot_while_it_waits_for_the_quota() -> None:
    """The others hold nothing, so that requests that have their place are not held up."""
    gate = Gate()
    door = Door(3, gate)
    tasks = [door.visit(number) for number in range(5)]
    await settle()
    assert (door.inside, gate.asked, door.free()) == ([], 1, 2)
    await gate.let_go()
    assert (door.inside, gate.asked, door.free()) == ([0], 2, 1)
    await gate.let_go(4)
    assert door.inside == [0, 1, 2]
    assert gate.granted == 3, "no place is taken by those who have no slot"
    await door.close(*tasks)
    assert door.free() == 3


@timeless
async def test_waiting_is_counted_by_its_reason() -> None:
    """A call knows how long it waited for a slot, for the quota and for a cool-down."""
    gate = Gate()
    door = Door(1, gate)
    await gate.let_go()
    tasks = [door.visit(number) for number in range(2)]
    await asyncio.sleep(5)
    await door.admission.hold_back(10)
    await door.let_go(0)
    await asyncio.sleep(13)
    await gate.let_go()
    assert door.inside == [1]
    assert door.passages[1].waited == pytest.approx({"slot": 5, "cool_down": 10, "quota": 3})
    await door.close(*tasks)


@timeless
async def test_waiting_behind_others_is_counted_as_what_they_wait_for() -> None:
    """Those in the queue wait for the quota as long as its first one does, and for a cool-down as long."""
    gate = Gate()
    door = Door(9, gate)
    tasks = [door.visit(number) for number in range(3)]
    await asyncio.sleep(4)
    await gate.let_go()
    await door.admission.hold_back(10)
    await asyncio.sleep(10)
    await gate.let_go()
    await asyncio.sleep(6)
    await gate.let_go()
    assert door.inside == [0, 1, 2]
    quotas = [door.passages[number].waited["quota"] for number in range(3)]
    assert door.passages[0].waited == pytest.approx({"slot": 0, "cool_down": 0, "quota": 4})
    assert quotas[2] == pytest.approx(quotas[1] + 6)
    assert [sum(door.passages[number].waited.values()) for number in (1, 2)] == pytest.approx([14, 20])
    await door.close(*tasks)


@timeless
async def test_a_wait_that_is_given_up_behind_others_is_the_quotas() -> None:
    """A deadline strikes while the first of the queue still waits."""
    door = Door(9, Gate())
    first, second = door.visit(0), door.visit(1)
    await asyncio.sleep(4)
    second.cancel()
    await settle()
    assert door.passages[1].waited == pytest.approx({"slot": 0, "cool_down": 0, "quota": 4})
    await door.close(first)


# --- cool-downs and deadlines ---------------------------------------------------------------------------


@pytest.mark.parametrize("limited", [False, True])
@timeless
async def test_a_deadline_that_the_cool_down_fits_into_is_kept(*, limited: bool) -> None:
    """What the client adds by chance neither refuses a call nor eats the time that it has."""
    door = Door(1, Limit(100) if limited else None, draw=1.0)
    await door.admission.hold_back(8)
    task = door.visit(0, deadline=8.4)
    await asyncio.sleep(8.3)
    assert door.inside == [0]
    assert door.came_after[0] >= 8
    await door.close(task)


@pytest.mark.parametrize("limited", [False, True])
@timeless
async def test_a_cool_down_that_outlasts_the_deadline_fails_at_once(*, limited: bool) -> None:
    """There is no use in waiting for what comes too late; the error has the seconds, and nothing is kept."""
    door = Door(1, Limit(1) if limited else None)
    await door.admission.hold_back(10)
    with pytest.raises(DeadlineExceededError, match=r"asked to wait 10\.0 s more") as caught:
        await door.visit(0, deadline=9)
    assert caught.value.retry_after == 10
    assert now() == door.began
    assert door.free() == 1
    task = door.visit(1, deadline=11)
    await asyncio.sleep(10.5)
    assert door.inside == [1]
    await door.close(task)


@pytest.mark.parametrize("waits_for", ["slot", "quota", "queue"])
@timeless
async def test_a_cool_down_ends_the_waits_that_it_outlasts(waits_for: str) -> None:
    """Who waits already learns at once that it is no use, from whatever thread that comes; the others wait on."""
    gate = Gate()
    door = Door(1, None if waits_for == "slot" else gate)
    first = door.visit(0)
    await settle()
    hasty, patient = door.visit(1, deadline=5), door.visit(2, deadline=50)
    if waits_for == "quota":
        first.cancel()
    await settle()
    assert not hasty.done()
    thread = threading.Thread(target=door.cool_down.impose, args=(10,))
    thread.start()
    thread.join()
    with pytest.raises(DeadlineExceededError, match=r"asked to wait 10\.0 s more") as caught:
        await hasty
    assert caught.value.retry_after == 10
    assert now() == door.began
    assert not patient.done()
    for _ in range(4):  # the quota may be asked anew
        await gate.let_go()
        await asyncio.sleep(5)
    await door.let_go(0)
    assert door.inside == [2]
    assert door.came_after[2] >= 10
    await door.close(first, patient)
    assert door.free() == 1


@timeless
async def test_an_attempt_under_way_is_left_alone() -> None:
    """A cool-down that begins meanwhile is none of its business."""
    door = Door(1)
    task = door.visit(0, deadline=5)
    await settle()
    door.cool_down.impose(10)
    await settle()
    assert door.inside == [0]
    await door.let_go(0)
    await task


@timeless
async def test_a_cool_down_that_begins_before_the_attempt_starts() -> None:
    """Who was let in gives back its slot and its place in the quota, and waits anew."""
    door = Door(1, Limit(1, 3600))
    task = door.visit(0, dawdles=2)
    await asyncio.sleep(1)
    await door.admission.hold_back(5)
    await asyncio.sleep(2)
    assert door.free() == 1
    await asyncio.sleep(4)
    assert door.inside == [0]
    assert door.came_after[0] == pytest.approx(6)
    await door.close(task)
    assert door.free() == 1


@timeless
async def test_a_cool_down_too_long_for_who_was_let_in() -> None:
    """The deadline's error comes as soon as the attempt would start, and the slot is free once and not twice."""
    door = Door(1, Limit(1, 3600))
    task = door.visit(0, deadline=4, dawdles=2)
    await asyncio.sleep(1)
    await door.admission.hold_back(5)
    with pytest.raises(DeadlineExceededError):
        await task
    assert now() - door.began == pytest.approx(2)
    assert door.free() == 1


@timeless
async def test_a_queue_leaves_a_cool_down_spread_and_in_order() -> None:
    """The quota would let all go at once; they go one by one over a quarter of the cool-down."""
    door = Door(50, Limit(1000), draw=0.5)
    await door.admission.hold_back(4)
    tasks = [door.visit(number) for number in range(20)]
    await asyncio.sleep(10)
    came = [door.came_after[number] - 4 for number in range(20)]
    assert came == sorted(came)
    assert came[0] > 0
    assert came[-1] <= 1.0
    assert max(later - earlier for earlier, later in itertools.pairwise(came)) < 0.1
    await door.close(*tasks)


@timeless
async def test_what_another_process_was_told_holds_back_all() -> None:
    """A limiter that hears of a cool-down tells the client, which refuses what comes too late and spreads the rest."""

    class Distant(Limit):
        async def take(self, waiter: Waiter) -> Place:
            waiter.held_back(3.0, 8.0)
            return await super().take(waiter)

    door = Door(1, Distant(5), draw=1.0)
    with pytest.raises(DeadlineExceededError) as caught:
        await door.visit(0, deadline=2)
    assert caught.value.retry_after == 3
    assert door.cool_down.left() == 3
    await asyncio.sleep(3)
    assert door.cool_down.gap(0) == pytest.approx(2.0)
    assert door.free() == 1


# --- limiters of users ----------------------------------------------------------------------------------


@timeless
async def test_who_comes_behind_a_long_queue_hears_how_long_it_takes() -> None:
    """Each of those before takes a place as well, so that the third waits for the third one to come free."""
    limit = Limit(3, 60)
    door = Door(5, limit)
    for number in range(3):
        before = door.visit(number)
        await settle()
        await door.let_go(number)
        await before
        await asyncio.sleep(10)
    ahead = [door.visit(number) for number in (3, 4, 5)]
    await settle()
    with pytest.raises(DeadlineExceededError, match="no place in the quota of rate_limit for") as caught:
        await door.visit(6, deadline=45)
    assert caught.value.retry_after == pytest.approx(50)
    assert limit.known_wait() == pytest.approx(30)
    await door.close(*ahead)


@timeless
async def test_a_place_under_way_may_come_free_at_any_time() -> None:
    """So nobody is refused for it before it counts."""
    limit = Limit(1, 60)
    place = await limit.take(Passage(Admission(slots_of(1)), asyncio.timeout(None)))
    assert limit.known_wait() == 0
    place.ends()
    assert limit.known_wait() == 60


@timeless
async def test_hold_back_tells_the_limiter_and_waits_for_it() -> None:
    """A limiter that several processes share learns of a 429."""
    gate = Gate()
    await Door(1, gate).admission.hold_back(3)
    assert gate.cool_downs == [3]


@pytest.mark.parametrize("error", [ValueError("redis://:s3cr3t@host"), ScenarioError("down")])
@timeless
async def test_a_limiter_that_fails_does_not_hide_the_429(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The cool-down holds all the same, and the log tells what failed."""

    class Broken(Gate):
        async def cool_down(self, seconds: float) -> None:
            raise error

    door = Door(1, Broken())
    await door.admission.hold_back(3)
    assert door.cool_down.left() == 3
    assert f"did not take note of a cool-down: {type(error).__name__}" in caplog.text
    assert "s3cr3t" not in caplog.text


@timeless
async def test_a_limiter_that_fails_keeps_no_slot() -> None:
    """An error of the user's limiter reaches the caller, and the slot comes back."""

    class Broken(Gate):
        async def acquire(self) -> None:
            raise OSError("no redis")

    door = Door(1, Broken())
    with pytest.raises(OSError, match="no redis"):
        await door.visit(0)
    assert door.free() == 1


@timeless
async def test_a_limiter_that_is_not_async_is_told_so() -> None:
    """The error says what is wrong with whose class."""

    class Plain(Gate):
        def acquire(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            """Forget to be async."""

    door = Door(1, cast("Any", Plain()))
    with pytest.raises(ScenarioError, match="Plain cannot limit this client: its `acquire` must be an async"):
        await door.visit(0)
    assert door.free() == 1


@timeless
async def test_a_class_derived_from_ours_has_the_last_word() -> None:
    """Its own `acquire` decides, and is not passed by."""
    asked: list[int] = []

    class Watched(RateLimit):
        async def acquire(self) -> None:
            asked.append(1)
            await super().acquire()

    door = Door(1, Watched(1))
    task = door.visit(0)
    await settle()
    assert asked == [1]
    await door.close(task)


@timeless
async def test_own_limiters_may_be_any_object() -> None:
    """Whatever has both methods is a limiter."""
    taken: list[int] = []

    class Own:
        def acquire(self) -> Awaitable[None]:
            taken.append(1)
            return asyncio.sleep(0)

        def cool_down(self, seconds: float) -> None:
            del seconds

    assert isinstance(Own(), RateLimiter)
    door = Door(1, cast("Any", Own()))
    task = door.visit(0)
    await settle()
    assert taken == [1]
    await door.close(task)


def test_each_loop_has_its_own_slots() -> None:
    """Slots are counted for each event loop, whichever is asked first, and are gone with it."""
    slots = slots_of(2)

    async def take_one() -> asyncio.Semaphore:
        mine = slots.here()
        await mine.acquire()
        assert slots.here() is mine
        assert not mine.locked()
        return mine

    assert asyncio.run(take_one()) is not asyncio.run(take_one())
    assert len(slots) == 0
