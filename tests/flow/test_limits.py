"""Timeouts, deadlines, slots, pace and cool-down, seen from outside."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, Arrived, answers, paged

from scenario_async import (
    APITimeoutError,
    AssetSearch,
    AsyncScenario,
    DeadlineExceededError,
    FanOutError,
    InternalServerError,
    RateLimit,
    RateLimitError,
    ResponseEvent,
)
from scenario_async.limiters import ProcessRateLimit

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0}


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def _drip(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
    )
    handler.connection.settimeout(0.02)
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        try:
            if not handler.connection.recv(1):
                return
        except TimeoutError:
            continue


SLOW = {
    "hang": Answer(behave=_hang),
    "drip": Answer(behave=_drip),
    "429": Answer({}, status=429, headers={"retry-after-ms": "60"}),
    "503": Answer({}, status=503, headers={"retry-after-ms": "60"}),
}


@pytest.mark.parametrize("slow", SLOW)
def test_the_deadline_bounds_the_whole_call(connect: Connect, serve: Serve, slow: str) -> None:
    """Whatever the server does, the call ends in time, with an error that says what struck."""
    server = serve(answers(SLOW[slow]))
    face = connect(server.base_url, deadline=0.4, timeout=30, max_retries=1000)
    began = time.monotonic()
    with pytest.raises((DeadlineExceededError, RateLimitError, InternalServerError)) as caught:
        face.page(SEARCH)
    assert time.monotonic() - began < 2
    if slow in ("hang", "drip"):
        assert isinstance(caught.value, DeadlineExceededError)
        assert "deadline of 0.4 s" in str(caught.value)
    # The attempt that the deadline cut off may not have reached the server.
    assert 0 <= caught.value.attempts - len(server.requests) <= 1


@pytest.mark.parametrize("slow", ["hang", "drip"])
def test_the_timeout_bounds_one_attempt(connect: Connect, serve: Serve, slow: str) -> None:
    """An attempt that takes too long is followed by another, and the error tells how long each took."""
    server = serve(answers(SLOW[slow]))
    with pytest.raises(APITimeoutError, match=r"timeout of 0\.1 s.*after 2 attempts") as caught:
        connect(server.base_url, timeout=0.1, max_retries=1).page(SEARCH)
    assert len(server.requests) == 2
    assert all(0.09 < seconds < 0.6 for seconds in caught.value.attempt_seconds)


def test_a_search_may_have_a_timeout_and_a_deadline_of_its_own(connect: Connect, serve: Serve) -> None:
    """What a search says wins over what the client says."""
    face = connect(serve(answers(SLOW["hang"])).base_url, timeout=30, deadline=60)
    with pytest.raises(DeadlineExceededError, match=r"0\.1 s"):
        face.page(AssetSearch(query="q", deadline=0.1))
    with pytest.raises(APITimeoutError, match=r"0\.05 s"):
        face.derived(max_retries=0).page(AssetSearch(query="q", timeout=0.05))


def test_each_page_has_the_deadline_to_itself(connect: Connect, serve: Serve) -> None:
    """An iteration as a whole may take longer than one call."""

    def script(request: Arrived) -> Any:
        threading.Event().wait(0.12)
        return paged(assets(30))(request)

    found = connect(serve(script).base_url, deadline=0.4).hits(AssetSearch(query="q", limit=5))
    assert len(found.ids) == 30


def test_waiting_for_a_slot_never_eats_the_timeout(connect: Connect, serve: Serve) -> None:
    """A hundred searches through four slots: none times out, and never are more than four in flight."""

    def script(_: Arrived) -> Any:
        threading.Event().wait(0.02)
        return ONE_HIT

    server = serve(script)
    face = connect(server.base_url, max_concurrency=4, timeout=0.4, max_retries=0)
    found = face.fan_out([SEARCH] * 100, concurrency=50)
    assert len(found) == 100
    assert 2 <= server.most_in_flight <= 4


def _refusing_the_first(retry_after: float) -> tuple[list[float], Callable[[Arrived], Any]]:
    """Give the moments at which requests arrive, and a script that refuses the first of them for so long."""
    arrivals: list[float] = []
    lock = threading.Lock()

    def script(_: Arrived) -> Any:
        with lock:
            arrivals.append(time.monotonic())
            first = len(arrivals) == 1
        return Answer({}, status=429, headers={"retry-after": str(retry_after)}) if first else ONE_HIT

    return arrivals, script


def test_a_429_holds_back_every_request_of_the_client(connect: Connect, serve: Serve) -> None:
    """One refusal is enough: the others wait with it."""
    arrivals, script = _refusing_the_first(0.3)
    face = connect(serve(script).base_url, max_concurrency=1)
    assert len(face.fan_out([SEARCH] * 5, concurrency=5)) == 5
    assert arrivals[1] - arrivals[0] >= 0.3
    assert len(arrivals) == 6


def test_a_cool_down_longer_than_the_deadline_fails_at_once(connect: Connect, serve: Serve) -> None:
    """A call that cannot begin in time says so instead of waiting."""
    server = serve(answers(Answer({}, status=429, headers={"retry-after": "60"}), ONE_HIT))
    face = connect(server.base_url, max_retries=0)
    with pytest.raises(RateLimitError):
        face.page(SEARCH)
    with pytest.raises(DeadlineExceededError, match="longer than the deadline"):
        face.page(AssetSearch(query="q", deadline=1))
    assert len(server.requests) == 1


def test_a_quota_longer_than_the_deadline_fails_at_once(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    """A wait for the quota that is known beforehand is not begun; the error tells how long it would be."""
    server = serve(answers(ONE_HIT))
    for quota in (RateLimit(1, 600), ProcessRateLimit(str(tmp_path / "quota"), 1, 600)):
        face = connect(server.base_url, rate_limit=quota)
        face.page(SEARCH)
        began = time.monotonic()
        with pytest.raises(
            DeadlineExceededError, match=r"no place in the quota .* longer than the deadline"
        ) as caught:
            face.page(AssetSearch(query="q", deadline=100))
        assert time.monotonic() - began < 50
        assert caught.value.retry_after == pytest.approx(600, abs=60)
        assert caught.value.retryable
    assert len(server.requests) == 2


def test_the_rate_limit_is_never_exceeded_in_any_window(connect: Connect, serve: Serve) -> None:
    """Requests keep the pace at the server's door, first come first served."""
    arrivals: list[float] = []

    def script(_: Arrived) -> Any:
        arrivals.append(time.monotonic())
        return ONE_HIT

    face = connect(serve(script).base_url, rate_limit=RateLimit(requests=5, per=0.6))
    began = time.monotonic()
    assert len(face.fan_out([SEARCH] * 15, concurrency=15)) == 15
    assert time.monotonic() - began >= 1.2
    arrivals.sort()
    assert min(later - earlier for earlier, later in zip(arrivals, arrivals[5:], strict=False)) >= 0.55


