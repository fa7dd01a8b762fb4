"""How long a call may take in all, how long an attempt, and how many retries many calls may cost."""

from __future__ import annotations

import asyncio
import select
import socket
import sqlite3
import threading
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import pytest
from support.hits import assets
from support.servers import Answer, Arrived, answers

from scenario_async import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AssetSearch,
    DeadlineExceededError,
    InternalServerError,
    RateLimitError,
    testing,
)
from scenario_async.limiters import ProcessRateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from support.faces import Connect, Face
    from support.servers import Serve

    from scenario_async.limiters._shared import OnFailure

DEADLINE: Final = 0.4
SEARCH: Final = AssetSearch(query="q")
ONE_HIT: Final = {"hits": assets(1), "limit": 20, "offset": 0}
SOON: Final = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "50"})
LIMITED: Final = attrs.evolve(SOON, status=429)
instant_retries = testing.instant_retries


def hang(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing until the client goes away."""
    handler.rfile.read(1)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Answer for ever, a space of the body at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n")
    trickle(handler, b" ")


def drip_headers(handler: BaseHTTPRequestHandler) -> None:
    """Answer for ever, a header at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    trickle(handler, b"x-more: 1\r\n")


def trickle(handler: BaseHTTPRequestHandler, piece: bytes) -> None:
    """Write a piece every 20 ms until the client goes away."""
    while not select.select([handler.connection], [], [], 0.02)[0]:
        handler.wfile.write(piece)
        handler.wfile.flush()


HANG: Final = Answer(behave=hang)


@attrs.frozen
class Place:
    """Where a test happens: clients with a deadline, servers, and an event that is set when it is over."""

    connect: Connect
    serve: Serve
    over: threading.Event
    stack: ExitStack
    folder: Path

    def face(self, *each: Answer | dict[str, Any], **options: Any) -> Face:
        """Connect to a server of these answers."""
        return self.connect(self.serve(answers(*each)).base_url, **{"deadline": DEADLINE, **options})

    async def slow(self, *_: object) -> str:
        """Take until the test is over."""
        while not self.over.is_set():
            await asyncio.sleep(0.01)
        return "token"

    def blocking(self) -> str:
        """Take until the test is over, without an event loop."""
        self.over.wait(20)
        return "token"

    def unanswered(self, backlog: int) -> str:
        """Listen for connections that nobody accepts, and give the base URL."""
        listening = self.stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=backlog))
        host, port = listening.getsockname()
        return f"http://{host}:{port}/v1"


@pytest.fixture
def place(connect: Connect, serve: Serve, tmp_path: Path) -> Generator[Place]:
    """Give the place."""
    over = threading.Event()
    with ExitStack() as stack:
        stack.callback(over.set)
        yield Place(connect, serve, over, stack, tmp_path)
        over.set()


def failure_of(call: Callable[[], object]) -> APIError:
    """Give the error that a call ends with."""
    with pytest.raises(APIError) as caught:
        call()
    return caught.value


def timed(call: Callable[[], object]) -> tuple[APIError, float]:
    """Give the error that a call ends with, and the seconds until then."""
    began = time.monotonic()
    error = failure_of(call)
    return error, time.monotonic() - began


CHANCES: Final = 5


def measured(prepare: Callable[[], Callable[[], object]], least: float, most: float) -> APIError:
    """Give the error of a call that takes so many seconds; a busy machine is given other chances."""
    error, took = timed(prepare())
    for _ in range(CHANCES - 1):
        if least <= took <= most and error.elapsed == pytest.approx(took, abs=0.1):
            break
        error, took = timed(prepare())
    assert least <= took <= most
    assert error.elapsed == pytest.approx(took, abs=0.1)
    return error


def at_deadline(prepare: Callable[[], Callable[[], object]]) -> DeadlineExceededError:
    """Give the error of a call that its deadline ends, within 100 ms."""
    error = measured(prepare, DEADLINE - 0.01, DEADLINE + 0.1)
    assert isinstance(error, DeadlineExceededError)
    assert (error.retryable, error.gave_up_because, error.retry_after) == (True, None, None)
    assert f"the call outlasted its deadline of {DEADLINE} s" in str(error)
    return error


Prepare: TypeAlias = "Callable[[Place], Callable[[], object]]"


def answered_with(*each: Answer | dict[str, Any], **options: Any) -> Prepare:
    """Prepare a search of a server of these answers."""

    def prepare(place: Place) -> Callable[[], object]:
        face = place.face(*each, **options)
        return lambda: face.page(SEARCH)

    return prepare


