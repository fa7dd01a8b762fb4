"""Where the time of a call goes: replies, errors, events and log records name the three waits."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, answers

from scenario_async import AssetSearch, InternalServerError, RateLimit, RequestEvent

if TYPE_CHECKING:
    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q", limit=5)
PAGE = {"hits": assets(1), "limit": 5, "offset": 0}
WAITS = ("waited_for_slot", "waited_for_quota", "waited_for_cool_down")


def _waits(told: Any) -> dict[str, float]:
    return {name.removeprefix("waited_for_"): getattr(told, name) for name in WAITS}


def test_a_call_that_waits_for_nothing(connect: Connect, serve: Serve) -> None:
    """All three are next to nothing, and the attempt is what took the time."""
    response = connect(serve(answers(PAGE)).base_url).page(SEARCH).response
    assert max(_waits(response).values()) < 0.05
    assert response.queued == sum(_waits(response).values())
    (seconds,) = response.attempt_seconds
    assert 0 < seconds <= response.elapsed


def test_waiting_for_a_slot(connect: Connect, serve: Serve) -> None:
    """The second of two searches waits while the first has the only slot."""
    events: list[RequestEvent] = []

    def slow(_: Arrived) -> Any:
        threading.Event().wait(0.2)
        return PAGE

    face = connect(serve(slow).base_url, max_concurrency=1, on_request=events.append)
    face.fan_out([SEARCH, AssetSearch(query="r", limit=5)])
    longest = max(events, key=lambda event: event.queued)
    assert longest.waited_for_slot > 0.15
    assert longest.waited_for_quota < 0.1
    assert longest.waited_for_cool_down == 0


def test_waiting_for_the_quota(connect: Connect, serve: Serve) -> None:
    """The second of two searches waits for the window to pass."""
    face = connect(serve(answers(PAGE)).base_url, rate_limit=RateLimit(1, 0.3))
    face.page(SEARCH)
    waits = _waits(face.page(SEARCH).response)
    assert waits["quota"] > 0.15
    assert waits["slot"] < 0.1
    assert waits["cool_down"] == 0


def test_waiting_for_a_cool_down(connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """What a 429 asks for is a cool-down, for the call that met it and for those that come meanwhile."""
    caplog.set_level(logging.INFO, "scenario_async")
    later = Answer({}, status=429, headers={"retry-after-ms": "200"})
    response = connect(serve(answers(later, PAGE)).base_url).page(SEARCH).response
    waits = _waits(response)
    assert 0.19 < waits["cool_down"] <= response.elapsed
    assert waits["quota"] == 0
    assert len(response.attempt_seconds) == response.attempts == 2
    (record,) = [each for each in caplog.records if each.levelno == logging.INFO]
    assert {name: getattr(record, f"waited_for_{name}") for name in waits} == waits


def test_the_record_of_a_retry_tells_the_waits_so_far(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Those before the attempts that are over: of two retries, the second knows of the cool-down after the first."""
    caplog.set_level(logging.DEBUG, "scenario_async")
    later = Answer({}, status=429, headers={"retry-after-ms": "150"})
    face = connect(serve(answers(PAGE, later, later, PAGE)).base_url, rate_limit=RateLimit(1, 0.2))
    face.page(SEARCH)
    waits = _waits(face.page(SEARCH).response)
    first, second = (each for each in caplog.records if each.levelno == logging.DEBUG)
    assert _waits(first)["quota"] > 0.1
    assert _waits(first)["cool_down"] == 0
    assert 0.14 < _waits(second)["cool_down"] < waits["cool_down"]
    for number, record in enumerate((first, second), 1):
        told: Any = record
        assert told.queued == sum(_waits(record).values()) <= told.elapsed
        assert len(told.attempt_seconds) == told.attempts == told.attempt == number


def test_a_pause_after_another_failure_is_no_wait(connect: Connect, serve: Serve) -> None:
    """Nobody asked the others to wait."""
    later = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "100"})
    with pytest.raises(InternalServerError) as caught:
        connect(serve(answers(later)).base_url, max_retries=1).page(SEARCH)
    assert caught.value.elapsed > 0.1
    assert max(_waits(caught.value).values()) < 0.05
    assert caught.value.queued == sum(_waits(caught.value).values())
