"""The line of tickets in a file and in Redis, question by question."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import RateLimit
from scenario_async.limiters._line import Place, Ticket
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


def place_of(limiter: Any) -> Place:
    """Give the place that a limiter asks."""
    place: Place = limiter._line._place
    return place


async def test_tickets_are_served_in_their_order(shared: Shared) -> None:
    """A place that becomes free is for who has waited longest, even if another asks first."""
    place = place_of(shared(1, 3600))
    first, second, third = Ticket(), Ticket(), Ticket()
    assert (await place.ask(first)).wait == 0
    assert 3500 < (await place.ask(second)).wait < 3800
    assert (await place.ask(third)).wait > 3500
    await place.give_back(first)
    assert (await place.ask(third)).wait > 3500
    assert (await place.ask(second)).wait == 0
    await place.give_back(second)
    assert (await place.ask(third)).wait == 0


async def test_who_leaves_the_line_lets_the_next_move_up(shared: Shared) -> None:
    """A ticket that is given back counts no more."""
    place = place_of(shared(1, 3600))
    first, second, third = Ticket(), Ticket(), Ticket()
    for ticket in (first, second, third):
        await place.ask(ticket)
    await place.give_back(second)
    await place.give_back(first)
    assert (await place.ask(third)).wait == 0


async def test_a_departure_may_be_taken_anew(shared: Shared) -> None:
    """A ticket that departed asks again and departs at the later moment, without a second place."""
    place = place_of(shared(2, 3600))
    first = Ticket()
    assert [(await place.ask(first)).wait for _ in range(3)] == [0, 0, 0]
    assert (await place.ask(Ticket())).wait == 0
    assert (await place.ask(Ticket())).wait > 3500


async def test_a_departure_counts_from_when_it_is_told(shared: Shared) -> None:
    """It moves in the window without taking a second place, and is there even if it had lapsed already."""
    place = place_of(shared(2, 0.3))
    early, late, lapsed = Ticket(), Ticket(), Ticket()
    for ticket in (early, late):
        assert (await place.ask(ticket)).wait == 0
    await asyncio.sleep(0.2)
    await place.count(early)
    assert (await place.ask(Ticket())).wait <= 0.12, "the other one lapses first"
    await place.give_back(late)
    await place.count(lapsed)
    assert (await place.ask(Ticket())).wait > 0.05


async def test_a_cool_down_is_told_with_its_length(shared: Shared) -> None:
    """It outweighs a pace that has room, and gives way to a pace that takes longer."""
    place = place_of(shared(1, 3600))
    await place.hold(60)
    answer = await place.ask(first := Ticket())
    assert 50 < answer.wait <= 60
    assert answer.cool_down == 60
    await place.give_back(first)
    other = place_of(shared(2, 3600))
    await other.hold(90)
    assert 80 < (await other.ask(Ticket())).wait <= 90


@ANY_ARRIVALS
@given(
    requests=st.integers(1, 4),
    per=st.floats(0.01, 100),
    pauses=st.lists(st.floats(0, 60), min_size=1, max_size=15),
)
async def test_a_file_keeps_the_pace_for_any_arrivals(
    tmp_path_factory: pytest.TempPathFactory, requests: int, per: float, pauses: list[float]
) -> None:
    """However requests arrive, no window of the pace's length sees more than it may."""
    clock = Clock()
    file = File(str(tmp_path_factory.mktemp("pace") / "file"), RateLimit(requests, per), clock)
    left_at: list[float] = []
    for pause in pauses:
        clock.time += pause
        ticket = Ticket()
        while (wait := file._ask(ticket).wait) > 0:
            clock.time += min(wait, 5.0)
        left_at.append(clock.time)
    for earlier, later in zip(left_at, left_at[requests:], strict=False):
        assert later - earlier >= per * 0.999_999


def test_the_dead_hold_nobody_up_for_long(tmp_path: Path) -> None:
    """A ticket that nobody asks with loses its turn, and one that asks in time keeps it."""
    clock = Clock()
    file = File(str(tmp_path / "pace"), RateLimit(1, 5), clock)
    dead, patient, late = Ticket(), Ticket(), Ticket()
    assert file._ask(Ticket()).wait == 0
    for ticket in (dead, patient, late):
        assert file._ask(ticket).wait > 0
    clock.time += 6
    assert file._ask(patient).wait > 0, "the first in line may still come"
    clock.time += 5
    assert file._ask(late).wait > 0
    assert file._ask(patient).wait == 0


def test_who_was_cancelled_before_the_thread_began_takes_nothing(tmp_path: Path) -> None:
    """A question that comes after its ticket was given back leaves no trace."""
    file = File(str(tmp_path / "pace"), RateLimit(1, 3600), Clock())
    ticket = Ticket(given_up=True)
    file._give_back(ticket)
    file._ask(ticket)
    assert file._ask(Ticket()).wait == 0


def test_a_file_of_before_a_reboot_is_worth_nothing(tmp_path: Path) -> None:
    """The clock begins anew with the machine: nobody waits for moments of the time before."""
    clock = Clock()
    file = File(str(tmp_path / "pace"), RateLimit(1, 60), clock)
    assert file._ask(Ticket()).wait == 0
    assert file._ask(Ticket()).wait > 0
    file._hold(3600)
    clock.time = 5.0
    assert file._ask(Ticket()).wait == 0
    assert file._ask(Ticket()).wait == pytest.approx(60, rel=0.05)


async def test_redis_setting_its_clock_back_holds_nobody_up(redis_url: str) -> None:
    """Departures and cool-downs in the future are taken for those of now."""
    from redis.asyncio import Redis  # noqa: PLC0415 - it needs an extra

    from scenario_async.limiters import RedisRateLimit  # noqa: PLC0415

    limiter = RedisRateLimit(redis_url, 1, 10.0, key="clock")
    place = place_of(limiter)
    async with cast("Any", Redis).from_url(redis_url) as redis:
        hour_ahead = ((await redis.time())[0] + 3600) * 1_000_000
        await redis.zadd("{clock}:departures", {"a": hour_ahead})
        await redis.zadd("{clock}:line", {"dead": 1})
        await redis.zadd("{clock}:seen", {"dead": 1})
        assert 5 < (await place.ask(Ticket())).wait <= 10.3
        await redis.set("{clock}:cool-down", 20_000, px=3_600_000)
        assert 15 < (await place.ask(Ticket())).wait <= 20
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
    await place_of(limiter).ask(Ticket())
    await limiter.cool_down(5)
    async with cast("Any", Redis).from_url(redis_url) as redis:
        keys = sorted([key async for key in redis.scan_iter("{expiry}*")])
        assert keys == [b"{expiry}:cool-down", b"{expiry}:departures", b"{expiry}:line", b"{expiry}:seen"]
        for key in keys:
            assert 0 < await redis.pttl(key) <= 10_300
