"""Waiting in a shared place, and what happens when it fails, with a place that does as it is told."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

import pytest

from scenario_async import DeadlineExceededError, RateLimit, ScenarioError
from scenario_async.limiters import _line
from scenario_async.limiters._line import Answer, Line, OnFailure, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable


class BrokenError(Exception):
    """What the place raises."""


class Scripted:
    """A place that gives what it is told to give: answers, delays before a grant, or failures."""

    failures: ClassVar[tuple[type[Exception], ...]] = (BrokenError,)

    def __init__(self, answers: Iterable[Answer | Exception | float]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.given_back: list[str] = []
        self.counted: list[str] = []
        self.held: list[float] = []

    async def ask(self, ticket: Ticket) -> Answer:
        """Give the next answer."""
        self.asked.append(ticket.name)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Answer):
            return answer
        await asyncio.sleep(answer)
        return GRANTED

    async def give_back(self, ticket: Ticket) -> None:
        """Take note."""
        assert ticket.given_up
        self.given_back.append(ticket.name)

    async def count(self, ticket: Ticket) -> None:
        """Take note."""
        self.counted.append(ticket.name)

    async def hold(self, seconds: float) -> None:
        """Take note, or fail if told so."""
        if self.answers and isinstance(self.answers[0], Exception):
            raise self.answers[0]
        self.held.append(seconds)


GRANTED = Answer(0.0)


def _pass_over(left: float, length: float) -> None:
    """Heed no cool-down."""


async def until_alone() -> None:
    """Wait until no other task is left."""
    async with asyncio.timeout(20):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)


def line_in(place: Scripted, on_failure: OnFailure = "closed", slept: list[float] | None = None) -> Line:
    """Give a line whose waits are noted instead of waited."""

    async def sleep(seconds: float) -> None:
        (slept if slept is not None else []).append(seconds)

    return Line(place, RateLimit(2, 3600.0), name="a script", on_failure=on_failure, sleep=sleep)


async def test_long_waits_are_slept_in_parts() -> None:
    """The ticket asks again within two seconds, so that it keeps its turn and moves up."""
    place, slept = Scripted([Answer(60.0), Answer(1.5), GRANTED]), list[float]()
    await line_in(place, slept=slept).acquire()
    assert slept == [2.0, 1.5]
    assert len(place.asked) == 3
    assert len(set(place.asked)) == 1


async def test_who_waits_hears_of_a_cool_down() -> None:
    """The client learns what is left of it and how long it is in all, so that it can spread what follows."""
    heard: list[tuple[float, float]] = []
    place, slept = Scripted([Answer(3.0, cool_down=4.0), Answer(1.0), GRANTED]), list[float]()
    await line_in(place, slept=slept).take(lambda left, length: heard.append((left, length)))
    assert heard == [(3.0, 4.0)]
    assert slept == [2.0, 1.0]


async def test_who_hears_of_a_cool_down_may_give_up() -> None:
    """An error ends the wait with that error, and the ticket goes back."""

    def too_long(left: float, length: float) -> None:
        raise DeadlineExceededError(f"{left} of {length}")

    place = Scripted([Answer(30.0, cool_down=40.0)])
    with pytest.raises(DeadlineExceededError, match=r"30\.0 of 40\.0"):
        await line_in(place).take(too_long)
    await until_alone()
    assert place.given_back == place.asked


async def test_a_departure_counts_from_the_moment_at_which_the_request_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What leaves at once counts already; what leaves late is counted anew."""
    now = [100.0]
    monkeypatch.setattr("scenario_async.limiters._line.time.monotonic", lambda: now[0])
    place = Scripted([GRANTED, GRANTED])
    line = line_in(place)
    at_once, late = await line.take(_pass_over), await line.take(_pass_over)
    now[0] += 0.1
    at_once.leaves()
    await until_alone()
    assert place.counted == []
    now[0] += 0.1
    late.leaves()
    await until_alone()
    assert place.counted == place.asked[1:]
    for departure in (at_once, late):
        await departure.given_up()
    await until_alone()
    assert place.given_back == [], "what left stays counted"


async def test_a_request_that_never_leaves_gives_its_departure_back() -> None:
    """Another one may have it."""
    place = Scripted([GRANTED])
    await (await line_in(place).take(_pass_over)).given_up()
    await until_alone()
    assert place.given_back == place.asked


