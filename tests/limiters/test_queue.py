"""Waiting in a shared store, and what happens when it fails, with a store that does as it is told."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar

import pytest

from scenario_async import DeadlineExceededError, RateLimit, ScenarioError
from scenario_async.limiters import _shared
from scenario_async.limiters._shared import Answer, OnFailure, SharedQueue, Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable


class BrokenError(Exception):
    """What the store raises."""


class Scripted:
    """A store that gives what it is told to give: answers, delays before a grant, or failures."""

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


class Waiting:
    """Who waits for a place, and takes note of cool-downs: raises the error that one is too much for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.heard: list[tuple[float, float]] = []
        self._error = error

    def held_back(self, seconds: float, length: float) -> None:
        """Take note."""
        self.heard.append((seconds, length))
        if self._error is not None:
            raise self._error

    def must_wait(self, seconds: float) -> None:
        """Go on waiting."""


async def until_alone() -> None:
    """Wait until no other task is left."""
    async with asyncio.timeout(20):
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)


def queue_over(
    store: Scripted, on_failure: OnFailure = "closed", slept: list[float] | None = None
) -> SharedQueue:
    """Give a queue whose waits are noted instead of waited."""

    async def sleep(seconds: float) -> None:
        (slept if slept is not None else []).append(seconds)

    return SharedQueue(store, RateLimit(2, 3600.0), name="a script", on_failure=on_failure, sleep=sleep)


async def test_long_waits_are_slept_in_parts() -> None:
    """The ticket asks again within two seconds, so that it keeps its turn and moves up."""
    store, slept = Scripted([Answer(60.0), Answer(1.5), GRANTED]), list[float]()
    await queue_over(store, slept=slept).acquire()
    assert slept == [2.0, 1.5]
    assert len(store.asked) == 3
    assert len(set(store.asked)) == 1


async def test_who_waits_hears_of_a_cool_down() -> None:
    """The client learns what is left of it and how long it is in all, so that it can spread what follows."""
    waiting = Waiting()
    store, slept = Scripted([Answer(3.0, cool_down=4.0), Answer(1.0), GRANTED]), list[float]()
    await queue_over(store, slept=slept).take(waiting)
    assert waiting.heard == [(3.0, 4.0)]
    assert slept == [2.0, 1.0]


async def test_who_hears_of_a_cool_down_may_give_up() -> None:
    """An error ends the wait with that error, which is no failure of the store, and the ticket goes back."""
    too_long = Waiting(DeadlineExceededError("too long"))
    for on_failure in ("closed", "open"):
        store = Scripted([Answer(30.0, cool_down=40.0)])
        queue = queue_over(store, on_failure)
        with pytest.raises(DeadlineExceededError, match="too long"):
            await queue.take(too_long)
        assert not queue._known.is_apart()
        await until_alone()
        assert store.given_back == store.asked
    assert too_long.heard == [(30.0, 40.0)] * 2


async def test_a_ticket_counts_from_the_start_and_the_end_of_its_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The window's margin covers what happens at once; what starts or ends late is counted anew."""
    now = [100.0]
    monkeypatch.setattr(_shared, "time", SimpleNamespace(monotonic=lambda: now[0]))
    store = Scripted([GRANTED] * 3)
    queue = queue_over(store)
    at_once, long, late = [await queue.take(Waiting()) for _ in range(3)]
    now[0] += 0.1
    at_once.starts()
    at_once.ends()
    long.starts()
    await until_alone()
    assert store.counted == []
    now[0] += 0.1
    late.starts()
    late.ends()
    await until_alone()
    assert store.counted == [store.asked[2]]
    now[0] += 30
    long.ends()
    await until_alone()
    assert store.counted == [store.asked[2], store.asked[1]]
    assert store.given_back == [], "what went out stays counted"


async def test_a_request_that_never_goes_out_gives_its_place_back() -> None:
    """Another one may have it."""
    store = Scripted([GRANTED])
    await (await queue_over(store).take(Waiting())).give_back()
    await until_alone()
    assert store.given_back == store.asked


