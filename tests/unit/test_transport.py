"""The edge to HTTP, with aiohttp's requests answered by the test."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import asyncio
import base64
import json
import traceback
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AsyncScenario,
    AuthenticationError,
    BadRequestError,
    DeadlineExceededError,
    InternalServerError,
    PlanLimitError,
    RateLimitError,
    ScenarioError,
)
from scenario_async._network import Network
from scenario_async._secret import Secret
from scenario_async._transport import Sessions, send
from scenario_async._wire import Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

URL_ASSETS = "https://api.example.com/v1/search/assets"
URL_X = "https://api.example.com/v1/x"
INFO = aiohttp.RequestInfo(URL(URL_X), "GET", CIMultiDictProxy(CIMultiDict[str]()), URL(URL_X))
EMPTY: dict[str, Any] = {"hits": [], "limit": 20, "offset": 0, "estimatedTotalHits": 0}
SOON = {"Retry-After-Ms": "0"}


@pytest.fixture
async def client(http: Any) -> AsyncIterator[AsyncScenario]:
    """Give a client whose requests the test answers."""
    async with AsyncScenario(
        api_key="key", api_secret="s3cr3t", base_url="https://api.example.com/v1", project_id="proj_1"
    ) as built:
        yield built


@pytest.fixture
async def session(http: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a session whose requests the test answers."""
    async with aiohttp.ClientSession() as opened:
        yield opened


def left(http: Any) -> list[tuple[str, URL, dict[str, Any]]]:
    """Give the requests that left, with aiohttp's own keywords."""
    calls = cast("dict[tuple[str, URL], list[Any]]", http.requests)
    return [(method, url, call.kwargs) for (method, url), each in calls.items() for call in each]


async def sent_by(
    session: aiohttp.ClientSession,
    *,
    most_bytes: int = 1000,
    signature: Secret | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    """Send a request for `/x`."""
    request = Request(method="GET", url=URL_X, headers=headers or {})
    return await send(
        Sessions(session), request, signature, network=Network(None, None), most_bytes=most_bytes, fresh=True
    )


async def test_the_request_that_leaves(
    http: Any, client: AsyncScenario, raw_hit: Callable[..., dict[str, Any]]
) -> None:
    """A search is a signed POST of its JSON, and its answer a page."""
    http.post(
        URL_ASSETS + "?originalAssets=true&projectId=proj_1",
        payload={"hits": [raw_hit("asset")], "limit": 5, "offset": 0, "estimatedTotalHits": 1},
        headers={"X-Request-Id": "req_1"},
    )
    page = await client.search.asset_search(query="a cat", limit=5, original_assets=True)
    assert [hit.id for hit in page.hits] == ["asset_1"]
    assert (page.response.status, page.response.request_id, page.response.attempts) == (200, "req_1", 1)
    ((method, url, kwargs),) = left(http)
    assert method == "POST"
    assert url.path == "/v1/search/assets"
    assert parse_qs(url.query_string) == {"originalAssets": ["true"], "projectId": ["proj_1"]}
    assert json.loads(kwargs["data"]) == {"query": "a cat", "limit": 5, "offset": 0}
    headers = {name.lower(): value for name, value in kwargs["headers"].items()}
    assert headers["authorization"] == "Basic " + base64.b64encode(b"key:s3cr3t").decode()
    assert headers["content-type"] == "application/json"
    assert kwargs["allow_redirects"] is False


async def test_nothing_leaves_before_it_is_awaited(http: Any, client: AsyncScenario) -> None:
    """A pager is a promise."""
    client.search.asset_search(query="x")
    assert left(http) == []


@pytest.mark.parametrize("own", [{"authorization": "Custom mine"}, {}])
async def test_own_signature_stays(http: Any, session: aiohttp.ClientSession, own: dict[str, str]) -> None:
    """A request that brings its signature keeps it, any other one gets the client's."""
    http.get(URL_X, payload={})
    await sent_by(session, signature=Secret("Bearer t"), headers=own)
    ((_, _, kwargs),) = left(http)
    assert kwargs["headers"]["authorization"] == own.get("authorization", "Bearer t")


async def test_a_reply_is_whole(http: Any, session: aiohttp.ClientSession) -> None:
    """Status, headers and bytes arrive as they are, for errors as well."""
    http.get(URL_X, status=418, body=b"\x00\xff tea", headers={"X-Amzn-RequestId": "req_2"})
    reply = await sent_by(session)
    assert (reply.status, reply.content, reply.request_id) == (418, b"\x00\xff tea", "req_2")
    assert reply.headers["x-AMZN-requestid"] == "req_2"


@pytest.mark.parametrize(("size", "fits"), [(0, True), (9, True), (10, True), (11, False), (5000, False)])
async def test_large_replies_are_refused(
    http: Any, session: aiohttp.ClientSession, size: int, *, fits: bool
) -> None:
    """A reply of more bytes than allowed is no reply, and the limit is named."""
    http.get(URL_X, body=b"x" * size, headers={"X-Request-Id": "req_3"})
    if fits:
        assert len((await sent_by(session, most_bytes=10)).content) == size
        return
    with pytest.raises(APIResponseValidationError, match=r"max_response_bytes.*10") as caught:
        await sent_by(session, most_bytes=10)
    assert caught.value.request_id == "req_3"


@pytest.mark.parametrize(
    ("cause", "cls"),
    [
        (aiohttp.ClientConnectionError("refused"), APIConnectionError),
        (aiohttp.ClientOSError(111, "refused"), APIConnectionError),
        (aiohttp.ServerDisconnectedError(), APIConnectionError),
        (aiohttp.ServerTimeoutError("slow"), APIConnectionError),
        (aiohttp.ClientPayloadError("not all"), APIConnectionError),
        (ConnectionResetError(104, "reset by peer"), APIConnectionError),
        (aiohttp.ClientPayloadError("Can not decode content-encoding: gzip"), APIResponseValidationError),
    ],
)
async def test_errors_of_connections_become_ours(
    http: Any, session: aiohttp.ClientSession, cause: Exception, cls: type[ScenarioError]
) -> None:
    """Whatever breaks on the way is an error of ours, chained to its cause, without frames of it."""
    http.get(URL_X, exception=cause, repeat=True)
    with pytest.raises(ScenarioError) as caught:
        await sent_by(session, signature=Secret("s3cr3t"))
    assert type(caught.value) is cls
    assert caught.value.__cause__ is cause
    told = traceback.TracebackException.from_exception(cause, capture_locals=True)
    assert "s3cr3t" not in "".join(told.format())


@pytest.mark.parametrize(
    ("cause", "cls"),
    [
        (
            aiohttp.ClientResponseError(INFO, (), status=400, message="Bad status line"),
            APIResponseValidationError,
        ),
        (aiohttp.InvalidURL("https://x.example.com/?Signature=s3cr3t"), APIConnectionError),
    ],
)
async def test_errors_that_hold_headers_or_urls_become_ours(
    http: Any, session: aiohttp.ClientSession, cause: Exception, cls: type[ScenarioError]
) -> None:
    """Such an error is not shown as a cause: its own text may hold what is secret."""
    http.get(URL_X, exception=cause)

    async def fail() -> ScenarioError:
        with pytest.raises(ScenarioError) as caught:
            await sent_by(session)
        return caught.value

    error = await fail()
    assert type(error) is cls
    assert "s3cr3t" not in "".join(traceback.format_exception(error))


async def test_an_error_shows_no_secret(http: Any, session: aiohttp.ClientSession) -> None:
    """The cause's text is cleaned before it is told."""
    cause = aiohttp.ClientConnectionError("no way to https://x.example.com/?Signature=s3cr3t")
    http.get(URL_X, exception=cause, repeat=True)
    with pytest.raises(APIConnectionError, match=r"x\.example\.com") as caught:
        await sent_by(session)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("x")])
