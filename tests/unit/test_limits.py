"""Slots, pace and cool-down, on a clock that only sleeping moves."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import itertools
import math
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import DeadlineExceededError, InvalidSearchError, RateLimit, RateLimiter, ScenarioError
from scenario_async._limits import Admission, CoolDown, Stopwatch, Waiting, slots_of
from scenario_async._loops import PerLoop
from scenario_async._pace import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scenario_async._pace import Departure, HeldBack

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Clock:
    """A clock that stands still but for sleepers."""

    def __init__(self, now: float = 1000.0) -> None:
        self.time = now
        self.slept: list[float] = []

    def now(self) -> float:
        """Tell the time."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


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

    def cool_down(self, seconds: float) -> None:
        """Take note."""
        self.cool_downs.append(seconds)


async def settle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def unlimited() -> float:
    """Give the time left where there is no deadline."""
    return math.inf


# --- pace -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("requests", "per"), [(1, 1.0), (3, 10.0), (100, 60.0), (5, 0.01)])
async def test_never_more_than_the_pace_allows(requests: int, per: float) -> None:
    """Of as many requests as there are, no more leave within any window."""
    clock = Clock()
    window = Window(requests, per, clock.now, clock.sleep)
    left_at: list[float] = []

    async def leave() -> None:
        await window.acquire()
        left_at.append(clock.time)

    await asyncio.gather(*(leave() for _ in range(3 * requests + 1)))
    assert len(left_at) == 3 * requests + 1
    assert left_at[requests - 1] == left_at[0], "the first ones need not wait"
    for earlier, later in zip(left_at, left_at[requests:], strict=False):
        assert later - earlier >= per
    assert left_at[-1] - left_at[0] <= 3 * per * 1.05


