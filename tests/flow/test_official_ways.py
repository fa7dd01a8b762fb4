"""What programs for the official SDK do with replies, pages and errors, on both clients."""

from __future__ import annotations

import inspect
import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from support.faces import AsyncFace
from support.hits import assets
from support.servers import Answer, answers, paged

from scenario_async import (
    APIResponseValidationError,
    AssetSearch,
    BadRequestError,
    InvalidSearchError,
    RateLimit,
    RateLimitError,
    ScenarioError,
    SearchPage,
)

if TYPE_CHECKING:
    from support.faces import Connect, Face
    from support.servers import Serve

SEARCH = AssetSearch(query="knight", limit=2)
QUICK = {"retry-after-ms": "0"}


def settled(face: Face, given: Any) -> Any:
    """Await what the async client gives; the other's is there."""
    if not inspect.isawaitable(given):
        return given
    assert isinstance(face, AsyncFace)

    async def wait() -> Any:
        return await given

    return face.runner.run(wait())


def raw(face: Face, search: AssetSearch = SEARCH) -> Any:
    """Fetch a reply unparsed."""
    return settled(face, face.client.search.with_raw_response.run(search))


def test_a_raw_response_is_the_reply(connect: Connect, serve: Serve) -> None:
    """Its parts are those of the reply, and the URL is without its query string."""
    library = assets(5)
    script = paged(library)
    replies = iter([Answer({"reason": "later"}, 503, QUICK)])
    server = serve(lambda request: next(replies, None) or script(request))
    face = connect(server.base_url, default_query={"token": "s3cr3t"})
    response = raw(face)
    assert (response.status_code, response.method, response.retries_taken) == (200, "POST", 1)
    assert response.headers["Content-Type"] == "application/json"
    assert response.url == f"{server.base_url}/search/assets"
    assert response.request_id is None
    assert response.elapsed.total_seconds() > 0
    body = {"hits": library[:2], "offset": 0, "limit": 2, "estimatedTotalHits": 5}
    assert settled(face, response.json()) == body
    assert json.loads(settled(face, response.read())) == json.loads(settled(face, response.text())) == body
    assert "200" in repr(response)
    assert "s3cr3t" not in repr(response)
    settled(face, response.close())
    assert [request.query for request in server.requests] == [{"token": "s3cr3t"}] * 2


@pytest.mark.parametrize(
    ("options", "wait"),
    [({"rate_limit": RateLimit(1, 0.4)}, "waited_for_quota"), ({}, "waited_for_cool_down")],
    ids=["quota", "cool-down"],
)
def test_a_raw_response_tells_where_the_time_went(
    connect: Connect, serve: Serve, options: dict[str, Any], wait: str
) -> None:
    """Under the names that a page's response has, and with the same figures."""
    later, found = Answer({}, 429, {"retry-after-ms": "150"}), Answer({"hits": []})
    face = connect(serve(answers(found, later, found)).base_url, **options)
    raw(face)
    response = raw(face)
    told = settled(face, response.parse()).response
    waits = ("waited_for_slot", "waited_for_quota", "waited_for_cool_down")
    for name in ("attempt_seconds", "queued", *waits):
        assert getattr(response, name) == getattr(told, name)
    assert max(waits, key=lambda name: getattr(response, name)) == wait
    assert response.queued == sum(getattr(response, name) for name in waits) > 0.1
    assert len(response.attempt_seconds) == response.retries_taken + 1


def test_a_raw_response_parses_into_the_page(connect: Connect, serve: Serve) -> None:
    """The very page of the search, once, which leads to the next."""
    face = connect(serve(paged(assets(5))).base_url)
    response = raw(face)
    page: SearchPage[Any] = settled(face, response.parse())
    assert settled(face, response.parse()) is page
    plain = face.page(SEARCH)
    assert type(page) is type(plain)
    assert page.hits == plain.hits
    assert page.resume_token == plain.resume_token
    assert [hit.id for hit in face.next_page(page).hits] == [hit["id"] for hit in assets(5)[2:4]]


@pytest.mark.parametrize("kind", ["asset", "model", "workflow"])
def test_each_search_has_its_raw_form(kind: str, connect: Connect, serve: Serve) -> None:
    """Same parameters, same words, same endpoint."""
    server = serve(answers({"hits": []}))
    face = connect(server.base_url)
    searches = face.client.search
    method, plain = (getattr(each, f"{kind}_search") for each in (searches.with_raw_response, searches))
    assert inspect.signature(method).parameters == inspect.signature(plain).parameters
    assert method.__doc__.partition("Args:")[2] == plain.__doc__.partition("Args:")[2] != ""
    assert "Response" in str(inspect.signature(method).return_annotation)
    assert settled(face, settled(face, method(query="x", limit=3)).parse()).hits == []
    assert server.requests[0].path == f"/v1/search/{kind}s"
    assert server.bodies() == [{"query": "x", "limit": 3, "offset": 0}]
    assert searches.with_raw_response is searches.with_raw_response
    assert "model_search" in repr(searches.with_raw_response)


