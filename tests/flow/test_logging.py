"""What the log tells of a call, and that it says nothing to those who did not ask."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, answers

from scenario_async import AssetSearch, BadRequestError, DeadlineExceededError

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
GOOD = Answer({"hits": assets(1), "limit": 20, "offset": 0}, headers={"x-request-id": "r-9"})
LATER = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "2"})


def _told(caplog: pytest.LogCaptureFixture, level: int) -> list[Any]:
    return [each for each in caplog.records if each.name == "scenario_async" and each.levelno == level]


def test_a_call_is_one_line_at_info(connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """It tells the outcome, the times, the attempts and the request id, in words and as attributes."""
    caplog.set_level(logging.INFO, "scenario_async")
    server = serve(answers(GOOD))
    connect(server.base_url, project_id="proj_x").page(SEARCH)
    (record,) = _told(caplog, logging.INFO)
    begin, _, rest = record.getMessage().partition(" in ")
    assert begin == f"POST {server.base_url}/search/assets -> 200"
    assert rest.endswith("request id r-9")
    assert (record.attempts, record.status, record.request_id) == (1, 200, "r-9")
    assert 0 <= record.queued < record.elapsed < 5
    assert _told(caplog, logging.DEBUG) == []


def test_attempts_are_told_at_debug(connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A retry is a line with the attempt, its status and the wait."""
    caplog.set_level(logging.DEBUG, "scenario_async")
    server = serve(answers(LATER, LATER, GOOD))
    connect(server.base_url).page(SEARCH)
    first, second = _told(caplog, logging.DEBUG)
    place = f"POST {server.base_url}/search/assets"
    assert first.getMessage() == f"{place}: attempt 1: InternalServerError 503, next attempt in 0.00 s"
    assert [(each.attempt, each.status, each.wait) for each in (first, second)] == [
        (1, 503, 0.002),
        (2, 503, 0.002),
    ]
    (record,) = _told(caplog, logging.INFO)
    assert (record.attempts, record.status) == (3, 200)


def test_a_failed_call_is_told_with_its_error(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Class and message stand in the line, the status beside it."""
    caplog.set_level(logging.INFO, "scenario_async")
    refusal = Answer({"reason": "No."}, status=400, headers={"x-request-id": "r-5"})
    with pytest.raises(BadRequestError):
        connect(serve(answers(refusal)).base_url).page(SEARCH)
    (record,) = _told(caplog, logging.INFO)
    assert " -> BadRequestError: 400 No. in " in record.getMessage()
    assert (record.attempts, record.status, record.request_id) == (1, 400, "r-5")


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def test_a_call_that_outlasts_its_deadline_is_told(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no status and no request id then."""
    caplog.set_level(logging.INFO, "scenario_async")
    hanging = Answer(behave=_hang)
    with pytest.raises(DeadlineExceededError):
        connect(serve(answers(hanging)).base_url, deadline=0.1).page(SEARCH)
    (record,) = _told(caplog, logging.INFO)
    assert " -> DeadlineExceededError: the call outlasted its deadline of 0.1 s" in record.getMessage()
    assert (record.attempts, record.status, record.request_id) == (1, None, None)
    assert 0.1 <= record.elapsed < 5


PROGRAM = """
import logging, sys
from scenario_async import AssetSearch, Scenario, ScenarioError

def fail(event):
    raise ValueError("in a hook")

before = list(logging.root.handlers), logging.root.level
for _ in range(3):  # however many clients there are, there is one handler
    client = Scenario(api_key="a", api_secret="b", base_url=sys.argv[1], max_retries=1)
with client:
    client.search.asset_search(query="q")
    try:
        client.search.asset_search(query="q")
    except ScenarioError as error:
        print(type(error).__name__)
assert (list(logging.root.handlers), logging.root.level) == before == ([], logging.WARNING)
"""


def _run(base_url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    usual = {name: value for name, value in os.environ.items() if not name.startswith("SCENARIO_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, base_url],
        env=usual | environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip


def _script() -> Any:
    return answers(LATER, GOOD, Answer({"reason": "No."}, status=400))


def test_nothing_is_printed_by_default(serve: Serve) -> None:
    """A retry and an error are the program's own business, also where no logging is set up."""
    done = _run(serve(_script()).base_url)
    assert done.stdout == "BadRequestError\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("level", "levels"), [("info", ["INFO", "INFO"]), ("DEBUG", ["DEBUG", "INFO", "INFO"])]
)
def test_the_environment_can_ask_for_lines(serve: Serve, level: str, levels: list[str]) -> None:
    """`SCENARIO_LOG` prints this package's lines to stderr, once each, and leaves the root logger alone."""
    done = _run(serve(_script()).base_url, SCENARIO_LOG=level)
    lines = done.stderr.splitlines()
    assert [line.split()[2] for line in lines] == levels
    assert all(line.split()[3] == "scenario_async:" for line in lines)
    assert "BadRequestError: 400 No." in lines[-1]


@pytest.mark.parametrize("level", ["", "warning", "nonsense"])
def test_another_word_in_the_environment_prints_nothing(serve: Serve, level: str) -> None:
    """Only `info` and `debug` are known."""
    assert _run(serve(_script()).base_url, SCENARIO_LOG=level).stderr == ""


def test_a_filter_that_fails_breaks_no_call(connect: Connect, serve: Serve) -> None:
    """What a program hangs onto the logger is its own affair."""

    def failing(_: logging.LogRecord) -> bool:
        raise ZeroDivisionError

    logger = logging.getLogger("scenario_async")
    logger.addFilter(failing)
    logger.setLevel(logging.DEBUG)
    try:
        page = connect(serve(answers(LATER, GOOD)).base_url).page(SEARCH)
    finally:
        logger.removeFilter(failing)
        logger.setLevel(logging.NOTSET)
    assert page.response.attempts == 2
