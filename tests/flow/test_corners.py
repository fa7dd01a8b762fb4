"""Corners in which a secret was shown, a cancellation lost, or a call hung: each of them once did."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.secrets import CLIENT, PICTURE, SECRET, SIGNED, everything_told, leaks, search
from support.servers import Answer, answers, paged, serving

from scenario_async import (
    AsyncScenario,
    ConfigurationError,
    DeadlineExceededError,
    InvalidSearchError,
    RateLimit,
    Scenario,
    ScenarioError,
)
from scenario_async._observing.hooks import tell

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from support.faces import Connect
    from support.servers import Serve

GOOD = {"hits": assets(1), "limit": 20, "offset": 0}
ECHO = Answer({"reason": f"no {SECRET}"}, status=503, headers={"retry-after-ms": "1"})


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)


def _drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


@pytest.mark.parametrize("answer", [ECHO, Answer(behave=_drop)])
def test_the_error_in_a_retry_event_is_clean_and_complete(
    connect: Connect, serve: Serve, answer: Answer
) -> None:
    """A hook may log it or send it to an error tracker."""
    told: list[str] = []
    seen: list[Any] = []

    def hook(event: Any) -> None:
        told.append(repr(event) + everything_told(event.error, pickled=False))
        seen.append((event.error.method, event.error.attempts))

    connect(serve(answers(answer, GOOD)).base_url, **CLIENT, on_retry=hook).page(search())
    assert leaks("".join(told)) == []
    assert seen == [("POST", 1)]


def test_the_cause_of_a_deadline_does_not_repeat_a_secret(connect: Connect, serve: Serve) -> None:
    """The last attempt's error is as clean as one that is raised."""
    with pytest.raises(DeadlineExceededError) as caught:
        connect(serve(answers(ECHO, Answer(behave=_hang))).base_url, **CLIENT, deadline=0.3).page(search())
    assert leaks(everything_told(caught.value, pickled=False)) == []


def test_a_fork_while_another_thread_holds_a_lock() -> None:
    """The child does not wait for a thread that it has not."""
    with serving(paged(assets(60))) as server:
        pace = RateLimit(9)
        client = Scenario(api_key="a", api_secret="b", base_url=server.base_url, rate_limit=pace)
        client.search.asset_search(query="q")
        with pace._window._lock:  # pyright: ignore[reportPrivateUsage]  # as the loop's thread does for a moment in each call
            child = os.fork()
            if child == 0:
                signal.alarm(5)
                code = 1
                try:
                    client.search.asset_search(query="q")
                    code = 0
                finally:
                    os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        client.close()


async def test_a_cancellation_that_a_hook_turns_into_an_error_is_one_all_the_same() -> None:
    """What the caller asked for is not lost."""
    reached = asyncio.Event()

    async def hook(_: object) -> None:
        reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("translated") from None

    task = asyncio.create_task(tell(hook, None, name="on_request"))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_deadline_in_a_hook_that_swallows_it(serve: Serve) -> None:
    """A deadline is not lost in a hook."""

    async def hook(_: object) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("translated") from None

    options: dict[str, Any] = {"api_key": "a", "api_secret": "b", "on_request": hook, "deadline": 0.1}
    async with AsyncScenario(**options, base_url=serve(answers(GOOD)).base_url) as client:
        with pytest.raises(DeadlineExceededError):
            await client.search.asset_search(query="q")


async def test_a_hooks_own_timeout_is_told_as_its_error(caplog: pytest.LogCaptureFixture) -> None:
    """It was not slow: it raised."""

    def hook(_: object) -> None:
        raise TimeoutError

    await tell(hook, None, name="on_request")
    assert "the hook on_request raised TimeoutError" in caplog.text


def test_the_error_of_a_reply_that_is_no_json_holds_no_body(connect: Connect, serve: Serve) -> None:
    """Not in the frames of the error behind it."""
    reply = connect(serve(answers(Answer(SIGNED.encode()))).base_url, **CLIENT).request("GET", "/x")
    with pytest.raises(ScenarioError) as caught:
        reply.json()
    assert leaks(everything_told(caught.value, pickled=False)) == []


def test_a_wrong_count_that_is_a_signed_url_is_not_shown(connect: Connect, serve: Serve) -> None:
    """What is no count of a page is left out, and fails nothing."""
    page = connect(serve(answers({"hits": [], "limit": SIGNED})).base_url, **CLIENT).page(search())
    assert SIGNED not in repr(page)
    assert page.limit is None or isinstance(page.limit, int)


def test_a_path_that_climbs_is_told_without_its_query(connect: Connect) -> None:
    """What follows the question mark may be signed."""
    with pytest.raises(InvalidSearchError) as caught:
        connect("http://127.0.0.1:1/v1", **CLIENT).request("GET", "/../x?token=token-S3CR3T")
    assert leaks(caught.value) == []


@pytest.mark.parametrize("kind", [AsyncScenario, Scenario])
def test_headers_as_pairs_are_refused_when_deriving(kind: Any) -> None:
    """With the same error as when a client is built, and none of their values."""
    with pytest.raises(ConfigurationError, match="default_headers") as caught:
        kind(**CLIENT).with_options(default_headers=[("x-own", "header-S3CR3T")])
    assert leaks(everything_told(caught.value)) == []


def test_an_argument_that_is_no_search_stands_in_no_frame(connect: Connect) -> None:
    """Parameters given as a mapping may hold a picture."""
    face = connect("http://127.0.0.1:1/v1", **CLIENT)
    wrong: Any = {"image": PICTURE}
    for call in (lambda: face.page(wrong), lambda: face.fan_out([wrong])):
        with pytest.raises(InvalidSearchError) as caught:
            call()
        assert leaks(everything_told(caught.value)) == []


def test_a_request_id_that_repeats_a_secret_is_not_shown(connect: Connect, serve: Serve) -> None:
    """It stands in texts, logs and spans."""
    server = serve(answers(Answer({"reason": "No."}, status=400, headers={"x-request-id": SECRET})))
    with pytest.raises(ScenarioError) as caught:
        connect(server.base_url, **CLIENT).page(search())
    assert leaks(caught.value) == []


async def test_a_timeout_of_the_callers_own_shows_no_header(serve: Serve) -> None:
    """`asyncio.timeout` around a call is what users do, and error trackers take the locals of its frames."""
    server = serve(answers(Answer(behave=_hang)))
    async with AsyncScenario(**CLIENT, base_url=server.base_url) as client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await client.search.run(search())
    assert leaks(everything_told(caught.value, pickled=False)) == []


def test_a_daemon_thread_within_a_call_ends_with_the_program_in_silence() -> None:
    """As with any other client: nobody catches anything in such a thread."""
    program = (
        "import sys, threading, time\n"
        "from scenario_async import Scenario\n"
        "client = Scenario(api_key='a', api_secret='b', base_url=sys.argv[1])\n"
        "threading.Thread(target=lambda: client.search.asset_search(query='q'), daemon=True).start()\n"
        "time.sleep(0.3)\n"
    )
    with serving(lambda _: Answer(behave=_hang)) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.base_url],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.stderr == ""
