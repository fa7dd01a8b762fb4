"""The quota, on an event loop where time is free: what it lets go, in which order, and what counts."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from limiters import crew
from limiters.timeless import now, settle, timeless

from scenario_async import (
    APIError,
    AsyncScenario,
    DeadlineExceededError,
    InvalidSearchError,
    RateLimit,
    RateLimiter,
)
from scenario_async._calls.quota import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scenario_async._calls.quota import Place

BASE_URL = "https://api.example.com/v1"
URL = f"{BASE_URL}/x"
QUICK = settings(max_examples=100, deadline=None)


class Anybody:
    """One who waits, and whom no cool-down holds back."""

    def held_back(self, seconds: float, length: float) -> None:
        """Go on waiting."""

    def must_wait(self, seconds: float) -> None:
        """Go on waiting."""


def window_here(requests: int, per: float) -> Window:
    """Give a window on the clock of the running loop."""
    return Window(requests, per, now)


async def place_in(window: Window) -> Place:
    """Wait for a place, and give it."""
    return await window.take(Anybody())


@attrs.frozen
class Request:
    """When a request comes after the one before, what becomes of it, and where in its attempt it is counted."""

    pause: float
    gives_up_after: float | None
    dawdles: float
    starts: bool
    takes: float
    counted: float


REQUESTS = st.lists(
    st.builds(
        Request,
        pause=st.floats(0, 5),
        gives_up_after=st.none() | st.floats(0, 5),
        dawdles=st.floats(0, 2),
        starts=st.booleans() | st.just(True),  # noqa: FBT003 - a value to draw
        takes=st.floats(0, 20),
        counted=st.floats(0, 1),
    ),
    min_size=1,
    max_size=25,
)


def assert_kept(counted: Sequence[float], requests: int, per: float) -> None:
    """Fail if the moments at which the service counts are too many for any window."""
    moments = sorted(counted)
    for earlier, later in zip(moments, moments[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


@QUICK
@given(requests=st.integers(1, 5), per=st.floats(0.1, 10), planned=REQUESTS)
def test_no_window_sees_more_than_it_may(requests: int, per: float, planned: list[Request]) -> None:
    """Whatever arrives, however long attempts take, and whenever in its attempt the service counts each."""
    counted: list[float] = []

    async def send(window: Window, request: Request) -> None:
        async with asyncio.timeout(request.gives_up_after) as patience:
            place = await place_in(window)
            patience.reschedule(None)
        await asyncio.sleep(request.dawdles)
        if not request.starts:
            await place.give_back()
            return
        place.starts()
        began = now()
        await asyncio.sleep(request.takes)
        place.ends()
        await place.give_back()  # what went out stays counted
        counted.append(began + (now() - began) * request.counted)

    @timeless
    async def arrive() -> None:
        window = window_here(requests, per)
        tasks: list[asyncio.Task[None]] = []
        for request in planned:
            await asyncio.sleep(request.pause)
            tasks.append(asyncio.create_task(send(window, request)))
        await asyncio.wait(tasks)
        for task, request in zip(tasks, planned, strict=True):
            error = task.exception()
            assert error is None or (isinstance(error, TimeoutError) and request.gives_up_after is not None)
        await asyncio.sleep(per)
        for _ in range(requests):  # nothing holds a place any more
            await asyncio.wait_for(place_in(window), 0.001)

    arrive()
    assert_kept(counted, requests, per)


@QUICK
@given(
    requests=st.integers(1, 5),
    per=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 60), min_size=1, max_size=30),
)
def test_nobody_waits_without_need(requests: int, per: float, pauses: list[float]) -> None:
    """A place is there as soon as the window allows it, and not a moment before."""
    ended: list[float] = []

    @timeless
    async def arrive() -> None:
        window = window_here(requests, per)
        for pause in pauses:
            await asyncio.sleep(pause)
            free_at = ended[-requests] + per if len(ended) >= requests else 0.0
            soonest = max(now(), free_at)
            await window.acquire()
            assert now() == pytest.approx(soonest, rel=1e-9)
            ended.append(now())

    arrive()
    assert_kept(ended, requests, per)


@timeless
async def test_a_place_that_is_given_back_takes_nothing() -> None:
    """It is the next one's long before the window ends; the place of one that went out is not."""
    window = window_here(2, 100.0)
    began = now()
    first, second = [await place_in(window) for _ in range(2)]
    first.starts()
    first.ends()
    waiting = [asyncio.create_task(place_in(window)) for _ in range(2)]
    await asyncio.sleep(1)
    assert not waiting[0].done()
    await second.give_back()
    await waiting[0]
    assert now() - began < 2
    await waiting[1]
    assert now() - began == pytest.approx(100, abs=0.1)


