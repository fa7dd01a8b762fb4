"""Waiting in a shared place, and what happens when it fails, with a place that does as it is told."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

import pytest

from scenario_async import RateLimit, ScenarioError
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

    async def hold(self, seconds: float) -> None:
        """Take note, or fail if told so."""
        if self.answers and isinstance(self.answers[0], Exception):
            raise self.answers[0]
        self.held.append(seconds)


GRANTED = Answer(0.0)


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


async def test_the_end_of_a_cool_down_is_spread() -> None:
    """Each waits a little longer by chance, and never shorter."""
    slept: list[float] = []
    for _ in range(50):
        await line_in(Scripted([Answer(1.0, cool_down=4.0), GRANTED]), slept=slept).acquire()
    assert min(slept) >= 1.0
    assert max(slept) <= 2.0
    assert len(set(slept)) > 40


async def test_a_grant_that_comes_late_is_taken_anew() -> None:
    """It counts from the moment at which the request leaves, and there is one more question at most."""
    place = Scripted([0.4, 0.4, GRANTED])
    await line_in(place).acquire()
    assert len(place.asked) == 2
    assert len(set(place.asked)) == 1


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
    assert place.given_back == place.asked[:1]
    assert place.asked[0] != place.asked[1]


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
    assert place.given_back == place.asked
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closed_fails_clearly() -> None:
    """The error names the place, what failed, and the way out; it carries no frames of the driver."""
    line = line_in(Scripted([BrokenError("redis://:s3cr3t@host is down"), GRANTED]))
    with pytest.raises(
        ScenarioError, match=r"a script.*BrokenError: .* is down.*on_failure=\"open\""
    ) as caught:
        await line.acquire()
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None
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
