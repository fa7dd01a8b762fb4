"""Whatever fails, and wherever it is called from: no error shows a key, a header, a picture or a signed URL."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support.hits import asset, assets
from support.proxies import proxying
from support.secrets import CLIENT, PICTURE, PROXY_USERINFO, SIGNED, everything_told, leaks, search
from support.servers import Answer, Arrived
from support.versions import aiohttp_is_old

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DeadlineExceededError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
    UnprocessableEntityError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from support.faces import Connect, Face
    from support.servers import Serve

FIRST = {"hits": assets(2), "limit": 2, "offset": 0, "estimatedTotalHits": 9}
PICTURE_SEARCH = search(limit=2)


def _drop(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def _hang(handler: BaseHTTPRequestHandler) -> None:
    handler.rfile.read(1)  # ends when the client goes away


def _cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{")
    handler.wfile.flush()
    handler.close_connection = True


def _no_http(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH pair-S3CR3T\r\n\r\n")
    handler.wfile.flush()
    handler.close_connection = True


@attrs.frozen
class Failure:
    """What the server does from the second request on, and the error that comes of it."""

    error: type[ScenarioError]
    answer: Any
    options: dict[str, Any] = attrs.field(factory=dict[str, Any])


def _status(status: int, body: Any = None, **headers: str) -> Answer:
    return Answer({"reason": "No."} if body is None else body, status=status, headers=headers)


QUICK: dict[str, Any] = {"timeout": 0.15}
FAILURES: dict[str, Failure] = {
    "400": Failure(BadRequestError, _status(400)),
    "401": Failure(AuthenticationError, _status(401)),
    "402": Failure(APIStatusError, _status(402)),
    "403": Failure(PermissionDeniedError, _status(403)),
    "404": Failure(NotFoundError, _status(404)),
    "409": Failure(ConflictError, _status(409)),
    "422": Failure(UnprocessableEntityError, _status(422)),
    "429": Failure(RateLimitError, _status(429)),
    "429, too long a wait": Failure(
        RateLimitError, Answer({}, 429, {"retry-after": "90"}), {"deadline": 5, "max_retries": 2}
    ),
    "a plan's limit": Failure(PlanLimitError, _status(429, {"code": "QUOTA_EXCEEDED"})),
    "500": Failure(InternalServerError, _status(500)),
    "a redirect": Failure(APIStatusError, _status(307, b"", location=SIGNED)),
    "misshapen": Failure(APIResponseValidationError, {"hits": [asset(ownerId=None, url=SIGNED)]}),
    "an error as a 200": Failure(APIResponseValidationError, {"error": f"see {SIGNED}"}),
    "no JSON": Failure(APIResponseValidationError, Answer(SIGNED.encode())),
    "too large": Failure(APIResponseValidationError, Answer(b" " * 20_000), {"max_response_bytes": 10_000}),
    "no gzip": Failure(
        APIResponseValidationError, Answer(b"no gzip at all", headers={"content-encoding": "gzip"})
    ),
    "no HTTP": Failure(APIResponseValidationError, Answer(behave=_no_http)),
    "dropped": Failure(APIConnectionError, Answer(behave=_drop)),
    "cut off": Failure(APIConnectionError, Answer(behave=_cut_off)),
    "slow": Failure(APITimeoutError, Answer(behave=_hang), QUICK),
    "too slow in all": Failure(DeadlineExceededError, Answer(behave=_hang), {"deadline": 0.3}),
}


class _Method:
    """The method of a client, called as users call it."""

    def __call__(self, face: Face) -> object:
        params = attrs.asdict(PICTURE_SEARCH, filter=lambda _, value: value is not None)
        if not hasattr(face, "runner"):
            return face.client.search.asset_search(**params)

        async def fetch() -> object:
            return await face.client.search.asset_search(**params)

        runner: Any = vars(face)["runner"]
        return runner.run(fetch())


def _request(face: Face) -> object:
    return face.request(
        "POST",
        "/search/assets?signature=path-S3CR3T",
        json={"image": PICTURE},
        query={"token": "extra-S3CR3T"},
        headers={"x-more": "more-S3CR3T"},
    )


SURFACES: dict[str, tuple[bool, Callable[[Face], object]]] = {
    "the method": (False, _Method()),
    "run": (False, lambda face: face.page(PICTURE_SEARCH)),
    "hits": (False, lambda face: face.hits(PICTURE_SEARCH, prefetch=1)),
    "pages": (True, lambda face: face.pages(PICTURE_SEARCH, prefetch=1)),
    "the next page": (True, lambda face: face.next_page(face.page(PICTURE_SEARCH))),
    "resume": (True, lambda face: face.resume(face.page(PICTURE_SEARCH).resume_token, PICTURE_SEARCH)),
    "a fan-out": (False, lambda face: face.fan_out([PICTURE_SEARCH, search(query="other")])),
    "request": (False, _request),
}
"""Ways to make a call; those that are marked need a first page before they can fail."""


def _failing(failure: Failure, *, after_a_page: bool) -> Callable[[Arrived], Any]:
    first = [FIRST] if after_a_page else []

    def script(_: Arrived) -> Any:
        return first.pop() if first else failure.answer

    return script


OF_THE_BODY = ("misshapen", "an error as a 200", "no JSON")
"""Failures that only a search can meet: `request` does not look into the body."""


@pytest.mark.parametrize(
    ("name", "surface"),
    [
        (name, surface)
        for name in FAILURES
        for surface in SURFACES
        if (name, surface) not in [(each, "request") for each in OF_THE_BODY]
    ],
)
def test_no_error_shows_a_secret(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, name: str, surface: str
) -> None:
    """Not in its text, its causes, its frames or its pickle, nor in any line of any logger."""
    failure = FAILURES[name]
    after_a_page, call = SURFACES[surface]
    server = serve(_failing(failure, after_a_page=after_a_page))
    face = connect(server.base_url, **CLIENT, **({"max_retries": 0, **failure.options}))
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ScenarioError) as caught:
        call(face)
    assert type(caught.value) is failure.error
    quoting = name in (
        "misshapen",
        "an error as a 200",
        "no JSON",
        "a redirect",
    )  # the reply itself is in there
    assert leaks(everything_told(caught.value, pickled=not quoting)) == []
    assert leaks(caplog.text) == []
    assert leaks("\n".join(repr(vars(record)) for record in caplog.records)) == []


def test_the_failure_before_a_deadline_shows_nothing(connect: Connect, serve: Serve) -> None:
    """The last attempt's error is the cause of a deadline's, and as clean."""
    first = [Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "1"})]
    server = serve(lambda _: first.pop() if first else Answer(behave=_hang))
    with pytest.raises(DeadlineExceededError) as caught:
        connect(server.base_url, **CLIENT, deadline=0.3).page(PICTURE_SEARCH)
    assert isinstance(caught.value.__cause__, InternalServerError)
    assert leaks(everything_told(caught.value)) == []


def test_no_error_of_the_connection_shows_a_secret(connect: Connect, serve: Serve) -> None:
    """Neither where nobody listens, nor where TLS meets a server that has none, nor where a name is unknown."""
    plain = serve(lambda _: FIRST).base_url.replace("http://", "https://")
    for url in ("http://127.0.0.1:1/v1", plain, "http://nobody.localhost:1/v1"):
        for surface in ("the method", "a fan-out", "request"):
            face = connect(url, **CLIENT, max_retries=0)
            with pytest.raises(APIConnectionError) as caught:
                SURFACES[surface][1](face)
            assert leaks(everything_told(caught.value)) == []


def test_no_error_of_a_proxy_shows_its_password(connect: Connect, serve: Serve) -> None:
    """Whether it refuses, is not there, or cannot reach the service; with and without a tunnel."""
    server = serve(lambda _: FIRST)
    for base_url in ("http://service.example/v1", "https://service.example/v1"):
        with proxying({"service.example": server.base_url}) as proxy:
            for refusal in (407, 403, 502):
                proxy.refusal = refusal
                _refused_by(connect, base_url, proxy.url(PROXY_USERINFO))
        _refused_by(connect, base_url, f"http://{PROXY_USERINFO}@127.0.0.1:1")


def _refused_by(connect: Connect, base_url: str, proxy: str) -> None:
    for surface in ("the method", "request"):
        face = connect(base_url, **CLIENT, allow_http=True, proxy=proxy, max_retries=0)
        with pytest.raises(ScenarioError) as caught:
            SURFACES[surface][1](face)
        assert leaks(everything_told(caught.value)) == []
        assert leaks(face.client) == []


def _fails() -> str:
    token = "token-S3CR3T"
    raise LookupError(f"no vault for {len(token)} characters")


async def _fails_later() -> str:
    return _fails()


@pytest.mark.parametrize("source", [_fails, _fails_later, lambda: b"token-S3CR3T", lambda: "token-S3CR3T\n"])
@pytest.mark.parametrize("surface", ["the method", "hits", "a fan-out", "request"])
def test_a_source_of_tokens_that_fails_shows_none(
    connect: Connect, serve: Serve, source: Any, surface: str
) -> None:
    """Its own error comes without the frames in which it held a token."""
    face = connect(serve(lambda _: FIRST).base_url, api_key=None, api_secret=None, bearer_auth=source)
    with pytest.raises(AuthenticationError) as caught:
        SURFACES[surface][1](face)
    assert leaks(everything_told(caught.value)) == []


QUOTED = ("key-S3CR3T", "pair-S3CR3T", "Basic a2V5LVMzQ1IzVDpwYWlyLVMzQ1IzVA==", PICTURE, SIGNED)


def _told_as(text: str) -> dict[str, Answer]:
    return {
        "JSON": Answer({"reason": f"refused: {text}"}, status=400),
        "nested JSON": Answer({"error": {"message": f"refused: {text}"}}, status=403),
        "text": Answer(f"refused: {text}".encode(), status=400),
        "HTML": Answer(f"<html>{text}</html>".encode(), status=502, headers={"x-should-retry": "false"}),
        "a 200": Answer({"error": f"refused: {text}"}),
        "a wrong field": Answer({"hits": [asset(ownerId=[text])]}),
        "a header": Answer(
            {"reason": "No."}, status=400, headers={"x-echo": text, "set-cookie": f"a={text}"}
        ),
        "a content type": Answer(b"?", headers={"content-type": text}),
        "a redirect": Answer(b"", status=302, headers={"location": f"https://a.example/x?signature={text}"}),
    }


@pytest.mark.parametrize("text", QUOTED)
@pytest.mark.parametrize("way", _told_as(""))
def test_what_the_service_repeats_is_not_shown(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, text: str, way: str
) -> None:
    """A reply that quotes the request back is no way into logs; its body is there for those who ask for it."""
    if way == "a header" and aiohttp_is_old():
        pytest.skip("aiohttp before 3.14 logs cookies that it cannot read, on its own logger")
    caplog.set_level(logging.DEBUG)
    server = serve(lambda _: _told_as(text)[way])
    face = connect(server.base_url, **CLIENT, max_retries=0)
    for surface in ("the method", "hits", "a fan-out"):
        with pytest.raises(ScenarioError) as caught:
            SURFACES[surface][1](face)
        assert leaks(everything_told(caught.value, pickled=False)) == []
    assert leaks(caplog.text) == []


def _odd_reason(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 400 pair-S3CR3T\r\ncontent-length: 0\r\n\r\n")


def _odd_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\npair-S3CR3T\r\ncontent-length: 0\r\n\r\n")
    handler.close_connection = True


def _long_header(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nx: pair-S3CR3T" + b"x" * 70_000 + b"\r\ncontent-length: 0\r\n\r\n"
    )
    handler.close_connection = True


@pytest.mark.parametrize("behave", [_odd_reason, _odd_header, _long_header])
def test_a_head_that_repeats_a_secret_is_not_shown(connect: Connect, serve: Serve, behave: Any) -> None:
    """Neither the reason phrase nor a header that cannot be read."""
    face = connect(serve(lambda _: Answer(behave=behave)).base_url, **CLIENT, max_retries=0)
    with pytest.raises(ScenarioError) as caught:
        face.page(PICTURE_SEARCH)
    assert leaks(everything_told(caught.value)) == []


def test_a_failed_search_of_a_fan_out_shows_nothing(connect: Connect, serve: Serve) -> None:
    """Also where its error is yielded beside the search."""
    face = connect(serve(lambda _: Answer({"reason": "No."}, status=400)).base_url, **CLIENT)
    (failed,) = face.fan_out([PICTURE_SEARCH], on_error="yield")
    assert leaks(failed) == []
    error: Any = vars(failed)["error"] if hasattr(failed, "__dict__") else getattr(failed, "error", None)
    assert leaks(everything_told(error)) == []


def test_a_pager_run_as_a_task_shows_nothing(serve: Serve) -> None:
    """The errors of a connection pass through it, as an event loop throws them into what a task runs."""
    server = serve(_failing(FAILURES["no HTTP"], after_a_page=False))

    async def run() -> None:
        async with AsyncScenario(**CLIENT, base_url=server.base_url, max_retries=0) as client:
            await asyncio.create_task(client.search.asset_search(query="a"))

    with pytest.raises(APIResponseValidationError) as caught:
        asyncio.run(run())
    assert leaks(everything_told(caught.value)) == []