@pytest.mark.parametrize("late", ["hook", "loop"])
async def test_requests_that_leave_late_keep_the_pace(connect: Connect, serve: Serve, late: str) -> None:
    """A slow hook, or a loop that is busy, moves a request within the window and not out of it."""
    arrivals: list[float] = []
    turns = itertools.count()

    def script(_: Arrived) -> Any:
        arrivals.append(time.monotonic())
        return ONE_HIT

    async def on_request(_: object) -> None:
        if next(turns) % 2 == 0:
            if late == "hook":
                await asyncio.sleep(0.4)
            else:
                time.sleep(0.1)  # noqa: ASYNC251 - it stands for work that keeps the loop busy

    pace = RateLimit(requests=5, per=0.6)
    face = connect(serve(script).base_url, rate_limit=pace, on_request=on_request)
    found = await asyncio.to_thread(face.fan_out, [SEARCH] * 20, concurrency=20)
    assert len(found) == 20
    arrivals.sort()
    assert min(later - earlier for earlier, later in zip(arrivals, arrivals[5:], strict=False)) >= 0.55


def test_what_is_sent_once_more_keeps_the_pace(connect: Connect, serve: Serve) -> None:
    """Over a stale connection a request is sent again, when the pace has a place for it."""
    arrivals: list[float] = []

    def script(_: Arrived) -> Any:
        arrivals.append(time.monotonic())
        return Answer(behave=_break_off) if len(arrivals) == 2 else ONE_HIT

    face = connect(serve(script).base_url, rate_limit=RateLimit(requests=2, per=0.5), max_retries=0)
    for _ in range(3):
        assert face.page(SEARCH).response.attempts == 1
    assert len(arrivals) == 4
    assert min(later - earlier for earlier, later in zip(arrivals, arrivals[2:], strict=False)) >= 0.45