def of_place(name: str, hook: str, *each: Answer | dict[str, Any], **options: Any) -> Prepare:
    """Prepare a search with one of the place's functions as an option of the client."""

    def prepare(place: Place) -> Callable[[], object]:
        face = place.face(*each, **{hook: getattr(place, name), **options})
        return lambda: face.page(SEARCH)

    return prepare


def behind_another(place: Place) -> Callable[[], object]:
    """Prepare a search for which there is no slot."""
    face = place.face(HANG, max_concurrency=1)
    searches = [AssetSearch(query="holds the slot", deadline=30), SEARCH]
    return lambda: face.fan_out(searches)


class Slow:
    """A pace of one's own, of which nobody knows beforehand how long it takes."""

    async def acquire(self) -> None:
        """Let go in a minute."""
        await asyncio.sleep(60)

    def cool_down(self, seconds: float) -> None:
        """Do nothing."""


def at_a_slow_pace(place: Place) -> Callable[[], object]:
    """Prepare a search that the pace lets go in a minute."""
    face = place.face(ONE_HIT, rate_limit=Slow())
    return lambda: face.page(SEARCH)


def at_a_locked_place(on_failure: OnFailure) -> Prepare:
    """Prepare a search whose pace is in a file that somebody has locked."""

    def prepare(place: Place) -> Callable[[], object]:
        path = place.folder / f"quota {len(list(place.folder.iterdir()))}"
        somebody = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        place.stack.enter_context(closing(somebody)).execute("BEGIN EXCLUSIVE")
        face = place.face(ONE_HIT, rate_limit=ProcessRateLimit(path, on_failure=on_failure))
        return lambda: face.page(SEARCH)

    return prepare


def unread(place: Place) -> Callable[[], object]:
    """Prepare a search of a server that takes the connection, and reads nothing."""
    face = place.connect(place.unanswered(backlog=16), deadline=DEADLINE)
    return lambda: face.page(SEARCH)


def unaccepted(place: Place) -> Callable[[], object]:
    """Prepare a search of a server that has more connections waiting than it has room for."""
    base_url = place.unanswered(backlog=0)
    port = int(base_url.removesuffix("/v1").rpartition(":")[2])
    for _ in range(64):
        waiting = place.stack.enter_context(socket.socket())
        waiting.settimeout(0)
        waiting.connect_ex(("127.0.0.1", port))
        if not select.select([], [waiting], [], 0.1)[1]:
            break
    else:
        pytest.skip("this system lets every connection wait")
    face = place.connect(base_url, deadline=DEADLINE)
    return lambda: face.page(SEARCH)


TURN: Final = "while it waited for its turn"
BEARER: Final[dict[str, Any]] = {"api_key": None, "api_secret": None}
Cause: TypeAlias = "type[APIError] | None"
# What takes so long, how many attempts there were, what the error says of where it was, and its cause.
SLOW: Final[dict[str, tuple[Prepare, int, str, Cause]]] = {
    "hang": (answered_with(HANG), 1, "in attempt 1", None),
    "drip": (answered_with(Answer(behave=drip)), 1, "in attempt 1", None),
    "headers": (answered_with(Answer(behave=drip_headers)), 1, "in attempt 1", None),
    "unread": (unread, 1, "in attempt 1", None),
    "unaccepted": (unaccepted, 1, "in attempt 1", None),
    "slot": (behind_another, 0, TURN, None),
    "pace": (at_a_slow_pace, 0, TURN, None),
    "shared pace": (at_a_locked_place("closed"), 0, TURN, None),
    "shared pace or its own": (at_a_locked_place("open"), 0, TURN, None),
    "plain token": (of_place("blocking", "bearer_auth", ONE_HIT, **BEARER), 0, "before it could leave", None),
    "async token": (of_place("slow", "bearer_auth", ONE_HIT, **BEARER), 0, "before it could leave", None),
    "on_request": (of_place("slow", "on_request", ONE_HIT), 0, "", None),
    "on_response": (of_place("slow", "on_response", ONE_HIT), 1, "", None),
    "on_retry": (of_place("slow", "on_retry", SOON), 1, "while it waited to try again", InternalServerError),
    "503 and a hang": (answered_with(SOON, HANG), 2, "in attempt 2", InternalServerError),
    "429 and a drip": (answered_with(LIMITED, Answer(behave=drip)), 2, "in attempt 2", RateLimitError),
}


def waited_in(slow: str) -> int:
    """Tell whether all the time goes into waiting for a turn, or none."""
    return int(SLOW[slow][2] == TURN)