async def test_errors_of_programs_pass(http: Any, session: aiohttp.ClientSession, error: Exception) -> None:
    """A bug is not dressed up as a broken connection."""
    http.get(URL_X, exception=error)
    with pytest.raises(type(error)):
        await sent_by(session)


async def test_errors_of_the_users_connector_become_ours(http: Any, session: aiohttp.ClientSession) -> None:
    """What a SOCKS library raises is an error of the connection, and shows no header."""
    foreign = type("ProxyError", (Exception,), {"__module__": "socks"})
    http.get(URL_X, exception=foreign("no way through http://u:s3cr3t@proxy"))
    with pytest.raises(APIConnectionError, match="ProxyError: no way through") as caught:
        await sent_by(session)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "cls"),
    [(302, APIStatusError), (400, BadRequestError), (401, AuthenticationError), (418, APIStatusError)],
)
async def test_statuses_become_errors(
    http: Any, client: AsyncScenario, status: int, cls: type[APIStatusError]
) -> None:
    """A status of 300 or more is its error, with the place and the attempts, and no query string."""
    http.get(
        URL_X + "?token=q", status=status, payload={"message": "told"}, headers={"X-Request-Id": "req_4"}
    )
    with pytest.raises(APIStatusError, match="told") as caught:
        await client.request("GET", "/x", query={"token": "q"})
    error = caught.value
    assert type(error) is cls
    assert (error.method, error.url, error.request_id) == ("GET", URL_X, "req_4")
    assert (error.attempts, error.body) == (1, {"message": "told"})
    assert error.elapsed >= 0
    assert len(left(http)) == 1


async def test_passing_failures_are_retried(http: Any, client: AsyncScenario) -> None:
    """A status that may pass is tried again, and the page tells how often."""
    http.post(URL_ASSETS + "?projectId=proj_1", status=503, headers=SOON)
    http.post(URL_ASSETS + "?projectId=proj_1", status=409, headers=SOON)
    http.post(URL_ASSETS + "?projectId=proj_1", payload=EMPTY)
    page = await client.search.asset_search(query="x")
    assert page.response.attempts == 3
    bodies = [kwargs["data"] for _, _, kwargs in left(http)]
    assert len(bodies) == 3
    assert len(set(bodies)) == 1