@QUICK
@given(
    requests=st.integers(1, 5),
    per=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 60), min_size=1, max_size=30),
)
def test_the_pace_holds_for_any_arrivals(requests: int, per: float, pauses: list[float]) -> None:
    """However requests arrive, no window of the pace's length sees more than it may."""
    clock = Clock()
    left_at: list[float] = []

    async def arrive() -> None:
        window = Window(requests, per, clock.now, clock.sleep)
        for pause in pauses:
            clock.time += pause
            arrived = clock.time
            must_wait = len(left_at) >= requests and clock.time - left_at[-requests] < per
            await window.acquire()
            left_at.append(clock.time)
            if not must_wait:
                assert clock.time - arrived <= per * 0.05, "nobody waits without need"

    asyncio.run(arrive())
    for earlier, later in zip(left_at, left_at[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


@QUICK
@given(
    requests=st.integers(1, 5),
    per=st.floats(0.1, 10),
    waits=st.lists(st.tuples(st.floats(0, 5), st.floats(0, 30)), min_size=1, max_size=20),
)
def test_the_pace_holds_for_what_leaves_late(
    requests: int, per: float, waits: list[tuple[float, float]]
) -> None:
    """Requests that are let go leave whenever they are ready, and no window sees more of them than it may."""
    clock = Clock()
    left_at: list[float] = []

    async def leave(window: Window, ready: float) -> None:
        departure = await window.take(_pass_over)
        until = clock.time + ready
        while clock.time < until:
            await clock.sleep(0.05)
        departure.leaves()
        left_at.append(clock.time)

    async def arrive() -> None:
        window = Window(requests, per, clock.now, clock.sleep)
        async with asyncio.TaskGroup() as group:
            for pause, ready in waits:
                clock.time += pause
                group.create_task(leave(window, ready))

    asyncio.run(arrive())
    assert len(left_at) == len(waits)
    for earlier, later in zip(left_at, left_at[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


async def test_a_request_that_never_leaves_takes_nothing() -> None:
    """Its place is the next one's, long before the window ends; one that left keeps it."""
    clock = Clock()
    window = Window(2, 100.0, clock.now, clock.sleep)
    first, second = [await window.take(_pass_over) for _ in range(2)]
    first.leaves()
    await first.given_up()
    waiting = asyncio.ensure_future(window.acquire())
    await settle()
    assert not waiting.done()
    await second.given_up()
    await waiting
    assert clock.time - 1000.0 < 5
    await window.acquire()
    assert clock.time - 1000.0 >= 100


def _pass_over(left: float, length: float) -> None:
    """Heed no cool-down."""


async def test_first_come_first_served() -> None:
    """Those who wait leave in the order in which they came."""
    clock = Clock()
    window = Window(1, 1.0, clock.now, clock.sleep)
    order: list[int] = []

    async def leave(number: int) -> None:
        await window.acquire()
        order.append(number)

    await asyncio.gather(*(leave(number) for number in range(10)))
    assert order == list(range(10))


async def test_a_cancelled_wait_takes_nothing() -> None:
    """Whoever gives up leaves the place to the next."""
    clock = Clock()
    release = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await release.wait()
        clock.time += seconds

    window = Window(1, 10.0, clock.now, sleep)
    await window.acquire()
    waiting = [asyncio.ensure_future(window.acquire()) for _ in range(4)]
    await settle()
    for task in waiting[:3]:
        task.cancel()
    await settle()
    assert [task.cancelled() for task in waiting] == [True, True, True, False]
    release.set()
    await waiting[3]
    assert clock.time - 1000.0 == pytest.approx(10.0, rel=0.05), "one wait, as if the others had not been"


def test_one_pace_for_several_loops() -> None:
    """Requests of one loop count for the next."""
    clock = Clock()
    window = Window(2, 10.0, clock.now, clock.sleep)
    for _ in range(4):
        asyncio.run(window.acquire())
    assert clock.time - 1000.0 == pytest.approx(10.0, rel=0.05)


def test_rate_limit_is_a_rate_limiter() -> None:
    """The class keeps the protocol, and shows its pace."""
    limit = RateLimit(requests=100)
    assert isinstance(limit, RateLimiter)
    assert (limit.requests, limit.per) == (100, 60.0)
    assert "100" in repr(limit)
    assert "60" in repr(limit)


async def test_rate_limit_lets_go() -> None:
    """As many as the pace allows leave at once."""
    limit = RateLimit(requests=3, per=3600)
    for _ in range(3):
        await limit.acquire()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(limit.acquire(), 0.001)


async def test_rate_limit_pickles_with_an_empty_window(repickle: Callable[[Any], Any]) -> None:
    """A copy keeps the pace, and begins anew."""
    limit = RateLimit(requests=1, per=3600)
    await limit.acquire()
    copied = repickle(limit)
    assert (copied.requests, copied.per) == (1, 3600)
    await asyncio.wait_for(copied.acquire(), 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("requests", 0), ("requests", -1), ("requests", 1.5), ("requests", True), ("requests", "5"), ("per", 0),
     ("per", -1), ("per", math.inf), ("per", math.nan), ("per", "60")],
)  # fmt: skip
def test_rate_limit_checks_its_numbers(name: str, value: object) -> None:
    """A pace that is none is refused by name."""
    with pytest.raises(InvalidSearchError, match=name):
        RateLimit(**cast("Any", {"requests": 1, name: value}))


# --- cool-down ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("seconds", [0.1, 5.0, 600.0])
def test_cool_down_lasts_as_long_as_asked(seconds: float, draw: float) -> None:
    """It never ends early, and spreads the return a little."""
    clock = Clock()
    cool_down = CoolDown(clock.now, lambda: draw)
    assert cool_down.remaining() == 0
    cool_down.impose(seconds)
    assert seconds <= cool_down.remaining() <= seconds * 1.1 + 2
    clock.time += seconds * 0.9
    assert cool_down.remaining() > 0
    clock.time += seconds * 0.2
    assert cool_down.remaining() == 0


def test_the_longer_cool_down_stays() -> None:
    """A shorter one does not end a longer one, and a longer one prolongs it."""
    clock = Clock()
    cool_down = CoolDown(clock.now, lambda: 0.0)
    cool_down.impose(10)
    cool_down.impose(1)
    assert cool_down.remaining() == pytest.approx(10)
    cool_down.impose(20)
    assert cool_down.remaining() == pytest.approx(20)


@pytest.mark.parametrize("draw", [0.0, 1.0])
@pytest.mark.parametrize("waiting", [0, 1, 9])
def test_a_line_keeps_its_distances(waiting: int, draw: float) -> None:
    """At its end nobody is later than the spread, and the distance fits all those who wait."""
    clock = Clock()
    cool_down = CoolDown(clock.now, lambda: draw)
    cool_down.impose(8)
    clock.time += 8
    assert cool_down.left() == 0
    gap = cool_down.gap(waiting)
    assert 0 <= gap <= 2
    assert gap == pytest.approx(draw * min(2, 4 / (waiting + 1)))
    assert cool_down.gap(0, time_left=0.5) <= 0.25
    clock.time += 2
    assert cool_down.gap(waiting) == 0


@pytest.mark.parametrize("limited", [False, True])
async def test_a_deadline_that_the_cool_down_fits_into_is_kept(*, limited: bool) -> None:
    """What the client adds by chance neither refuses a call nor eats the time that it has."""
    door = Door(1, RateLimit(100) if limited else None, draw=1.0)
    await door.admission.hold_back(8)
    task = door.visit(0, lambda: 1000.0 + 8.4 - door.clock.time)
    await settle()
    assert door.inside == [0]
    assert 8 <= door.came_at[0] - 1000.0 < 8.3
    await door.close(task)


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_cool_down(seconds: float) -> None:
    """Nothing to wait is nothing to wait."""
    cool_down = CoolDown(Clock().now, lambda: 1.0)
    cool_down.impose(seconds)
    assert cool_down.remaining() == 0


# --- admission ------------------------------------------------------------------------------------------


class Door:
    """An admission with a clock of its own, and visitors that stay until they are told to leave."""

    def __init__(self, slots: int, limit: RateLimiter | None = None, draw: float = 0.0) -> None:
        self.clock = Clock()
        self.cool_down = CoolDown(self.clock.now, lambda: draw)
        self.admission = Admission(slots_of(slots), self.cool_down, limit, sleep=self.clock.sleep)
        self.inside: list[int] = []
        self.came_at: dict[int, float] = {}
        self._leave: dict[int, asyncio.Event] = {}

    def visit(self, number: int, time_left: Callable[[], float] = unlimited) -> asyncio.Task[None]:
        """Send a visitor."""

        async def stay() -> None:
            async with self.admission.admitted(time_left, Waiting()):
                self.inside.append(number)
                self.came_at[number] = self.clock.time
                try:
                    await leave.wait()
                finally:
                    self.inside.remove(number)

        leave = self._leave[number] = asyncio.Event()
        return asyncio.ensure_future(stay())

    async def let_go(self, number: int) -> None:
        """Tell a visitor to leave."""
        self._leave[number].set()
        await settle()

    def free(self) -> int:
        """Count the slots that nobody holds."""
        return self.admission.slots.get()._value

    async def close(self, *tasks: asyncio.Task[None]) -> None:
        """Send everybody away."""
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("slots", [1, 2, 5])
async def test_no_more_inside_than_there_are_slots(slots: int) -> None:
    """The others wait, and come in as slots get free, in order."""
    door = Door(slots)
    tasks = [door.visit(number) for number in range(slots + 3)]
    await settle()
    assert door.inside == list(range(slots))
    await door.let_go(0)
    assert door.inside == list(range(1, slots + 1))
    await door.close(*tasks)
    assert door.free() == slots


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError(), KeyboardInterrupt()])
async def test_a_slot_comes_back_after_an_error(error: BaseException) -> None:
    """However a request ends, its slot is free again."""
    door = Door(1)

    async def fail() -> None:
        async with door.admission.admitted(unlimited, Waiting()):
            raise error

    with pytest.raises(type(error)):
        await fail()
    assert door.free() == 1


async def test_who_gives_up_waiting_takes_nothing() -> None:
    """A cancelled wait leaves its place in the line to the next."""
    door = Door(1)
    tasks = [door.visit(number) for number in range(3)]
    await settle()
    tasks[1].cancel()
    await settle()
    await door.let_go(0)
    assert door.inside == [2]
    await door.close(*tasks)
    assert door.free() == 1


async def test_cool_down_holds_back_all() -> None:
    """While it lasts nobody comes in, and nobody holds a slot."""
    door = Door(5)
    await door.admission.hold_back(10)
    tasks = [door.visit(number) for number in range(3)]
    await settle()
    assert sorted(door.inside) == [0, 1, 2]
    assert all(came - 1000.0 >= 10 for came in door.came_at.values())
    await door.close(*tasks)


async def test_cool_down_reaches_those_who_wait_for_a_slot() -> None:
    """Who gets a slot during a cool-down gives it back and waits."""
    door = Door(1)
    tasks = [door.visit(number) for number in range(2)]
    await settle()
    await door.admission.hold_back(7)
    await door.let_go(0)
    assert door.inside == [1]
    assert door.came_at[1] - 1000.0 >= 7
    await door.close(*tasks)


async def test_no_slot_is_held_in_a_cool_down() -> None:
    """Those who wait out a cool-down leave the slots alone."""
    door = Door(1)
    seen: list[int] = []
    sleep = door.clock.sleep

    async def watched(seconds: float) -> None:
        seen.append(door.free())
        await sleep(seconds)

    admission = Admission(door.admission.slots, door.cool_down, None, sleep=watched)
    await admission.hold_back(5)
    async with admission.admitted(unlimited, Waiting()):
        assert door.free() == 0
    assert seen == [1]


@pytest.mark.parametrize("limited", [False, True])
async def test_a_cool_down_that_outlasts_the_deadline_fails_at_once(*, limited: bool) -> None:
    """There is no use in waiting for what comes too late, and nothing is kept."""
    gate = Gate()
    door = Door(1, gate if limited else None)
    await door.admission.hold_back(10)
    with pytest.raises(DeadlineExceededError, match=r"10\.0"):
        await door.visit(0, lambda: 9.0)
    assert door.clock.slept == []
    assert door.free() == 1
    gate.free.release()
    task = door.visit(1, lambda: 11.0)
    await settle()
    assert door.inside == [1]
    await door.close(task)


async def test_hold_back_tells_the_limiter() -> None:
    """A limiter that several processes share learns of a 429."""
    gate = Gate()
    await Door(1, gate).admission.hold_back(3)
    assert gate.cool_downs == [3]


async def test_hold_back_waits_for_an_async_limiter() -> None:
    """A limiter that has to tell others over a network is awaited."""
    told: list[float] = []

    class Distant:
        async def acquire(self) -> None:
            """Let everybody go."""

        async def cool_down(self, seconds: float) -> None:
            await asyncio.sleep(0)
            told.append(seconds)

    admission = Admission(slots_of(1), CoolDown(), Distant())
    await admission.hold_back(3)
    assert told == [3]


async def test_waiting_is_counted_by_its_reason() -> None:
    """A wait for a slot is queueing; a cool-down is throttling as well."""
    door = Door(1)
    waiting = Waiting(Stopwatch(door.clock.now), Stopwatch(door.clock.now))
    first = door.visit(0)
    await settle()
    task = asyncio.ensure_future(_pass(door.admission, waiting))
    await settle()
    door.clock.time += 5  # in the line for the slot
    assert (waiting.queued.seconds, waiting.throttled.seconds) == (5, 0)
    await door.admission.hold_back(10)
    await door.let_go(0)
    await asyncio.gather(task, first)
    assert (waiting.queued.seconds, waiting.throttled.seconds) == (15, 10)


async def _pass(admission: Admission, waiting: Waiting) -> None:
    async with admission.admitted(unlimited, waiting):
        pass


async def test_a_cool_down_that_is_too_long_tells_how_long() -> None:
    """The error has the seconds, so that the caller may come again then."""
    door = Door(1)
    await door.admission.hold_back(10)
    with pytest.raises(DeadlineExceededError) as caught:
        await door.visit(0, lambda: 9.0)
    assert caught.value.retry_after == 10


async def test_only_the_first_in_line_holds_a_slot_while_it_waits_for_the_pace() -> None:
    """The others hold nothing, so that requests already paced are not held up."""
    gate = Gate()
    door = Door(3, gate)
    tasks = [door.visit(number) for number in range(5)]
    await settle()
    assert (door.inside, gate.asked, door.free()) == ([], 1, 2)
    gate.free.release()
    await settle()
    assert (door.inside, gate.asked, door.free()) == ([0], 2, 1)
    for _ in range(4):
        gate.free.release()
    await settle()
    assert door.inside == [0, 1, 2]
    assert gate.granted == 3, "no pace is taken by those who have no slot"
    await door.close(*tasks)
    assert door.free() == 3


async def test_cancelled_while_waiting_for_the_pace() -> None:
    """The slot comes back, and the next in line takes over."""
    gate = Gate()
    door = Door(1, gate)
    tasks = [door.visit(number) for number in range(2)]
    await settle()
    tasks[0].cancel()
    await settle()
    gate.free.release()
    await settle()
    assert door.inside == [1]
    assert gate.granted == 1
    await door.close(*tasks)
    assert door.free() == 1


async def test_a_limiter_that_fails_keeps_no_slot() -> None:
    """An error of the user's limiter reaches the caller, and the slot comes back."""

    class Broken(Gate):
        async def acquire(self) -> None:
            raise OSError("no redis")

    door = Door(1, Broken())
    with pytest.raises(OSError, match="no redis"):
        await door.visit(0)
    assert door.free() == 1


async def test_a_429_holds_back_who_waits_for_the_pace() -> None:
    """A cool-down that begins while the first in line waits for the pace holds that one back too."""
    gate = Gate()
    door = Door(2, gate)
    task = door.visit(0)
    await settle()
    await door.admission.hold_back(10)
    for _ in range(2):  # the pace may be asked anew
        gate.free.release()
        await settle()
    assert door.came_at[0] - 1000.0 >= 10
    await door.close(task)


async def test_a_line_leaves_a_cool_down_spread_and_in_order() -> None:
    """The pace would let all go at once; they leave one by one over a quarter of the cool-down."""
    door = Door(50, RateLimit(1000), draw=0.5)
    await door.admission.hold_back(4)
    tasks = [door.visit(number) for number in range(20)]
    while len(door.inside) < 20:
        await settle()
    came = [door.came_at[number] - 1004.0 for number in range(20)]
    assert came == sorted(came)
    assert came[0] > 0
    assert came[-1] <= 1.0
    gaps = [later - earlier for earlier, later in itertools.pairwise(came)]
    assert max(gaps) < 0.1
    await door.close(*tasks)


async def test_a_cool_down_that_begins_before_the_request_leaves() -> None:
    """Who has a slot in hand gives it back, with its place in the pace, and waits anew."""
    door = Door(1, RateLimit(1, 3600))
    async with door.admission.admitted(unlimited, Waiting()) as let_go:
        await let_go.renewed()
        assert door.clock.slept == [], "there is no cool-down"
        await door.admission.hold_back(5)
        await let_go.renewed()
        assert door.clock.time - 1000.0 == 5
        assert door.free() == 0
    assert door.free() == 1


async def test_a_cool_down_too_long_for_who_was_let_go() -> None:
    """The deadline's error comes at once, and the slot is free once and not twice."""
    door = Door(1, RateLimit(1, 3600))

    async def wait_anew() -> None:
        async with door.admission.admitted(lambda: 4.0, Waiting()) as let_go:
            await door.admission.hold_back(5)
            await let_go.renewed()

    with pytest.raises(DeadlineExceededError):
        await wait_anew()
    assert door.free() == 1


@pytest.mark.parametrize("waits_for", ["slot", "pace", "line"])
async def test_a_cool_down_ends_the_waits_that_it_outlasts(waits_for: str) -> None:
    """Who waits already learns at once that it is no use, from whatever thread that comes; the others wait on."""
    gate = Gate()
    door = Door(1, None if waits_for == "slot" else gate)
    first = door.visit(0)
    await settle()
    hasty, patient = door.visit(1, lambda: 5.0), door.visit(2, lambda: 50.0)
    if waits_for == "pace":
        first.cancel()
    await settle()
    assert not hasty.done()
    await asyncio.to_thread(door.cool_down.impose, 10)
    with pytest.raises(DeadlineExceededError, match=r"asked to wait 10\.0 s more") as caught:
        await asyncio.wait_for(hasty, 5)
    assert caught.value.retry_after == 10
    assert not patient.done()
    for _ in range(4):  # the pace may be asked anew
        gate.free.release()
        await settle()
    await door.let_go(0)
    assert door.inside == [2]
    assert door.came_at[2] - 1000.0 >= 10
    await door.close(first, patient)
    assert door.free() == 1


async def test_who_was_let_go_is_left_alone() -> None:
    """A cool-down that begins while a request is under way is none of its business."""
    door = Door(1)
    task = door.visit(0, lambda: 5.0)
    await settle()
    door.cool_down.impose(10)
    await settle()
    assert door.inside == [0]
    await door.let_go(0)
    await task


@pytest.mark.parametrize("limited", [False, True])
async def test_who_sends_again_need_not_queue_again(*, limited: bool) -> None:
    """Its slot stays, and the pace has a second place for it before those who came later."""
    gate = Gate()
    door = Door(1, gate if limited else None)
    gate.free.release()
    order: list[str] = []

    async def twice() -> None:
        async with door.admission.admitted(unlimited, Waiting()) as let_go:
            later = door.visit(1)
            await settle()
            gate.free.release()
            await let_go.again()
            order.append("again")
            assert door.inside == []
        await settle()
        gate.free.release()
        await settle()
        order.extend(map(str, door.inside))
        await door.close(later)

    await twice()
    assert order == ["again", "1"]
    assert gate.granted == (3 if limited else 0)


async def test_what_another_process_was_told_holds_back_all() -> None:
    """A limiter that hears of a cool-down tells the client, which refuses what comes too late and spreads the rest."""

    class Distant(RateLimit):
        async def take(self, held_back: HeldBack) -> Departure:
            held_back(3.0, 8.0)
            return await super().take(held_back)

    door = Door(1, Distant(5))
    with pytest.raises(DeadlineExceededError) as caught:
        await door.visit(0, lambda: 2.0)
    assert caught.value.retry_after == 3
    assert door.cool_down.left() == 3
    door.clock.time += 3
    assert door.cool_down.gap(0, time_left=math.inf) == 0
    assert CoolDown(door.clock.now, lambda: 1.0).gap(0) == 0
    assert door.free() == 1


async def test_a_class_derived_from_ours_has_the_last_word() -> None:
    """Its own `acquire` decides, and is not passed by."""
    asked: list[int] = []

    class Watched(RateLimit):
        async def acquire(self) -> None:
            asked.append(1)
            await super().acquire()

    async with Admission.of(1, Watched(1)).admitted(unlimited, Waiting()):
        assert asked == [1]


async def test_a_limiter_that_is_not_async_is_told_so() -> None:
    """The error says what is wrong with whose class."""

    class Plain(Gate):
        def acquire(self) -> None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            """Forget to be async."""

    door = Door(1, cast("Any", Plain()))
    with pytest.raises(ScenarioError, match="Plain cannot pace this client: its `acquire` must be an async"):
        await door.visit(0)
    assert door.free() == 1


@pytest.mark.parametrize("error", [ValueError("redis://:s3cr3t@host"), ScenarioError("down")])
async def test_a_limiter_that_fails_does_not_hide_the_429(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The cool-down holds all the same, and the log tells what failed."""

    class Broken(Gate):
        def cool_down(self, seconds: float) -> None:
            raise error

    door = Door(1, Broken())
    await door.admission.hold_back(3)
    assert door.cool_down.left() == 3
    assert f"did not take note of a cool-down: {type(error).__name__}" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_each_loop_has_its_own_slots() -> None:
    """Slots are counted for each event loop, whichever is asked first."""
    slots = slots_of(2)

    async def both() -> list[bool]:
        mine = slots.get()
        await mine.acquire()
        return [slots.get() is mine, mine.locked()]

    assert asyncio.run(both()) == [True, False]
    assert asyncio.run(both()) == [True, False]


def test_per_loop_objects_go_with_their_loop() -> None:
    """One object for a loop, another one for the next."""
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    each: PerLoop[object] = PerLoop(make)

    async def get() -> tuple[object, object]:
        return each.get(), each.get()

    first, again = asyncio.run(get())
    assert first is again
    assert asyncio.run(get())[0] is not first
    assert len(made) == 2


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
    admission = Admission.of(1, cast("Any", Own()))
    async with admission.admitted(unlimited, Waiting()):
        assert taken == [1]