@timeless
async def test_a_place_is_held_for_as_long_as_the_attempt_takes() -> None:
    """The service may count it at its end, however late that is."""
    window = window_here(1, 10.0)
    began = now()
    place = await place_in(window)
    place.starts()
    waiting = asyncio.create_task(place_in(window))
    await asyncio.sleep(50)
    place.ends()
    await waiting
    assert now() - began == pytest.approx(60, abs=0.1)


@timeless
async def test_first_come_first_served() -> None:
    """Those who wait go in the order in which they came, and who gives up leaves its turn to the next."""
    window = window_here(1, 1.0)
    began = now()
    order: list[int] = []

    async def go(number: int) -> None:
        await window.acquire()
        order.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(10)]
    await settle()
    for number in (1, 2, 5):
        tasks[number].cancel()
    await asyncio.wait(tasks)
    assert order == [0, 3, 4, 6, 7, 8, 9]
    assert now() - began == pytest.approx(6.0), "as if the others had not been"


@pytest.mark.parametrize("failure", ["status", "connection", "timeout", "cancelled"])
async def test_attempts_that_fail_count(http: Any, failure: str) -> None:
    """The service may have counted them, whatever became of their replies."""
    under_way = asyncio.Event()

    async def hang(*_: Any, **__: Any) -> Any:
        under_way.set()
        await asyncio.Event().wait()

    if failure == "status":
        http.get(URL, status=503, repeat=True)
    elif failure == "connection":
        http.get(URL, exception=aiohttp.ClientConnectionError("reset"), repeat=True)
    else:
        http.get(URL, callback=cast("Any", hang), repeat=True)
    options: dict[str, Any] = {"max_retries": 0, "timeout": 0.05 if failure == "timeout" else 60}
    async with AsyncScenario(
        api_key="a", api_secret="b", base_url=BASE_URL, rate_limit=RateLimit(2, 3600), **options
    ) as client:
        for _ in range(2):
            attempt = asyncio.ensure_future(client.request("GET", "x"))
            if failure == "cancelled":
                under_way.clear()
                await under_way.wait()
                attempt.cancel()
            await asyncio.wait([attempt])
            assert attempt.cancelled() or isinstance(attempt.exception(), APIError)
        with pytest.raises(DeadlineExceededError, match="no place in the quota of rate_limit") as caught:
            await client.with_options(deadline=0.5).request("GET", "x")
    assert caught.value.attempts == 0
    assert caught.value.retry_after == pytest.approx(3600, abs=60)


def test_one_quota_for_several_loops_and_threads() -> None:
    """Requests of one loop count for all others, at the same time and afterwards."""
    limit = RateLimit(9, 3600)
    crew.in_threads(limit, threads=3, times=2)
    crew.in_threads(limit, threads=1, times=3)
    with pytest.raises(TimeoutError):
        asyncio.run(asyncio.wait_for(limit.acquire(), 0.05))


@timeless
async def test_a_forked_child_keeps_what_was_counted() -> None:
    """What was under way at the fork goes on in the parent alone, and holds no place of the child's."""
    window = window_here(2, 60)
    await window.acquire()
    of_the_parent = await place_in(window)
    window.reset_after_fork()  # as the child does
    await asyncio.wait_for(place_in(window), 0.001)
    of_the_parent.ends()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(place_in(window), 50)


def test_rate_limit_is_a_rate_limiter() -> None:
    """The class keeps the protocol, and shows its figures."""
    limit = RateLimit(requests=100)
    assert isinstance(limit, RateLimiter)
    assert (limit.requests, limit.per) == (100, 60.0)
    assert repr(limit) == "RateLimit(requests=100, per=60.0)"


async def test_rate_limit_pickles_with_an_empty_window(repickle: Callable[[Any], Any]) -> None:
    """A copy keeps the figures, and begins anew."""
    limit = RateLimit(requests=1, per=3600)
    await limit.acquire()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(limit.acquire(), 0.001)
    copied = repickle(limit)
    assert (copied.requests, copied.per) == (1, 3600)
    await asyncio.wait_for(copied.acquire(), 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("requests", 0), ("requests", -1), ("requests", 1.5), ("requests", True), ("requests", "5"), ("per", 0),
     ("per", -1), ("per", math.inf), ("per", math.nan), ("per", "60")],
)  # fmt: skip
def test_rate_limit_checks_its_numbers(name: str, value: object) -> None:
    """A quota that is none is refused by name."""
    with pytest.raises(InvalidSearchError, match=name):
        RateLimit(**cast("Any", {"requests": 1, name: value}))