def _break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def test_a_429_reaches_who_is_busy_with_a_hook(connect: Connect, serve: Serve) -> None:
    """A cool-down that begins while `on_request` works holds that request back as well."""
    arrivals, script = _refusing_the_first(0.5)
    turns = itertools.count()

    async def on_request(_: object) -> None:
        await asyncio.sleep(0.2 * next(turns))

    face = connect(serve(script).base_url, on_request=on_request)
    assert len(face.fan_out([SEARCH] * 2, concurrency=2)) == 2
    assert arrivals[1] - arrivals[0] >= 0.5


def test_a_slow_hook_does_not_postpone_the_cool_down(connect: Connect, serve: Serve) -> None:
    """Others wait from the moment at which the 429 is there, whatever `on_response` does with it."""
    arrivals, script = _refusing_the_first(0.5)

    async def on_response(event: ResponseEvent) -> None:
        await asyncio.sleep(0.3 if event.status == 429 else 0)

    face = connect(serve(script).base_url, on_response=on_response, max_concurrency=1)
    assert len(face.fan_out([SEARCH] * 4, concurrency=4)) == 4
    assert arrivals[1] - arrivals[0] >= 0.5


def test_a_deadline_that_strikes_in_a_cool_down_tells_its_end(connect: Connect, serve: Serve) -> None:
    """Who waited for a slot when the 429 came learns when to come again."""

    def script(arrived: Arrived) -> Any:
        slow = arrived.body["query"] == "slow"
        return Answer(behave=_hang) if slow else Answer({}, status=429, headers={"retry-after": "30"})

    face = connect(serve(script).base_url, max_concurrency=2, max_retries=0)
    searches = [AssetSearch(query=query, deadline=0.6) for query in ("slow", "slow", "q")]
    started = [*searches[:1], AssetSearch(query="refused", deadline=0.6), *searches[1:]]
    found = face.fan_out(started, concurrency=4, on_error="yield")
    errors = [each.error for each in found if isinstance(each, FanOutError)]
    struck = [error for error in errors if isinstance(error, DeadlineExceededError)]
    assert len(struck) == 3
    assert all(error.retry_after is not None and 29 < error.retry_after <= 30 for error in struck)


def test_derived_clients_share_slots_pace_and_cool_down(connect: Connect, serve: Serve) -> None:
    """`with_options` changes what it names and shares the rest."""
    server = serve(answers(Answer({}, status=429, headers={"retry-after": "60"}), ONE_HIT))
    face = connect(server.base_url, max_retries=0, rate_limit=RateLimit(1000))
    derived = face.derived(timeout=5, max_concurrency=3)
    own, other = face.client._caller, derived.client._caller
    assert other.pool is own.pool
    assert other.admission.cool_down is own.admission.cool_down
    assert other.admission.rate_limit is own.admission.rate_limit
    assert other.admission.slots is not own.admission.slots
    assert face.derived(timeout=5).client._caller.admission.slots is own.admission.slots
    with pytest.raises(RateLimitError):
        derived.page(SEARCH)
    with pytest.raises(DeadlineExceededError):
        face.page(AssetSearch(query="q", deadline=0.5))


def test_closing_a_derived_client_leaves_the_pool_open(connect: Connect, serve: Serve) -> None:
    """The connections belong to the client they were made by."""
    face = connect(serve(answers(ONE_HIT)).base_url)
    derived = face.derived(timeout=5)
    derived.page(SEARCH)
    derived.close()
    assert derived.client.is_closed
    assert not face.client.is_closed
    assert face.page(SEARCH).hits


async def test_a_thousand_cancelled_calls_leave_every_slot_free(serve: Serve) -> None:
    """Cancelling gives back what was held and what was waited for."""
    hang = threading.Event()

    def script(request: Arrived) -> Any:
        if request.body["query"] == "slow":
            hang.wait(20)
        return ONE_HIT

    server = serve(script)
    async with AsyncScenario(
        api_key="a",
        api_secret="b",
        base_url=server.base_url,
        max_concurrency=3,
        rate_limit=RateLimit(5000, 1),
    ) as client:

        async def search() -> None:
            await client.search.asset_search(query="slow")

        tasks = [asyncio.create_task(search()) for _ in range(1000)]
        while server.in_flight < 3:
            await asyncio.sleep(0.005)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hang.set()
        pages = await asyncio.gather(*(_page(client) for _ in range(6)))
        assert all(page.hits for page in pages)


async def _page(client: AsyncScenario) -> Any:
    return await client.search.asset_search(query="quick")
