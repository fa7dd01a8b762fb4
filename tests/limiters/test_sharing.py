"""Several processes in one quota, seen from the server's door."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from limiters import crew as duties

from scenario_async import AsyncScenario, RateLimiter, RateLimitError
from scenario_async.emulator import Emulator, Quota, faults

if TYPE_CHECKING:
    from limiters.conftest import Shared
    from limiters.crew import Crew


class Door(Quota):
    """A quota that remembers who came, and when."""

    def __init__(self, requests: int, per: float) -> None:
        super().__init__(requests, per=per)
        self.arrivals: list[float] = []

    def admit(self, project_id: str) -> None:
        """Note the moment."""
        self.arrivals.append(time.monotonic())
        super().admit(project_id)


def test_four_processes_meet_no_429(shared: Shared, crew: Crew) -> None:
    """Every search is answered at the first attempt, and no window sees more than it may."""
    door = Door(8, per=1.0)  # half the limiter's window: requests of a busy machine arrive unevenly
    with Emulator(duties.library(), rate_limit=door).running() as base_url:
        answered = crew(duties.search, shared(8, 2.0), base_url, 4)
    assert answered == [4, 4, 4, 4]
    assert len(door.arrivals) == 16
    assert (
        min(later - earlier for earlier, later in zip(door.arrivals, door.arrivals[8:], strict=False)) >= 1.0
    )


async def test_a_429_of_one_process_holds_back_the_others(shared: Shared, crew: Crew) -> None:
    """They send nothing before the moment that the service named to one of them."""
    door = Door(100, per=1.0)
    limiter = shared(100, 1.0)
    emulator = Emulator(duties.library(), rate_limit=door, faults=faults.Status(429, retry_after="1"))
    with emulator.running() as base_url:
        async with AsyncScenario(
            api_key="emulator", api_secret="emulator", base_url=base_url, rate_limit=limiter, max_retries=0
        ) as client:
            began = time.monotonic()
            with pytest.raises(RateLimitError):
                await client.search.asset_search(query="")
        assert await asyncio.to_thread(crew, duties.search, shared(100, 1.0), base_url, 1) == [1, 1, 1, 1]
    assert len(door.arrivals) == 4
    assert min(door.arrivals) - began >= 1.0


def test_who_gives_up_takes_nothing(shared: Shared, crew: Crew) -> None:
    """However and whenever processes are cancelled, what is left is exactly what was not used."""
    let_go = sum(crew(duties.restless, shared(200, 3600), 40))
    assert let_go < 160, "some were cancelled"

    async def rest() -> None:
        limiter = shared(200, 3600)
        for _ in range(200 - let_go):
            await limiter.acquire()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire(), 0.05)

    asyncio.run(rest())


# From Python 3.12 on, what redis-py leaves to the collector where it is cancelled while it connects says so.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
async def test_a_wait_ends_when_it_is_cancelled_while_it_connects(shared: Shared) -> None:
    """Whatever the first question of a limiter is busy with, the caller is free again, and nothing is taken."""
    first = shared(1, 3600)
    await first.acquire()
    for turns in range(60):
        wait = asyncio.ensure_future(shared(1, 3600).acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        wait.cancel()
        await asyncio.wait([wait], timeout=20)
        assert wait.cancelled()


async def test_first_come_first_served(shared: Shared) -> None:
    """Those who wait go in the order in which they came, whichever limiter they hold."""
    limiters: list[Any] = [shared(1, 0.3) for _ in range(4)]
    await limiters[0].acquire()
    order: list[int] = []
    in_queue = [asyncio.Event() for _ in limiters]

    async def go(number: int) -> None:
        async def sleep(seconds: float) -> None:
            in_queue[number].set()
            await asyncio.sleep(seconds)

        limiters[number]._queue._sleep = sleep
        await limiters[number].acquire()
        order.append(number)
        in_queue[number].set()

    waiting: list[Any] = []
    for number in (2, 0, 3, 1):
        waiting.append(asyncio.ensure_future(go(number)))
        await in_queue[number].wait()
    await asyncio.gather(*waiting)
    assert order == [2, 0, 3, 1]


def test_event_loops_in_threads_share_the_quota(shared: Shared) -> None:
    """One limiter serves several loops at once, and the next one afterwards."""
    limiter = shared(12, 3600)
    duties.in_threads(limiter, threads=3, times=3)
    duties.in_threads(limiter, threads=1, times=3)

    async def one_more() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(limiter.acquire(), 0.05)

    asyncio.run(one_more())


async def test_the_longer_cool_down_stays(shared: Shared) -> None:
    """A shorter one of another process does not end it, and no cool-down is none."""
    one, other = shared(100, 1.0), shared(100, 1.0)
    await one.cool_down(0)
    await asyncio.wait_for(one.acquire(), 10)
    began = time.monotonic()
    await one.cool_down(0.6)
    await other.cool_down(0.01)
    await other.acquire()
    assert time.monotonic() - began >= 0.6


def test_both_are_rate_limiters(shared: Shared) -> None:
    """They keep the protocol, so that clients take them."""
    limiter = shared(5)
    assert isinstance(limiter, RateLimiter)
    assert (limiter.requests, limiter.per, limiter.on_failure) == (5, 60.0, "closed")
