"""Free requests: URLs, headers and bodies, and no way out of the base URL."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenario_async import InvalidSearchError
from scenario_async._http.request import Request, free_request
from scenario_async.settings import Settings

QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def request_to(
    path: str, method: str = "GET", base_url: str = "https://api.example.com/v1", **rest: Any
) -> Request:
    """Give a free request of a client."""
    own = {
        "default_query": rest.pop("default_query", None),
        "default_headers": rest.pop("default_headers", None),
    }
    client = Settings(api_key="k", api_secret="s", base_url=base_url, **own)
    given: dict[str, Any] = {"json": None, "query": None, "headers": None, "timeout": None}
    return free_request(client, method, path, **(given | rest))


@pytest.mark.parametrize(
    ("value", "spelt"),
    [
        ("text", "a=text"),
        ("ä &=#?/", "a=%C3%A4+%26%3D%23%3F%2F"),
        (5, "a=5"),
        (0, "a=0"),
        (1.5, "a=1.5"),
        (True, "a=true"),
        (False, "a=false"),
        (None, ""),
        ([1, "b", False], "a=1%2Cb%2Cfalse"),
        ((), ""),
        ([None], ""),
        ({"b": 1, "c": {"d": True}}, "a%5Bb%5D=1&a%5Bc%5D%5Bd%5D=true"),
        ({"b": [1, 2]}, "a%5Bb%5D=1%2C2"),
    ],
)
def test_query_spelling(value: object, spelt: str) -> None:
    """Lists, mappings, bools and nothing are spelt as the official SDK spells them."""
    assert urlsplit(request_to("/x", query={"a": value}).url).query == spelt


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/assets/asset_1", "https://api.example.com/v1/assets/asset_1"),
        ("assets/asset_1", "https://api.example.com/v1/assets/asset_1"),
        ("//assets", "https://api.example.com/v1/assets"),
        ("/a b/ä", "https://api.example.com/v1/a%20b/%C3%A4"),
        ("/a%20b", "https://api.example.com/v1/a%20b"),
        ("/a/../b", "https://api.example.com/v1/b"),
        ("/a#b", "https://api.example.com/v1/a%23b"),
        ("https://api.example.com/v1/assets", "https://api.example.com/v1/assets"),
        ("//evil.example.com/x", "https://api.example.com/v1/evil.example.com/x"),
        ("/jobs/a:b", "https://api.example.com/v1/jobs/a:b"),
        ("/job:cancel", "https://api.example.com/v1/job:cancel"),
        (
            "/assets?next=https://x.example.com/",
            "https://api.example.com/v1/assets?next=https://x.example.com/",
        ),
    ],
)
def test_paths_under_the_base_url(path: str, url: str) -> None:
    """A path is taken below the base URL, with or without a leading slash."""
    assert request_to(path).url == url


@pytest.mark.parametrize("query", [{"query": {"b": 2}}, {"default_query": {"b": 2}}])
def test_a_path_may_bring_parameters(query: dict[str, Any]) -> None:
    """Parameters of the path and those given apart arrive together."""
    parts = urlsplit(request_to("/assets?a=1", **query).url)
    assert parts.path == "/v1/assets"
    assert parse_qs(parts.query) == {"a": ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example.com/v1/assets",
        "http://api.example.com/v1/assets",
        "https://api.example.com:444/v1/assets",
        "https://api.example.com@evil.example.com/v1/assets",
        "https://api.example.com.evil.example.com/v1/assets",
        "https://user:s3cr3t@api.example.com/v1/assets",
        "ftp://api.example.com/v1/assets",
        "javascript:alert(1)//://",
        "/../v2/assets",
        "../../etc",
        "https://api.example.com/v2/assets",
        "https://api.example.com/v1evil",
        "https://evil.example.com/?token=s3cr3t",
    ],
)
def test_other_origins_are_refused(path: str) -> None:
    """Nothing signed leaves for another place, and the refusal holds no secret."""
    with pytest.raises(InvalidSearchError, match="path") as caught:
        request_to(path)
    assert "s3cr3t" not in str(caught.value)


@QUICK
@given(path=st.text(max_size=30) | st.from_regex(r"[a-z]{0,5}:?/{0,4}[@:\\.a-z/%]{0,20}", fullmatch=True))
def test_no_path_leaves_the_base_url(path: str) -> None:
    """Any text is a place under the base URL, or refused."""
    try:
        url = request_to(path).url
    except InvalidSearchError:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc) == ("https", "api.example.com")
    assert parts.path.startswith("/v1/")
    assert "\n" not in url
    assert " " not in url


def test_free_request_carries_what_it_is_given() -> None:
    """Method, body, headers and timeout are those asked for."""
    request = request_to(
        "/x", "put", json={"a": [None, "ä"]}, headers={"X-Both": "own"}, timeout=3,
        default_headers={"x-both": "client", "x-client": "1"}, default_query={"c": 1}, query={"c": 2, "q": "x"},
    )  # fmt: skip
    assert request.method == "PUT"
    assert json.loads(request.body or b"") == {"a": [None, "ä"]}
    assert request.headers["content-type"] == "application/json"
    assert (request.headers["x-both"], request.headers["x-client"]) == ("own", "1")
    assert parse_qs(urlsplit(request.url).query) == {"c": ["2"], "q": ["x"]}
    assert request.timeout == 3


def test_a_request_without_json_has_no_body() -> None:
    """Without JSON there is neither body nor content type."""
    request = request_to("/x")
    assert request.body is None
    assert "content-type" not in request.headers


def test_request_repr_shows_no_secrets() -> None:
    """Neither query string nor headers nor body print."""
    request = request_to("/x", "POST", query={"t": "s3cr3t"}, headers={"x": "s3cr3t"}, json="s3cr3t")
    assert "s3cr3t" not in repr(request)
    assert request.address == "https://api.example.com/v1/x"


def test_usual_headers_name_the_package() -> None:
    """The service learns who asks, unless the user says otherwise."""
    assert request_to("/x").headers["user-agent"].startswith("scenario-async/")
    assert request_to("/x").headers["accept"] == "application/json"
    assert request_to("/x", headers={"User-Agent": "mine"}).headers["user-agent"] == "mine"