def test_a_raw_response_that_does_not_fit(connect: Connect, serve: Serve) -> None:
    """It can be read, and parsing tells what is wrong; the error has the reply."""
    face = connect(serve(answers(Answer(b"<html>"))).base_url)
    response = raw(face)
    assert settled(face, response.read()) == b"<html>"
    for attempt in (response.parse, response.json):
        with pytest.raises(APIResponseValidationError, match="not JSON") as caught:
            settled(face, attempt())
    assert caught.value.status_code == 200
    assert caught.value.response is not None
    assert (caught.value.response.status_code, caught.value.response.text) == (200, "<html>")


def test_raw_searches_raise_like_others(connect: Connect, serve: Serve) -> None:
    """A status is an error, a wrong search is refused before it is sent, a closed client says so."""
    server = serve(answers(Answer({"reason": "no"}, 400)))
    face = connect(server.base_url)
    with pytest.raises(BadRequestError, match="400 no"):
        raw(face)
    with pytest.raises(InvalidSearchError, match="limit"):
        face.client.search.with_raw_response.asset_search(query="x", limit=0)
    assert len(server.requests) == 1
    face.close()
    with pytest.raises(ScenarioError, match="closed"):
        raw(face)


def test_a_raw_response_pickles(connect: Connect, serve: Serve) -> None:
    """What was read stays readable; a page needs its client."""
    face = connect(serve(paged(assets(3))).base_url)
    copied = pickle.loads(pickle.dumps(raw(face)))  # noqa: S301 - our own
    assert settled(face, copied.json())["estimatedTotalHits"] == 3
    with pytest.raises(ScenarioError, match="out of a pickle"):
        settled(face, copied.parse())


def test_a_page_as_json(connect: Connect, serve: Serve) -> None:
    """It is what the service sent, but for nulls; fields of tomorrow stay, in each paging."""
    sent = {
        "hits": assets(2),
        "page": 1,
        "hitsPerPage": 2,
        "totalHits": 9,
        "totalPages": 5,
        "estimatedTotalHits": None,
        "query": "knight",
        "new": {"a": [1]},
        "none": None,
    }
    face = connect(serve(answers(sent)).base_url)
    page = face.page(AssetSearch(query="x", page=1, hits_per_page=2))
    expected = {name: value for name, value in sent.items() if value is not None}
    assert page.to_dict() == expected
    assert json.loads(page.to_json()) == json.loads(page.to_json(indent=2)) == expected
    assert page.extra == {"query": "knight", "new": {"a": [1]}}
    page.to_dict()["hits"].clear()
    assert page.to_dict() == expected


def test_a_page_as_json_has_what_does_not_fit(connect: Connect, serve: Serve) -> None:
    """Hits that were kept aside stand behind the others."""
    good, bad = assets(1)[0], {"id": 3, "url": None}
    face = connect(serve(answers({"hits": [bad, good], "limit": 2})).base_url, invalid_hits="keep")
    page = face.page(SEARCH)
    assert page.to_dict() == {"hits": [good, bad], "limit": 2}


def test_next_page_info(connect: Connect, serve: Serve) -> None:
    """The parameters of the next page, as keywords of a search; None at the end."""
    face = connect(serve(paged(assets(5))).base_url)
    page: Any = face.page(AssetSearch(query="x", limit=3, offset=1))
    info = page.next_page_info()
    assert info == {"offset": 4, "limit": 3}
    assert face.page(AssetSearch(query="x", **info)).hits == face.next_page(page).hits
    last: Any = face.next_page(page)
    assert last.next_page_info() is None
    numbered: Any = face.page(AssetSearch(query="x", page=2, hits_per_page=2))
    assert numbered.next_page_info() == {"page": 3, "hits_per_page": 2}


def test_the_response_of_an_error(connect: Connect, serve: Serve) -> None:
    """It is seen as httpx shows it, without the query string and what signs, also out of a pickle."""
    body = {"reason": "slow down"}
    server = serve(answers(Answer(body, 429, {"x-team": "blue"})))
    face = connect(
        server.base_url, max_retries=0, default_query={"token": "s3cr3t"}, api_secret="hidden-secret"
    )
    with pytest.raises(RateLimitError) as caught:
        face.page(SEARCH)
    unpickled = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    for error in (caught.value, unpickled):
        response = error.response
        assert (response.status_code, response.headers["X-Team"]) == (429, "blue")
        assert response.json() == json.loads(response.text) == json.loads(response.content) == body
        assert (response.request.method, response.request.url) == ("POST", f"{server.base_url}/search/assets")
        assert response.url == error.request.url
        shown = repr([response, response.request, vars(error)])
        assert "s3cr3t" not in shown
        assert "hidden-secret" not in shown


def test_the_response_of_an_error_made_by_hand() -> None:
    """It has the body that the error was given."""
    error = RateLimitError("slow", status_code=429, body={"a": 1})
    assert error.response.json() == {"a": 1}
    assert RateLimitError("slow", status_code=429, body="text").response.text == "text"
    assert RateLimitError("slow", status_code=429).response.content == b""
    assert APIResponseValidationError("too large").response is None


def test_copy_and_close(connect: Connect, serve: Serve) -> None:
    """`copy` is `with_options`, and `close` closes either client."""
    face = connect(serve(paged(assets(1))).base_url)
    copied = face.client.copy(max_retries=5, timeout=3.0)
    assert type(copied) is type(face.client)
    assert (copied.max_retries, copied.timeout, face.client.max_retries) == (5, 3.0, 2)
    settled(face, face.client.close())
    assert face.client.is_closed
