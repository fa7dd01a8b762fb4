"""What goes wrong on the way, and what the caller is told."""

from __future__ import annotations

import gzip
import json
import pickle
import socket
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from support.hits import asset, assets
from support.servers import Answer, answers, paged

import scenario_async
from scenario_async import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    AssetSearch,
    AsyncScenario,
    AuthenticationError,
    InternalServerError,
    PlanLimitError,
    RateLimitError,
    Scenario,
    ScenarioError,
)
from scenario_async._calls.retries import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0, "estimatedTotalHits": 1}
STATUSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    402: "APIStatusError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    418: "APIStatusError",
    422: "UnprocessableEntityError",
    429: "RateLimitError",
    500: "InternalServerError",
    503: "InternalServerError",
    599: "InternalServerError",
    302: "APIStatusError",
    304: "APIStatusError",
}


@pytest.mark.parametrize(("status", "name"), STATUSES.items())
def test_each_status_has_its_class(connect: Connect, serve: Serve, status: int, name: str) -> None:
    """The class follows the status, and the error tells all that is known of the call."""
    body: Any = b"" if status == 304 else {"reason": "Because."}
    server = serve(answers(Answer(body, status=status, headers={"x-request-id": "r-1"})))
    with pytest.raises(APIStatusError) as caught:
        connect(server.base_url, max_retries=0, project_id="proj_x").page(SEARCH)
    error = caught.value
    assert type(error) is getattr(scenario_async, name)
    assert (error.status_code, error.method, error.attempts, error.request_id) == (status, "POST", 1, "r-1")
    assert error.url == f"{server.base_url}/search/assets"
    assert error.elapsed > 0
    assert len(server.requests) == 1
    assert status in (302, 304) or error.body == body
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (type(copy), str(copy), copy.status_code) == (type(error), str(error), status)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"reason": "A"}, "A"),
        ({"message": "B"}, "B"),
        ({"error": "C"}, "C"),
        ({"detail": "D"}, "D"),
        ({"error": {"message": "E"}}, "E"),
        ({"error": "second", "reason": "first"}, "first"),
        (b"plain words", "plain words"),
        (b"<html>gateway</html>", "Bad Request"),
        (b"", "Bad Request"),
        ([], "Bad Request"),
    ],
)
def test_messages_come_from_whichever_shape_the_body_has(
    connect: Connect, serve: Serve, body: Any, told: str
) -> None:
    """The service's documents disagree on the shape of errors."""
    face = connect(serve(answers(Answer(body, status=400))).base_url)
    with pytest.raises(APIError) as caught:
        face.page(SEARCH)
    assert caught.value.message == f"400 {told}"


PLAN_LIMITS = [
    {"name": "PlanLimitReachedError", "reason": "x", "details": {"actionLimit": 0}},
    {"reason": "PlanLimitReachedError"},
    {"error": "quota", "code": "QUOTA_EXCEEDED"},
    {"reason": "x", "details": {"actionLimit": 0, "actionName": "search"}},
]


@pytest.mark.parametrize("body", PLAN_LIMITS)
def test_a_plan_limit_is_not_retried(connect: Connect, serve: Serve, body: dict[str, Any]) -> None:
    """Waiting does not refill such a quota."""
    server = serve(answers(Answer(body, status=429)))
    with pytest.raises(PlanLimitError) as caught:
        connect(server.base_url).page(SEARCH)
    assert len(server.requests) == 1
    assert caught.value.details == body.get("details", {})


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_what_may_pass_is_retried(connect: Connect, serve: Serve, status: int) -> None:
    """A transient failure costs an attempt and nothing else."""
    failure = Answer({"reason": "later"}, status=status, headers={"retry-after-ms": "1"})
    server = serve(answers(failure, failure, ONE_HIT))
    page = connect(server.base_url).page(SEARCH)
    assert len(page.hits) == 1
    assert page.response.attempts == len(server.requests) == 3


