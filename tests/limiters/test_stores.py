"""The queue of tickets in a file and in Redis, question by question."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import RateLimit
from scenario_async.limiters._shared import Store, Ticket
from scenario_async.limiters.process import File

if TYPE_CHECKING:
    from pathlib import Path

    from limiters.conftest import Shared

ANY_ARRIVALS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


def store_of(limiter: Any) -> Store:
    """Give the store that a limiter asks."""
    store: Store = limiter._queue._store
    return store


async def test_tickets_are_served_in_their_order(shared: Shared) -> None:
    """A place that becomes free is for who has waited longest, even if another asks first."""
    store = store_of(shared(1, 3600))
    first, second, third = Ticket(), Ticket(), Ticket()
    assert (await store.ask(first)).wait == 0
    assert 3500 < (await store.ask(second)).wait < 3800
    assert (await store.ask(third)).wait > 3500
    await store.give_back(first)
    assert (await store.ask(third)).wait > 3500
    assert (await store.ask(second)).wait == 0
    await store.give_back(second)
    assert (await store.ask(third)).wait == 0


async def test_who_leaves_the_queue_lets_the_next_move_up(shared: Shared) -> None:
    """A ticket that is given back counts no more."""
    store = store_of(shared(1, 3600))
    first, second, third = Ticket(), Ticket(), Ticket()
    for ticket in (first, second, third):
        await store.ask(ticket)
    await store.give_back(second)
    await store.give_back(first)
    assert (await store.ask(third)).wait == 0


async def test_a_ticket_may_be_granted_anew(shared: Shared) -> None:
    """A ticket that was granted asks again and is granted at the later moment, without a second place."""
    store = store_of(shared(2, 3600))
    first = Ticket()
    assert [(await store.ask(first)).wait for _ in range(3)] == [0, 0, 0]
    assert (await store.ask(Ticket())).wait == 0
    assert (await store.ask(Ticket())).wait > 3500


async def test_a_ticket_counts_from_when_it_is_told(shared: Shared) -> None:
    """It moves in the window without taking a second place, and is there even if it had lapsed already."""
    store = store_of(shared(2, 1.0))
    early, late, lapsed = Ticket(), Ticket(), Ticket()
    for ticket in (early, late):
        assert (await store.ask(ticket)).wait == 0
    await asyncio.sleep(0.4)
    await store.count(early)
    assert (await store.ask(Ticket())).wait <= 0.7, "the other one lapses first"
    await store.give_back(late)
    await store.count(lapsed)
    assert (await store.ask(Ticket())).wait > 0.05


async def test_a_cool_down_is_told_with_its_length(shared: Shared) -> None:
    """It outweighs a quota that has room, and gives way to one that takes longer."""
    store = store_of(shared(1, 3600))
    await store.hold(60)
    answer = await store.ask(first := Ticket())
    assert 50 < answer.wait <= 60
    assert answer.cool_down == 60
    await store.give_back(first)
    other = store_of(shared(2, 3600))
    await other.hold(90)
    assert 80 < (await other.ask(Ticket())).wait <= 90


@ANY_ARRIVALS
@given(
    requests=st.integers(1, 4),
    per=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 60), min_size=1, max_size=15),
)
async def test_a_file_keeps_the_quota_for_any_arrivals(
    tmp_path_factory: pytest.TempPathFactory, requests: int, per: float, pauses: list[float]
) -> None:
    """However requests arrive, no window of that length sees more than it may."""
    clock = Clock()
    file = File(str(tmp_path_factory.mktemp("quota") / "file"), RateLimit(requests, per), clock)
    granted_at: list[float] = []
    for pause in pauses:
        clock.time += pause
        ticket = Ticket()
        while (wait := file._ask(ticket).wait) > 0:
            clock.time += min(wait, 5.0)
        granted_at.append(clock.time)
    for earlier, later in zip(granted_at, granted_at[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


def test_the_dead_hold_nobody_up_for_long(tmp_path: Path) -> None:
    """A ticket that nobody asks with loses its turn, and one that asks in time keeps it."""
    clock = Clock()
    file = File(str(tmp_path / "quota"), RateLimit(1, 5), clock)
    dead, patient, late = Ticket(), Ticket(), Ticket()
    assert file._ask(Ticket()).wait == 0
    for ticket in (dead, patient, late):
        assert file._ask(ticket).wait > 0
    clock.time += 6
    assert file._ask(patient).wait > 0, "the first in the queue may still come"
    clock.time += 5
    assert file._ask(late).wait > 0
    assert file._ask(patient).wait == 0


def test_who_was_cancelled_before_the_thread_began_takes_nothing(tmp_path: Path) -> None:
    """A question that comes after its ticket was given back leaves no trace."""
    file = File(str(tmp_path / "quota"), RateLimit(1, 3600), Clock())
    ticket = Ticket(given_up=True)
    file._give_back(ticket)
    file._ask(ticket)
    assert file._ask(Ticket()).wait == 0


def test_a_file_of_before_a_reboot_is_worth_nothing(tmp_path: Path) -> None:
    """The clock begins anew with the machine: nobody waits for moments of the time before."""
    clock = Clock()
    file = File(str(tmp_path / "quota"), RateLimit(1, 60), clock)
    assert file._ask(Ticket()).wait == 0
    assert file._ask(Ticket()).wait > 0
    file._hold(3600)
    clock.time = 5.0
    assert file._ask(Ticket()).wait == 0
    assert file._ask(Ticket()).wait == pytest.approx(60, rel=0.05)


async def test_redis_setting_its_clock_back_holds_nobody_up(redis_url: str) -> None:
    """Grants and cool-downs in the future are taken for those of now."""
    from redis.asyncio import Redis  # noqa: PLC0415 - it needs an extra

    from scenario_async.limiters import RedisRateLimit  # noqa: PLC0415

    limiter = RedisRateLimit(redis_url, 1, 10.0, key="clock")
    store = store_of(limiter)
    async with cast("Any", Redis).from_url(redis_url) as redis:
        hour_ahead = ((await redis.time())[0] + 3600) * 1_000_000
        await redis.zadd("{clock}:departures", {"a": hour_ahead})
        await redis.zadd("{clock}:line", {"dead": 1})
        await redis.zadd("{clock}:seen", {"dead": 1})
        assert 5 < (await store.ask(Ticket())).wait <= 10.3
        await redis.set("{clock}:cool-down", 20_000, px=3_600_000)
        assert 15 < (await store.ask(Ticket())).wait <= 20
        assert 0 < await redis.pttl("{clock}:cool-down") <= 20_000
        assert await redis.zscore("{clock}:line", "dead") is None
        for key in ("{clock}:line", "{clock}:seen"):
            assert 0 < await redis.pttl(key) <= 10_000


async def test_redis_forgets_what_nobody_uses(redis_url: str) -> None:
    """Every key expires."""
    from redis.asyncio import Redis  # noqa: PLC0415 - it needs an extra

    from scenario_async.limiters import RedisRateLimit  # noqa: PLC0415

    limiter = RedisRateLimit(redis_url, 1, 10.0, key="expiry")
    await limiter.acquire()
    await store_of(limiter).ask(Ticket())
    await limiter.cool_down(5)
    async with cast("Any", Redis).from_url(redis_url) as redis:
        keys = sorted([key async for key in redis.scan_iter("{expiry}*")])
        assert keys == [b"{expiry}:cool-down", b"{expiry}:departures", b"{expiry}:line", b"{expiry}:seen"]
        for key in keys:
            assert 0 < await redis.pttl(key) <= 10_300
