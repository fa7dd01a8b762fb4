"""The edge to HTTP, with aiohttp's requests answered by the test."""

from __future__ import annotations

import traceback
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncScenario,
    PlanLimitError,
    ScenarioError,
)
from scenario_async._http.failures import StaleConnectionError
from scenario_async._http.request import Request
from scenario_async._http.transport import Answer, Sessions
from scenario_async._support.network import Network
from scenario_async._support.secret import Secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL_X = "https://api.example.com/v1/x"
INFO = aiohttp.RequestInfo(URL(URL_X), "GET", CIMultiDictProxy(CIMultiDict[str]()), URL(URL_X))

PLACE: Any = SimpleNamespace(host="api.example.com", port=443, ssl=True)


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
    fresh: bool = True,
) -> Answer:
    """Send a request for `/x`."""
    request = Request(method="GET", url=URL_X, address=URL_X, headers={})
    sessions = Sessions(session)
    return await sessions.send(request, signature, network=Network(), most_bytes=most_bytes, fresh=fresh)


async def test_nothing_leaves_before_it_is_awaited(http: Any, client: AsyncScenario) -> None:
    """A pager is a promise."""
    pager = client.search.asset_search(query="x")
    assert left(http) == []
    pager.close()


async def test_an_answer_is_whole(http: Any, session: aiohttp.ClientSession) -> None:
    """Status, headers and bytes arrive as they are, for errors as well."""
    http.get(URL_X, status=418, body=b"\x00\xff tea", headers={"X-Amzn-RequestId": "req_2"})
    answer = await sent_by(session)
    assert (answer.status, answer.content) == (418, b"\x00\xff tea")
    assert answer.headers["x-AMZN-requestid"] == "req_2"


@pytest.mark.parametrize(("size", "fits"), [(0, True), (10, True), (11, False), (5000, False)])
async def test_large_replies_are_refused(
    http: Any, session: aiohttp.ClientSession, size: int, *, fits: bool
) -> None:
    """A reply of more bytes than allowed is no reply, and the limit is named."""
    http.get(URL_X, body=b"x" * size)
    if fits:
        assert len((await sent_by(session, most_bytes=10)).content) == size
        return
    with pytest.raises(APIResponseValidationError, match=r"max_response_bytes.*10"):
        await sent_by(session, most_bytes=10)


async def test_the_error_of_a_large_reply_has_its_request_id(http: Any, client: AsyncScenario) -> None:
    """The service's own name for a reply came with its head."""
    http.get(URL_X, body=b"x" * 5000, headers={"X-Request-Id": "req_3"})
    with pytest.raises(APIResponseValidationError, match="max_response_bytes") as caught:
        await client.with_options(max_response_bytes=10).request("GET", "/x")
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
    http.get(URL_X, exception=cause)
    with pytest.raises(ScenarioError) as caught:
        await sent_by(session, signature=Secret("s3cr3t"))
    assert type(caught.value) is cls
    of_aiohttp = isinstance(cause, aiohttp.ClientError)  # the other came through code that is not aiohttp's
    assert caught.value.__cause__ is (cause if of_aiohttp else None)
    told = traceback.TracebackException.from_exception(
        caught.value.__cause__ or cause, capture_locals=of_aiohttp
    )
    assert "s3cr3t" not in "".join(told.format())


@pytest.mark.parametrize(
    ("cause", "stale"),
    [
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ClientOSError(104, "reset by peer"), True),
        (aiohttp.ClientConnectorError(PLACE, OSError(111, "refused")), False),
        (aiohttp.ClientPayloadError("not all"), False),
    ],
)
async def test_a_connection_that_may_have_been_stale_is_said_to_be(
    http: Any, session: aiohttp.ClientSession, cause: Exception, *, stale: bool
) -> None:
    """Once, where an open connection broke before any reply; the new one that follows is not stale."""
    http.get(URL_X, exception=cause, repeat=True)
    for fresh in (False, True):
        with pytest.raises(ScenarioError) as caught:
            await sent_by(session, fresh=fresh)
        assert isinstance(caught.value, StaleConnectionError) is (stale and not fresh)


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
    http.get(URL_X, exception=cause)
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


async def test_a_plan_limit_holds_back_nobody(http: Any, client: AsyncScenario) -> None:
    """A used-up quota is told at once, and other calls go on."""
    http.get(URL_X, status=429, payload={"name": "PlanLimitReachedError"}, headers={"Retry-After": "3600"})
    http.get(URL_X, payload={})
    with pytest.raises(PlanLimitError):
        await client.request("GET", "/x")
    assert (await client.request("GET", "/x")).status == 200