async def test_a_cancelled_wait_gives_its_ticket_back() -> None:
    """Whoever waits behind it in this process draws its own."""
    place = Scripted([30.0, GRANTED])
    line = line_in(place)
    waiting = [asyncio.ensure_future(line.acquire()) for _ in range(2)]
    while not place.asked:
        await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert [wait.cancelled() for wait in waiting] == [True, False]
    await until_alone()
    assert place.given_back == place.asked[:1]
    assert place.asked[0] != place.asked[1]


async def test_a_cancelled_wait_ends_at_once_even_if_the_place_hangs() -> None:
    """A deadline waits for nothing; what there is to tidy up is done in the background."""
    place = Scripted([3600.0])
    wait = asyncio.ensure_future(line_in(place).acquire())
    while not place.asked:
        await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait], timeout=0.5)  # an answer is waited for during a second
    assert wait.cancelled()
    await until_alone()
    assert place.given_back == place.asked


async def test_a_driver_that_swallows_a_cancellation_does_not_keep_the_caller() -> None:
    """The wait ends all the same, and leaves no task behind."""

    class Swallowing(Scripted):
        async def ask(self, ticket: Ticket) -> Answer:
            with suppress(asyncio.CancelledError):
                await super().ask(ticket)
            await asyncio.sleep(3600)
            return GRANTED

    place = Swallowing([3600.0])
    wait = asyncio.ensure_future(line_in(place).acquire())
    while not place.asked:
        await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait], timeout=20)
    assert wait.cancelled()
    await until_alone()
    assert place.given_back == place.asked


async def test_closed_fails_clearly() -> None:
    """The error names the place, what failed, and the way out; it carries no frames of the driver."""
    place = Scripted([BrokenError("redis://:s3cr3t@host is down"), GRANTED])
    line = line_in(place)
    with pytest.raises(
        ScenarioError, match=r"a script.*BrokenError: .* is down.*on_failure=\"open\""
    ) as caught:
        await line.acquire()
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(ScenarioError, match="is down"):
        await line.acquire()  # at once, as all would who wait; none of them asks anew
    assert len(place.asked) == 1
    line._known.apart_until = 0.0
    await line.acquire()


async def test_what_never_answers_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends, and a wait that is cancelled does not wait for an answer either."""
    monkeypatch.setattr(_line, "_PATIENCE", 0.05)
    with pytest.raises(ScenarioError, match="no answer within"):
        await line_in(Scripted([3600.0])).acquire()


async def test_open_goes_on_at_its_own_pace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The place is left alone for a while, then tried again; the log tells."""
    place = Scripted([BrokenError("down"), GRANTED, GRANTED])
    line = line_in(place, "open")
    await line.acquire()
    await line.acquire()
    assert len(place.asked) == 1
    assert "BrokenError: down" in caplog.text
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.acquire(), 0.05)  # its own pace of two is spent
    line._known.apart_until = 0.0
    await line.acquire()
    assert len(place.asked) == 2


async def test_open_goes_on_after_a_wait_that_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines shorter than the patience do not keep the place from being noticed as hanging."""
    monkeypatch.setattr(_line, "_HANGING", 0.02)
    place = Scripted([3600.0])
    line = line_in(place, "open")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(line.acquire(), 0.05)
    await line.acquire()
    assert len(place.asked) == 1
    await until_alone()


async def test_open_passes_on_what_the_client_says() -> None:
    """A cool-down that a deadline does not fit is no failure of the place."""

    def too_long(left: float, length: float) -> None:
        raise DeadlineExceededError(f"{left} of {length}")

    line = line_in(Scripted([Answer(30.0, cool_down=40.0)]), "open")
    with pytest.raises(DeadlineExceededError):
        await line.take(too_long)
    assert not line._known.is_apart()
    await until_alone()


async def test_a_cool_down_reaches_the_place_or_fails() -> None:
    """Closed raises; open keeps it for this process, and a day is the longest there is."""
    place = Scripted([])
    await line_in(place).cool_down(5)
    await line_in(place).cool_down(0)
    await line_in(place).cool_down(float("inf"))
    assert place.held == [5, 86400]
    broken = Scripted([BrokenError("down")])
    with pytest.raises(ScenarioError, match="down"):
        await line_in(broken).cool_down(5)
    alone = line_in(broken, "open")
    await alone.cool_down(5)
    assert alone._known.cool_down.remaining() > 4