@pytest.mark.parametrize("slow", SLOW)
def test_the_deadline_ends_whatever_takes_too_long(place: Place, slow: str) -> None:
    """It bounds the call from its begin to the last byte, and the error says where the call was and what was before."""
    prepare, attempts, doing, cause = SLOW[slow]
    error = at_deadline(lambda: prepare(place))
    assert doing in str(error)
    assert (error.attempts, len(error.attempt_seconds)) == (attempts, attempts)
    assert sum(error.attempt_seconds) <= error.elapsed
    told = {0: "after no attempt, ", 1: "after 1 attempt (", 2: "after 2 attempts ("}
    assert told[attempts] in str(error)
    assert error.queued == pytest.approx(waited_in(slow) * DEADLINE, abs=0.1)
    assert attempts == 2 or f"{error.queued:.2f} s of waiting for its turn" in str(error)
    assert type(error.__cause__) is (cause or type(None))
    if isinstance(error.__cause__, APIError):
        assert error.__cause__.message.endswith("later")


@pytest.mark.usefixtures("instant_retries")
def test_the_deadline_strikes_among_timeouts(place: Place) -> None:
    """The error says which of the two it was, and how long each attempt took."""
    error = at_deadline(lambda: answered_with(HANG, timeout=0.15, max_retries=9)(place))
    assert error.attempts == 3
    assert min(error.attempt_seconds[:2]) > 0.14
    assert error.attempt_seconds[2] < 0.15
    assert isinstance(error.__cause__, APITimeoutError)
    assert "timeout of 0.15 s" in str(error.__cause__)
    times = ", ".join(f"{seconds:.2f} s" for seconds in error.attempt_seconds)
    assert f"in attempt 3 [POST {error.url}] after 3 attempts ({times})" in str(error)


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_does_not_fit_fails_at_once(place: Place, status: int) -> None:
    """The error is that of the service, and says what it asked for and why nobody waited."""
    answer = Answer({"reason": "later"}, status=status, headers={"retry-after": "60"})
    error = measured(lambda: answered_with(answer, deadline=5)(place), 0, 0.5)
    assert type(error) is {429: RateLimitError, 503: InternalServerError}[status]
    assert getattr(error, "retry_after", None) == 60
    assert (error.attempts, error.retryable, error.gave_up_because) == (1, True, "deadline")
    assert str(error).endswith("the wait before the next attempt would outlast the deadline")


def test_a_cool_down_that_does_not_fit_fails_at_once(place: Place) -> None:
    """A 429 of one call tells the others that it is no use to begin."""

    def prepare() -> Callable[[], object]:
        limited = Answer({}, status=429, headers={"retry-after": "60"})
        face = place.face(limited, ONE_HIT, max_retries=0, deadline=5)
        assert failure_of(lambda: face.page(SEARCH)).gave_up_because == "max_retries"
        return lambda: face.page(SEARCH)

    error = measured(prepare, 0, 0.5)
    assert isinstance(error, DeadlineExceededError)
    assert error.retry_after is not None
    assert 59 < error.retry_after < 63
    assert (error.attempts, error.retryable) == (0, True)
    assert "longer than the deadline allows" in str(error)


def test_failures_go_on_until_no_wait_fits(place: Place) -> None:
    """The last failure is the error; the deadline is not waited for."""
    error: Any = None
    for _ in range(5):
        error = measured(lambda: answered_with(SOON, max_retries=99)(place), 0.2, DEADLINE + 0.4)
        if not isinstance(error, DeadlineExceededError):  # of an attempt that a busy machine held up
            break
    assert isinstance(error, InternalServerError)
    assert 2 <= error.attempts <= 10
    assert error.gave_up_because == "deadline"


def test_the_timeout_is_told_apart_from_the_deadline(place: Place) -> None:
    """When attempts end the call, the error is theirs, with how long each took."""
    prepare = answered_with(HANG, timeout=0.1, max_retries=0, deadline=5)
    error = measured(lambda: prepare(place), 0.09, 0.2)
    assert type(error) is APITimeoutError
    assert isinstance(error, APIConnectionError)
    assert (error.attempts, error.retryable, error.gave_up_because) == (1, True, "max_retries")
    assert "the attempt outlasted its timeout of 0.1 s" in str(error)


def test_the_timeout_begins_with_the_slot(place: Place) -> None:
    """Two hundred searches through five slots queue for longer than the timeout, and none times out."""

    def script(_: Arrived) -> Any:
        threading.Event().wait(0.02)
        return ONE_HIT

    face = place.connect(place.serve(script).base_url, max_concurrency=5, timeout=0.5, max_retries=0)
    began = time.monotonic()
    assert len(face.fan_out([SEARCH] * 200, concurrency=200)) == 200
    assert time.monotonic() - began > 0.8