def test_retries_end(connect: Connect, serve: Serve) -> None:
    """After the last attempt its error is raised, with the number of attempts."""
    server = serve(answers(Answer({"reason": "no"}, status=503, headers={"retry-after": "0.001"})))
    with pytest.raises(InternalServerError, match="after 3 attempts") as caught:
        connect(server.base_url).page(SEARCH)
    assert caught.value.attempts == len(caught.value.attempt_seconds) == len(server.requests) == 3
    assert caught.value.retry_after == 0.001


@pytest.mark.parametrize(("told", "status", "requests"), [("true", 400, 3), ("false", 503, 1)])
def test_the_service_may_overrule_what_is_retried(
    connect: Connect, serve: Serve, told: str, status: int, requests: int
) -> None:
    """`x-should-retry` wins over the status."""
    headers = {"x-should-retry": told, "retry-after-ms": "1"}
    server = serve(answers(Answer({}, status=status, headers=headers)))
    with pytest.raises(APIStatusError):
        connect(server.base_url).page(SEARCH)
    assert len(server.requests) == requests


def test_a_wait_beyond_the_deadline_fails_at_once(connect: Connect, serve: Serve) -> None:
    """Nobody waits for what cannot succeed any more."""
    server = serve(answers(Answer({"reason": "slow down"}, status=429, headers={"retry-after": "90"})))
    with pytest.raises(RateLimitError) as caught:
        connect(server.base_url, deadline=5).page(SEARCH)
    assert caught.value.retry_after == 90
    assert caught.value.elapsed < 2
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"hits": [asset(), asset("asset_2", ownerId=None)]}, r"\$\.hits\[1\]\.ownerId is null"),
        ({"hits": [asset(), {"id": "x"}]}, r"\$\.hits\[1\]\.\w+ is missing"),
        ({"hits": [asset(metadata={"width": "wide"})]}, r"\$\.hits\[0\]\.metadata\.width is a text"),
        ({"hits": {}}, r"\$\.hits is no list"),
        ({"hits": [3]}, r"\$\.hits\[0\] is a number"),
        ({"nothing": 1}, r"\$\.hits is no list"),
        (Answer([1, 2]), r"\$ is no object"),
        (Answer(b'{"hits": ['), "is not JSON"),
        (Answer(b"\xff\xfe{}"), "is not JSON"),
        (Answer(b"<html>", headers={"content-type": "text/html"}), "text/html.* is not JSON"),
        (Answer(b"[" * 100_000), "is not JSON"),
        (Answer(b'{"hits": [NaN]}'), "is not JSON"),
        (Answer({"error": "internal", "code": "X"}), "answered 200 with an error: internal"),
    ],
)
def test_a_misshapen_reply_is_one_typed_error(connect: Connect, serve: Serve, answer: Any, path: str) -> None:
    """The error names the path to the fault, and nothing is retried."""
    server = serve(answers(answer))
    with pytest.raises(APIResponseValidationError, match=path) as caught:
        connect(server.base_url).page(SEARCH)
    assert len(server.requests) == 1
    assert caught.value.attempts == 1
    assert caught.value.method == "POST"
    pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own


def test_a_reply_too_large_is_refused_while_it_arrives(connect: Connect, serve: Serve) -> None:
    """Decompressed bytes count, so that a small reply cannot fill the memory."""
    bomb = gzip.compress(b'{"hits": [' + b" " * 50_000_000 + b"]}")
    server = serve(answers(Answer(bomb, headers={"content-encoding": "gzip"})))
    with pytest.raises(APIResponseValidationError, match="max_response_bytes"):
        connect(server.base_url, max_response_bytes=1_000_000).page(SEARCH)
    assert len(server.requests) == 1


