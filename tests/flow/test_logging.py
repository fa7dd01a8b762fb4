"""What the log tells of a call, and that it says nothing to those who did not ask."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import assets
from support.servers import Answer, answers

from scenario_async import (
    APIResponseValidationError,
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    DeadlineExceededError,
)

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
    assert _told(caplog, logging.WARNING) == []
    assert (record.method, record.path, record.url) == (
        "POST", "/search/assets", f"{server.base_url}/search/assets",
    )  # fmt: skip
    assert record.error_type is None


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
    assert [(each.method, each.path, each.error_type) for each in (first, second)] == [
        ("POST", "/search/assets", "InternalServerError")
    ] * 2
    (record,) = _told(caplog, logging.INFO)
    assert (record.attempts, record.status) == (3, 200)
    assert record.call_id == first.call_id == second.call_id != ""


def test_a_failed_call_is_a_warning_with_its_error(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """Class and message stand in the line, and everything of the call beside it, with no level set."""
    refusal = Answer({"reason": "No."}, status=400, headers={"x-request-id": "r-5"})
    face = connect(serve(answers(refusal)).base_url)
    with pytest.raises(BadRequestError):
        face.request("DELETE", "/assets/x?y=s3cr3t")
    (record,) = _told(caplog, logging.WARNING)
    assert " -> BadRequestError: 400 No. in " in record.getMessage()
    assert (record.attempts, record.status, record.request_id) == (1, 400, "r-5")
    assert (record.method, record.path, record.error_type) == ("DELETE", "/assets/x", "BadRequestError")
    assert (record.waited_for_slot, record.waited_for_cool_down) == pytest.approx((0, 0), abs=1)
    assert len(record.call_id) == 12
    assert "s3cr3t" not in str(record.__dict__)


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def test_a_call_that_outlasts_its_deadline_is_a_warning(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no status and no request id then."""
    hanging = Answer(behave=_hang)
    with pytest.raises(DeadlineExceededError):
        connect(serve(answers(hanging)).base_url, deadline=0.1).page(SEARCH)
    (record,) = _told(caplog, logging.WARNING)
    assert " -> DeadlineExceededError: the call outlasted its deadline of 0.1 s" in record.getMessage()
    assert (record.attempts, record.status, record.request_id) == (1, None, None)
    assert record.error_type == "DeadlineExceededError"
    assert 0.1 <= record.elapsed < 5