async def test_broken_connections_are_retried(http: Any, client: AsyncScenario) -> None:
    """A connection that broke is tried again."""
    object.__setattr__(client._caller.backoff, "draw", lambda: 0.0)
    http.get(URL_X, exception=aiohttp.ServerDisconnectedError())
    http.get(URL_X, exception=aiohttp.ClientConnectionError("x"))
    http.get(URL_X, payload={"a": 1})
    reply = await client.request("GET", "/x")
    assert (reply.json(), reply.attempts) == ({"a": 1}, 3)


async def test_retries_end(http: Any, client: AsyncScenario) -> None:
    """After the last attempt the last error is raised, with all attempts counted."""
    http.get(URL_X, status=500, repeat=True, headers=SOON)
    with pytest.raises(InternalServerError) as caught:
        await client.with_options(max_retries=3).request("GET", "/x")
    assert caught.value.attempts == 4
    assert len(left(http)) == 4


async def test_plan_limits_are_not_retried(http: Any, client: AsyncScenario) -> None:
    """A used-up quota is told at once, and holds back nobody."""
    http.get(URL_X, status=429, payload={"name": "PlanLimitReachedError"}, headers={"Retry-After": "3600"})
    http.get(URL_X, payload={})
    with pytest.raises(PlanLimitError):
        await client.request("GET", "/x")
    assert (await client.request("GET", "/x")).status == 200


async def test_a_wait_beyond_the_deadline_is_told_at_once(http: Any, client: AsyncScenario) -> None:
    """With a deadline, a long wait is not begun, and later calls know of it too."""
    http.get(URL_X, status=429, headers={"Retry-After": "3600"}, repeat=True)
    limited = client.with_options(deadline=30)
    with pytest.raises(RateLimitError) as caught:
        await limited.request("GET", "/x")
    assert (caught.value.retry_after, caught.value.attempts) == (3600, 1)
    with pytest.raises(DeadlineExceededError):
        await limited.request("GET", "/x")
    assert len(left(http)) == 1


async def test_a_refused_token_is_renewed_once(http: Any) -> None:
    """A call gets one new token, and no more; the second refusal is raised."""
    tokens = iter(["t1", "t2", "t3"])
    http.get(URL_X, status=401, repeat=True)
    async with AsyncScenario(
        bearer_auth=lambda: next(tokens), base_url="https://api.example.com/v1"
    ) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.request("GET", "/x")
    assert caught.value.attempts == 2
    assert [kwargs["headers"]["authorization"] for _, _, kwargs in left(http)] == ["Bearer t1", "Bearer t2"]


async def test_an_attempt_that_outlasts_its_timeout(http: Any, client: AsyncScenario) -> None:
    """The timeout is one attempt's, and has an error of its own."""

    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    http.get(URL_X, callback=hang, repeat=True)
    with pytest.raises(APITimeoutError, match=r"0\.005"):
        await client.with_options(max_retries=0).request("GET", "/x", timeout=0.005)
    with pytest.raises(DeadlineExceededError, match=r"0\.01"):
        await client.with_options(deadline=0.01).request("GET", "/x")


async def test_a_misshapen_page_tells_its_place(http: Any, client: AsyncScenario) -> None:
    """A 200 that is no page has the endpoint and the attempts like any other error."""
    http.post(URL_ASSETS + "?projectId=proj_1", payload={"hits": [{}]})
    with pytest.raises(APIResponseValidationError, match=r"\$\.hits\[0\]") as caught:
        await client.search.asset_search(query="x")
    assert (caught.value.method, caught.value.url, caught.value.attempts) == ("POST", URL_ASSETS, 1)


async def test_no_frame_of_a_failed_call_holds_a_secret(http: Any, client: AsyncScenario) -> None:
    """A traceback with all locals shows neither key nor picture nor signed URL."""
    http.post(
        URL_ASSETS + "?projectId=proj_1", status=400,
        payload={"message": "bad image data:image/png;base64," + "UzNDUjNU" * 9},
    )  # fmt: skip

    async def fail() -> ScenarioError:
        with pytest.raises(BadRequestError) as caught:
            await client.search.asset_search(image="data:image/png;base64," + "UzNDUjNU" * 9)
        return caught.value

    told = traceback.TracebackException.from_exception(await fail(), capture_locals=True)
    text = "".join(told.format())
    for secret in ("UzNDUjNU" * 2, "s3cr3t", base64.b64encode(b"key:s3cr3t").decode()):
        assert secret not in text


async def test_a_closed_client_sends_nothing(http: Any, client: AsyncScenario) -> None:
    """After `aclose` every call is refused."""
    await client.aclose()
    with pytest.raises(ScenarioError, match="closed"):
        await client.request("GET", "/x")
    with pytest.raises(ScenarioError, match="closed"):
        client.search.asset_search(query="x")
    assert client.is_closed
    assert left(http) == []