def test_a_body_that_is_not_what_its_encoding_says(connect: Connect, serve: Serve) -> None:
    """Damaged compression is a misshapen reply and not a broken connection."""
    server = serve(answers(Answer(b"no gzip at all", headers={"content-encoding": "gzip"})))
    with pytest.raises(APIResponseValidationError, match="decompress"):
        connect(server.base_url).page(SEARCH)
    assert len(server.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_error_whose_body_cannot_be_read_is_still_that_error(
    connect: Connect, serve: Serve, encoding: str
) -> None:
    """The status decides, and with it whether the client tries again."""
    headers = {"content-encoding": encoding, "retry-after-ms": "1"}
    later = Answer(b"no such thing at all", status=503, headers=headers)
    server = serve(answers(later, ONE_HIT))
    assert connect(server.base_url).page(SEARCH).hits
    with pytest.raises(InternalServerError, match="503") as caught:
        connect(serve(answers(later)).base_url, max_retries=0).page(SEARCH)
    assert caught.value.body == ""
    assert caught.value.status_code == 503


def _cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
    handler.wfile.flush()
    handler.close_connection = True


def _drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def _nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH\r\n\r\n")
    handler.wfile.flush()
    handler.close_connection = True


@pytest.mark.parametrize("behave", [_cut_off, _drop])
def test_a_connection_that_breaks_is_retried(connect: Connect, serve: Serve, behave: Any) -> None:
    """Search only reads, so a broken reply may be asked for again."""
    script = answers(Answer(behave=behave), ONE_HIT)
    server = serve(script)
    page = _instantly(connect(server.base_url)).page(SEARCH)
    assert page.response.attempts == 2


@pytest.mark.parametrize("behave", [_cut_off, _drop])
def test_a_connection_that_always_breaks_is_a_connection_error(
    connect: Connect, serve: Serve, behave: Any
) -> None:
    """The error tells how often it was tried."""
    server = serve(answers(Answer(behave=behave)))
    with pytest.raises(APIConnectionError) as caught:
        _instantly(connect(server.base_url)).page(SEARCH)
    assert caught.value.attempts == len(server.requests) == 3


def test_a_reply_that_is_no_http(connect: Connect, serve: Serve) -> None:
    """Another protocol on the port is said to be that."""
    server = serve(answers(Answer(behave=_nonsense)))
    with pytest.raises(APIResponseValidationError, match="not HTTP"):
        connect(server.base_url).page(SEARCH)


def test_nobody_listens(connect: Connect) -> None:
    """A refused connection is told as such."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(APIConnectionError, match="connection failed"):
            _instantly(connect(url)).page(SEARCH)


def test_a_stale_connection_is_replaced_and_not_counted(connect: Connect, serve: Serve) -> None:
    """A kept-alive connection that the server closed meanwhile costs no attempt."""

    def close_after(handler: BaseHTTPRequestHandler) -> None:
        content = json.dumps({"hits": [asset()]}).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
        handler.wfile.write(head.encode() + content)
        handler.wfile.flush()
        handler.rfile.read(1)  # the next request arrives on this connection, which then closes unanswered
        handler.close_connection = True

    server = serve(answers(Answer(behave=close_after), {"hits": [asset("asset_2")]}))
    face = connect(server.base_url, max_retries=0)
    assert face.page(SEARCH).hits[0].id == "asset_1"
    second = face.page(SEARCH)
    assert second.hits[0].id == "asset_2"
    assert second.response.attempts == 1


def test_redirects_are_refused(connect: Connect, serve: Serve) -> None:
    """Credentials and bodies go nowhere else."""
    elsewhere = serve(paged(assets(1)))
    location = {"location": f"{elsewhere.base_url}/search/assets?token=s3cr3t"}
    server = serve(answers(Answer({}, status=307, headers=location)))
    with pytest.raises(APIStatusError, match="redirects are not followed") as caught:
        connect(server.base_url).page(SEARCH)
    assert elsewhere.requests == []
    assert "s3cr3t" not in str(caught.value)


SECRETS = ("s3cr3t", "c2VjcmV0", "aGVsbG8gd29ybGQ")
FAILURES: dict[str, Any] = {
    "status": Answer(
        {"reason": "Basic ZW11bGF0b3I6czNjcjN0, data:image/png;base64,aGVsbG8gd29ybGQ="}, status=400
    ),
    "misshapen": {"hits": [asset(ownerId=None)]},
    "not json": Answer(b"Signature=s3cr3t"),
    "broken": Answer(behave=_drop),
    "no http": Answer(behave=_nonsense),
    "too large": Answer(b" " * 2_000_000),
    "slow": Answer(behave=_hang),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_no_secret_in_any_error(connect: Connect, serve: Serve, failure: str) -> None:
    """Neither the text of an error nor the frames it carries hold keys, pictures or headers."""
    server = serve(answers(FAILURES[failure]))
    face = connect(
        server.base_url, api_secret="s3cr3t", max_retries=0, timeout=0.3, max_response_bytes=1_000_000
    )
    search = AssetSearch(
        image="data:image/png;base64,aGVsbG8gd29ybGQ=",
        extra_headers={"x-secret": "s3cr3t"},
        extra_query={"token": "s3cr3t"},
    )
    with pytest.raises(ScenarioError) as caught:
        face.page(search)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(_own_frames(shown))
    for secret in SECRETS:
        assert secret not in text, text
    assert "s3cr3t" not in repr(face.client)


def _own_frames(shown: traceback.TracebackException) -> list[str]:
    """Format an error and its causes, without the frames of this test itself."""
    link: traceback.TracebackException | None = shown
    seen: list[str] = []
    while link is not None:
        seen += list(link.format_exception_only())
        for frame in link.stack:
            if "/tests/" not in frame.filename:
                seen.append(f"{frame.name}: {frame.locals}")
        link = link.__cause__ or link.__context__
    return seen


MISTYPED: dict[str, Any] = {"mistyped": 3}


@pytest.mark.parametrize(
    "build",
    [
        lambda: Scenario(api_key="k", api_secret="s3cr3t", **MISTYPED),
        lambda: AsyncScenario(api_key="k", api_secret="s3cr3t", **MISTYPED),
        lambda: AssetSearch(image="data:image/png;base64,aGVsbG8gd29ybGQ=", **MISTYPED),
        lambda: Scenario(api_key="k", api_secret="k").with_options(api_secret="s3cr3t", **MISTYPED),
        lambda: Scenario(api_key="k", api_secret="k").search.asset_search(
            image="data:image/png;base64,aGVsbG8gd29ybGQ=",
            **MISTYPED,
        ),
    ],
)
def test_no_secret_in_the_error_of_a_mistyped_keyword(build: Callable[[], object]) -> None:
    """A `TypeError` about a keyword shows none of the others, also to tools that record locals."""
    with pytest.raises(TypeError, match="mistyped") as caught:
        build()
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    text = "".join(_own_frames(shown))
    for secret in SECRETS:
        assert secret not in text, text


def test_wrong_credentials(connect: Connect, serve: Serve) -> None:
    """A 401 is raised as it comes, once."""
    server = serve(answers(Answer({"reason": "Unauthorized"}, status=401)))
    with pytest.raises(AuthenticationError, match="Unauthorized"):
        connect(server.base_url).page(SEARCH)
    assert len(server.requests) == 1


def test_a_closed_client_says_so(connect: Connect, serve: Serve) -> None:
    """No call leaves a closed client."""
    server = serve(paged(assets(1)))
    face = connect(server.base_url)
    face.page(SEARCH)
    assert not face.client.is_closed
    face.close()
    assert face.client.is_closed
    with pytest.raises(ScenarioError, match="closed"):
        face.page(SEARCH)
    with pytest.raises(ScenarioError, match="closed"):
        face.request("GET", "/x")


def _instantly(face: Face) -> Face:
    """Take the waits out of a face's client."""
    object.__setattr__(face.client._caller, "backoff", Backoff(draw=lambda: 0.0))
    return face