def test_a_reply_that_is_no_page_is_a_warning(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """The call has ended with a 200, which is told at info; that it failed all the same is told under its id."""
    caplog.set_level(logging.INFO, "scenario_async")
    server = serve(answers(Answer({"hits": 7}, headers={"x-request-id": "r-6"})))
    with pytest.raises(APIResponseValidationError):
        connect(server.base_url).page(SEARCH)
    (well,), (record,) = _told(caplog, logging.INFO), _told(caplog, logging.WARNING)
    assert f"POST {server.base_url}/search/assets -> APIResponseValidationError: " in record.getMessage()
    assert (record.method, record.path, record.status) == ("POST", "/search/assets", 200)
    assert (record.request_id, record.attempts) == ("r-6", 1)
    assert record.call_id == well.call_id


async def test_a_call_that_its_caller_gives_up_is_no_warning(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """A timeout around it, or a cancelled task, is the caller's own wish."""
    caplog.set_level(logging.INFO, "scenario_async")
    server = serve(answers(Answer(behave=_hang)))
    async with AsyncScenario(api_key="k", api_secret="s", base_url=server.base_url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await client.search.run(SEARCH)
    (record,) = _told(caplog, logging.INFO)
    assert record.error_type == "CancelledError"
    assert _told(caplog, logging.WARNING) == []


def test_records_and_events_of_a_call_have_one_id(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hook has seen can be found in the log."""
    caplog.set_level(logging.DEBUG, "scenario_async")
    events: list[Any] = []
    face = connect(serve(answers(LATER, GOOD)).base_url, on_request=events.append)
    face.page(SEARCH)
    face.page(SEARCH)
    records = [*_told(caplog, logging.DEBUG), *_told(caplog, logging.INFO)]
    first, second = (each.call_id for each in _told(caplog, logging.INFO))
    assert first != second
    assert [each.call_id for each in events] == [first, first, second]
    assert {each.call_id for each in records} == {first, second}


def test_structlog_gets_the_fields(connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """Its `ExtraAdder` takes what is no attribute of every record, so no field has the name of one."""
    structlog = pytest.importorskip("structlog")
    with pytest.raises(BadRequestError):
        connect(serve(answers(Answer({"reason": "No."}, status=400))).base_url).page(SEARCH)
    (record,) = _told(caplog, logging.WARNING)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(),
        ],
    )
    fields = json.loads(formatter.format(record))
    assert fields.keys() - {"message"} == {  # which another formatter may have left
        "attempt_seconds", "attempts", "call_id", "elapsed", "error_type", "event", "method", "path", "queued",
        "request_id", "status", "url", "waited_for_cool_down", "waited_for_quota", "waited_for_slot",
    }  # fmt: skip
    assert fields["event"] == record.getMessage()
    assert (fields["method"], fields["path"], fields["status"]) == ("POST", "/search/assets", 400)


PROGRAM = """
import logging, sys
from scenario_async import AssetSearch, Scenario, ScenarioError

def fail(event):
    raise ValueError("in a hook")

if "early" in sys.argv:
    logging.basicConfig()
before = list(logging.root.handlers), logging.root.level
for _ in range(3):  # however many clients there are, there is one handler
    client = Scenario(api_key="a", api_secret="b", base_url=sys.argv[1], max_retries=1)
if "late" in sys.argv:
    logging.basicConfig()
if "closed" in sys.argv:
    sys.stderr.close()
with client:
    client.search.asset_search(query="q")
    try:
        client.search.asset_search(query="q")
    except ScenarioError as error:
        print(type(error).__name__)
if len(sys.argv) == 2:
    assert (list(logging.root.handlers), logging.root.level) == before == ([], logging.WARNING)
"""


def _run(base_url: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    usual = {name: value for name, value in os.environ.items() if not name.startswith("SCENARIO_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, base_url, *words],
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
    ("level", "levels"), [("info", ["INFO", "WARNING"]), ("DEBUG", ["DEBUG", "INFO", "WARNING"])]
)
def test_the_environment_can_ask_for_lines(serve: Serve, level: str, levels: list[str]) -> None:
    """`SCENARIO_LOG` prints this package's lines to stderr, once each, and leaves the root logger alone."""
    done = _run(serve(_script()).base_url, SCENARIO_LOG=level)
    lines = done.stderr.splitlines()
    assert [line.split()[2] for line in lines] == levels
    assert all(line.split()[3] == "scenario_async:" for line in lines)
    assert "BadRequestError: 400 No." in lines[-1]


@pytest.mark.parametrize("when", ["early", "late"])
def test_lines_are_not_doubled_where_the_program_logs(serve: Serve, when: str) -> None:
    """`basicConfig` before a client is built, or after it, shows the same lines, in the program's form alone."""
    lines = _run(serve(_script()).base_url, when, SCENARIO_LOG="info").stderr.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "INFO:scenario_async:POST",
        "WARNING:scenario_async:POST",
    ]


def test_a_program_that_logs_sees_failures_alone(serve: Serve) -> None:
    """Without `SCENARIO_LOG` its usual level shows warnings."""
    (line,) = _run(serve(_script()).base_url, "early").stderr.splitlines()
    assert line.startswith("WARNING:scenario_async:POST ")
    assert "BadRequestError: 400 No." in line


def test_a_closed_stderr_breaks_no_call(serve: Serve) -> None:
    """The lines are lost, and the program goes on."""
    done = _run(serve(_script()).base_url, "closed", SCENARIO_LOG="debug")
    assert (done.stdout, done.stderr) == ("BadRequestError\n", "")


@pytest.mark.parametrize("level", ["", "off"])
def test_an_environment_that_asks_for_no_lines_gets_none(serve: Serve, level: str) -> None:
    """An empty variable is as good as none."""
    assert _run(serve(_script()).base_url, SCENARIO_LOG=level).stderr == ""


@pytest.mark.parametrize("level", ["loud", "warning"])
def test_another_word_in_the_environment_is_told(serve: Serve, level: str) -> None:
    """One line says what it may be, however many clients there are; the program runs as without it."""
    done = _run(serve(_script()).base_url, SCENARIO_LOG=level)
    (line,) = done.stderr.splitlines()
    assert (
        f" WARNING scenario_async: SCENARIO_LOG is '{level}', but it must be info (each call) or debug"
        in line
    )
    assert done.stdout == "BadRequestError\n"


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
