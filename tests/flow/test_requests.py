"""What a client sends besides the search itself, and free requests."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from support.hits import assets
from support.servers import Answer, answers

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    InvalidSearchError,
    NotFoundError,
    Scenario,
    ScenarioError,
)

if TYPE_CHECKING:
    from support.faces import Connect
    from support.servers import Serve

ONE_HIT = {"hits": assets(1), "limit": 20, "offset": 0}


def test_defaults_travel_and_a_search_overrules_them(connect: Connect, serve: Serve) -> None:
    """Headers and URL parameters of the client come first, those of the search win."""
    server = serve(answers(ONE_HIT))
    face = connect(
        server.base_url,
        project_id="proj_client",
        default_headers={"X-Team": "a", "X-Both": "client"},
        default_query={"trace": True, "both": 1},
    )
    face.page(AssetSearch(query="q"))
    face.page(
        AssetSearch(
            query="q",
            project_id="proj_search",
            extra_headers={"x-both": "search"},
            extra_query={"both": 2},
            extra_body={"query": "other", "new": [1]},
        )
    )
    first, second = server.requests
    assert first.query == {"trace": "true", "both": "1", "projectId": "proj_client"}
    assert (first.headers["x-team"], first.headers["x-both"]) == ("a", "client")
    assert first.headers["user-agent"].startswith("scenario-async/")
    assert second.query == {"trace": "true", "both": "2", "projectId": "proj_search"}
    assert second.headers["x-both"] == "search"
    assert second.body == {"query": "other", "new": [1]}


def test_free_requests_use_the_clients_signature_and_retries(connect: Connect, serve: Serve) -> None:
    """Any endpoint is reachable, with the reply as it came."""
    failure = Answer({}, status=503, headers={"retry-after-ms": "1"})
    server = serve(answers(failure, Answer({"asset": {"id": "x"}}, headers={"x-request-id": "r-9"})))
    face = connect(server.base_url, default_query={"a": 1})
    reply = face.request("get", "/assets/x y", query={"deep": [1, 2]}, headers={"x-one": "1"})
    assert reply.json() == {"asset": {"id": "x"}}
    assert (reply.status, reply.attempts, reply.request_id) == (200, 2, "r-9")
    assert reply.headers["Content-Type"] == "application/json"
    assert reply.elapsed > 0
    assert reply.content.startswith(b"{")
    arrived = server.requests[1]
    assert (arrived.method, arrived.path, arrived.body) == ("GET", "/v1/assets/x%20y", None)
    assert arrived.query == {"a": "1", "deep": "1,2"}
    assert arrived.headers["x-one"] == "1"
    assert arrived.headers["authorization"].startswith("Basic ")


def test_free_requests_raise_typed_errors(connect: Connect, serve: Serve) -> None:
    """An error status is the error of a search."""
    face = connect(serve(answers(Answer({"reason": "none"}, status=404))).base_url)
    with pytest.raises(NotFoundError, match="404 none"):
        face.request("POST", "assets/x", json={"a": 1})


@pytest.mark.parametrize(
    "path", ["https://elsewhere.example/v1/x", "//elsewhere.example/x", "../v2/x", "http://127.0.0.1:1/v1/x"]
)
def test_free_requests_stay_under_the_base_url(connect: Connect, serve: Serve, path: str) -> None:
    """The signature goes to no other origin."""
    server = serve(answers({}))
    face = connect(server.base_url)
    if path.startswith("//"):
        face.request("GET", path)
        assert server.requests[0].path == "/v1/elsewhere.example/x"
        return
    with pytest.raises(InvalidSearchError, match="stay under"):
        face.request("GET", path)
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"method": "G T"}, "method"),
        ({"json": object()}, "json"),
        ({"headers": {"a": "b\r\nc: d"}}, "headers"),
        ({"timeout": 0}, "timeout"),
    ],
)
def test_free_requests_check_what_they_are_given(
    connect: Connect, serve: Serve, options: dict[str, Any], told: str
) -> None:
    """Nothing leaves that would not be what the caller meant."""
    server = serve(answers({}))
    with pytest.raises(InvalidSearchError, match=told):
        connect(server.base_url).request(**{"method": "GET", "path": "/x", **options})
    assert server.requests == []


def test_the_sync_client_takes_a_factory_of_sessions_only(serve: Serve) -> None:
    """A session belongs to a loop, and the sync client's loop is its own."""
    server = serve(answers(ONE_HIT))
    made: list[aiohttp.ClientSession] = []

    def factory() -> aiohttp.ClientSession:
        made.append(aiohttp.ClientSession(headers={"x-own": "1"}))
        return made[0]

    with Scenario(api_key="a", api_secret="b", base_url=server.base_url, session=factory) as client:
        client.search.asset_search(query="q")
    assert server.requests[0].headers["x-own"] == "1"
    assert made[0].closed

    async def wrong() -> None:
        async with aiohttp.ClientSession() as session:
            wrong_session: Any = session
            Scenario(api_key="a", api_secret="b", session=wrong_session)

    with pytest.raises(ScenarioError, match="factory of sessions"):
        asyncio.run(wrong())


async def test_what_a_closed_derived_client_gave_asks_for_nothing_more(serve: Serve) -> None:
    """Its pagers end with it, though the connections are those of another client."""
    server = serve(answers(ONE_HIT))
    async with AsyncScenario(api_key="a", api_secret="b", base_url=server.base_url) as client:
        derived = client.with_options(timeout=3)
        pager = derived.search.asset_search(query="q")
        await derived.aclose()
        with pytest.raises(ScenarioError, match="closed"):
            await pager
        assert server.requests == []
        assert (await client.search.asset_search(query="q")).hits