async def test_a_cancelled_wait_gives_its_ticket_back() -> None:
    """Whoever waits behind it in this process draws its own."""
    store = Scripted([30.0, GRANTED])
    queue = queue_over(store)
    waiting = [asyncio.ensure_future(queue.acquire()) for _ in range(2)]
    while not store.asked:
        await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert [wait.cancelled() for wait in waiting] == [True, False]
    await until_alone()
    assert store.given_back == store.asked[:1]
    assert store.asked[0] != store.asked[1]


async def test_a_cancelled_wait_ends_at_once_even_if_the_store_hangs() -> None:
    """A deadline waits for nothing; what there is to tidy up is done in the background."""
    store = Scripted([3600.0])
    wait = asyncio.ensure_future(queue_over(store).acquire())
    while not store.asked:
        await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait], timeout=0.5)  # an answer is waited for during a second
    assert wait.cancelled()
    await until_alone()
    assert store.given_back == store.asked


async def test_a_driver_that_swallows_a_cancellation_does_not_keep_the_caller() -> None:
    """The wait ends all the same, and leaves no task behind."""

    class Swallowing(Scripted):
        async def ask(self, ticket: Ticket) -> Answer:
            with suppress(asyncio.CancelledError):
                await super().ask(ticket)
            await asyncio.sleep(3600)
            return GRANTED

    store = Swallowing([3600.0])
    wait = asyncio.ensure_future(queue_over(store).acquire())
    while not store.asked:
        await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait], timeout=20)
    assert wait.cancelled()
    await until_alone()
    assert store.given_back == store.asked


async def test_closed_fails_clearly() -> None:
    """The error names the store, what failed, and the way out; it carries no frames of the driver."""
    store = Scripted([BrokenError("redis://:s3cr3t@host is down"), GRANTED])
    queue = queue_over(store)
    with pytest.raises(
        ScenarioError, match=r"a script.*BrokenError: .* is down.*on_failure=\"open\""
    ) as caught:
        await queue.acquire()
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.__context__ is None
    with pytest.raises(ScenarioError, match="is down"):
        await queue.acquire()  # at once, as all would who wait; none of them asks anew
    assert len(store.asked) == 1
    queue._known.apart_until = 0.0
    await queue.acquire()


async def test_what_never_answers_fails_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends, and a wait that is cancelled does not wait for an answer either."""
    monkeypatch.setattr(_shared, "_PATIENCE", 0.05)
    with pytest.raises(ScenarioError, match="no answer within"):
        await queue_over(Scripted([3600.0])).acquire()


async def test_open_goes_on_at_its_own_pace(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The store is left alone for a while, then tried again; the log tells."""
    store = Scripted([BrokenError("down"), GRANTED, GRANTED])
    queue = queue_over(store, "open")
    await queue.acquire()
    await queue.acquire()
    assert len(store.asked) == 1
    assert "BrokenError: down" in caplog.text
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.acquire(), 0.05)  # its own quota of two is spent
    queue._known.apart_until = 0.0
    await queue.acquire()
    assert len(store.asked) == 2


async def test_open_goes_on_after_a_wait_that_was_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines shorter than the patience do not keep the store from being noticed as hanging."""
    monkeypatch.setattr(_shared, "_HANGING", 0.02)
    store = Scripted([3600.0])
    queue = queue_over(store, "open")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(queue.acquire(), 0.05)
    await queue.acquire()
    assert len(store.asked) == 1
    await until_alone()


async def test_a_cool_down_reaches_the_store_or_fails() -> None:
    """Closed raises; open keeps it for this process, and a day is the longest there is."""
    store = Scripted([])
    await queue_over(store).cool_down(5)
    await queue_over(store).cool_down(0)
    await queue_over(store).cool_down(float("inf"))
    assert store.held == [5, 86400]
    broken = Scripted([BrokenError("down")])
    with pytest.raises(ScenarioError, match="down"):
        await queue_over(broken).cool_down(5)
    alone = queue_over(broken, "open")
    await alone.cool_down(5)
    assert alone._known.cool_down.remaining() > 4
