"""What refuses an argument shows neither what is wrong, where that may be secret, nor what was given besides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.secrets import (
    CLIENT,
    KEY,
    PICTURE,
    PROXY_USERINFO,
    SECRET,
    SIGNED,
    everything_told,
    leaks,
    search,
)
from support.servers import answers

from scenario_async import (
    AssetSearch,
    AsyncScenario,
    InvalidSearchError,
    ModelSearch,
    Scenario,
    ScenarioError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.faces import Connect
    from support.servers import Serve

KINDS = [AsyncScenario, Scenario]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no key of the machine reach a test."""
    for name in ("API_KEY", "API_SECRET", "JWT"):
        monkeypatch.delenv(f"SCENARIO_SDK_{name}", raising=False)


NEWLINE = {"x-own": "header-S3CR3T\n"}
WRONG_OPTIONS: dict[str, dict[str, Any]] = {
    "a number": {"timeout": -1},
    "half a pair": {"api_secret": None},
    "a key of bytes": {"api_key": b"key-S3CR3T"},
    "a token of bytes": {"bearer_auth": b"token-S3CR3T"},
    "credentials in the URL": {"base_url": "https://key-S3CR3T:pair-S3CR3T@api.example/v1"},
    "a query in the URL": {"base_url": "https://api.example/v1?token=token-S3CR3T"},
    "a fragment in the URL": {"base_url": "https://api.example/v1#token-S3CR3T"},
    "a URL without a scheme": {"base_url": "key-S3CR3T:pair-S3CR3T@api.example/v1"},
    "a URL with a wrong port": {"base_url": "https://key-S3CR3T:pair-S3CR3T@api.example:x/v1"},
    "a URL over HTTP": {"base_url": "http://api.example/v1?token=token-S3CR3T"},
    "a header with a line break": {"default_headers": NEWLINE},
    "a header of bytes": {"default_headers": {"x-own": b"header-S3CR3T"}},
    "headers as a text": {"default_headers": "x-own: header-S3CR3T"},
    "a query as a text": {"default_query": "token=query-S3CR3T"},
    "a proxy without a scheme": {"proxy": f"{PROXY_USERINFO}@p:1"},
    "a proxy with a wrong port": {"proxy": f"http://{PROXY_USERINFO}@p:x"},
    "a proxy with a wrong scheme": {"proxy": f"socks5://{PROXY_USERINFO}@p:1"},
    "a proxy with a path": {"proxy": f"http://{PROXY_USERINFO}@p:1/x"},
    "a proxy with a slash in its password": {"proxy": "http://user-S3CR3T:pass/word-S3CR3T@p:1"},
    "a proxy with a space": {"proxy": f"http://{PROXY_USERINFO} @p:1"},
    "a proxy of bytes": {"proxy": f"http://{PROXY_USERINFO}@p:1".encode()},
    "certificates that are not there": {"ssl": "/nowhere"},
    "a hook that is none": {"on_retry": "token-S3CR3T"},
    "a pace that is none": {"rate_limit": 9},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", WRONG_OPTIONS)
def test_a_refused_client_shows_no_secret(kind: Any, wrong: str) -> None:
    """Neither what is wrong nor what was given besides, when it is built and when it is derived."""
    ways: list[Callable[[], object]] = [lambda: kind(**{**CLIENT, **WRONG_OPTIONS[wrong]})]
    if wrong != "half a pair":
        others = {"default_headers": CLIENT["default_headers"], "default_query": CLIENT["default_query"]}
        client = kind(**CLIENT)
        ways.append(lambda: client.with_options(**{**others, **WRONG_OPTIONS[wrong]}))
    for build in ways:
        with pytest.raises(ScenarioError) as caught:
            build()
        assert leaks(everything_told(caught.value)) == []


@pytest.mark.parametrize("kind", KINDS)
def test_refused_variables_show_no_secret(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment brings is as secret as what is passed."""
    for name, value in (
        ("SCENARIO_SDK_API_KEY", KEY),
        ("SCENARIO_CUSTOM_HEADERS", "x y: line-S3CR3T"),
        ("SCENARIO_BASE_URL", "https://key-S3CR3T:pair-S3CR3T@api.example"),
        ("HTTPS_PROXY", f"http://{PROXY_USERINFO}@p:x"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            options: dict[str, Any] = {} if "KEY" in name else {"api_key": KEY, "api_secret": SECRET}
            with pytest.raises(ScenarioError) as caught:
                kind(**options)
            assert leaks(everything_told(caught.value)) == []


WRONG_SEARCHES: dict[str, dict[str, Any]] = {
    "a number": {"limit": 0},
    "two pictures": {"images": {"like": [PICTURE]}},
    "two ways of paging": {"limit": 2, "page": 1},
    "a picture that is none": {"image": "data:image/png;base64,UzNDUjNUcGljdHVyZQ==!"},
    "a picture without its kind": {"image": "data:,UzNDUjNUcGljdHVyZQ=="},
    "a text as a picture": {"image": "data:text/plain;base64,UzNDUjNUcGljdHVyZQ=="},
    "a URL as a picture": {"image": SIGNED},
    "bytes as a picture": {"image": b"pair-S3CR3T and more that is no picture"},
    "pictures that are none": {"image": None, "images": {"like": [SIGNED]}},
    "a header with a line break": {"extra_headers": NEWLINE},
    "headers as a text": {"extra_headers": "x-own: header-S3CR3T"},
    "a query as a text": {"extra_query": "token=extra-S3CR3T"},
    "a body that is no JSON": {"extra_body": {"note": "body-S3CR3T", "set": {1}}},
    "a body that pages": {"extra_body": {"note": "body-S3CR3T", "limit": 3}},
    "a body as a text": {"extra_body": '{"note": "body-S3CR3T"}'},
    "a ratio": {"image_semantic_ratio": 2},
}


@pytest.mark.parametrize("wrong", WRONG_SEARCHES)
def test_a_refused_search_shows_no_secret(connect: Connect, wrong: str) -> None:
    """As a value and as a method, neither what is wrong nor what was given besides."""
    face = connect("http://127.0.0.1:1/v1", **CLIENT)
    params: dict[str, Any] = {
        "query": "q",
        "image": PICTURE,
        "extra_headers": {"x-more": "more-S3CR3T"},
        "extra_query": {"token": "extra-S3CR3T"},
        **WRONG_SEARCHES[wrong],
    }
    builds: list[Callable[..., object]] = [AssetSearch, ModelSearch, face.client.search.asset_search]
    for build in builds:
        with pytest.raises(InvalidSearchError) as caught:
            build(**params)
        assert leaks(everything_told(caught.value)) == []


WRONG_REQUESTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "another origin": ("GET", "https://key-S3CR3T:pair-S3CR3T@elsewhere.example/x?token=token-S3CR3T", {}),
    "a path that climbs": ("GET", "/../x", {}),
    "a body that is no JSON": ("POST", "/x", {"json": {"image": PICTURE, "set": {1}}}),
    "a header with a line break": ("GET", "/x", {"headers": NEWLINE}),
    "headers as a text": ("GET", "/x", {"headers": "x-own: header-S3CR3T"}),
    "a time": ("GET", "/x", {"timeout": -1}),
    "a method": ("G T", "/x", {}),
}


@pytest.mark.parametrize("wrong", WRONG_REQUESTS)
def test_a_refused_request_shows_no_secret(connect: Connect, wrong: str) -> None:
    """Nor do the other arguments of the call."""
    method, path, options = WRONG_REQUESTS[wrong]
    given = {
        "json": {"image": PICTURE},
        "query": {"token": "extra-S3CR3T"},
        "headers": {"x-more": "more-S3CR3T"},
    }
    with pytest.raises(InvalidSearchError) as caught:
        connect("http://127.0.0.1:1/v1", **CLIENT).request(method, path, **(given | options))
    assert leaks(everything_told(caught.value)) == []


def test_refused_iterations_and_tokens_show_no_secret(connect: Connect, serve: Serve) -> None:
    """Wrong limits, wrong tokens, wrong searches, and a client that is closed."""
    face = connect(serve(answers({"hits": []})).base_url, **CLIENT)
    asked = search()
    other = face.page(search(query="another")).resume_token
    calls: list[Callable[[], object]] = [
        lambda: face.hits(asked, max_hits=-1),
        lambda: face.pages(asked, prefetch=-1),
        lambda: face.fan_out([asked], concurrency=0),
        lambda: face.resume("nonsense", asked),
        lambda: face.resume(other, asked),
        lambda: face.next_page(face.page(asked)),
    ]
    for call in calls:
        with pytest.raises(ScenarioError) as caught:
            call()
        assert leaks(everything_told(caught.value)) == []
    face.close()
    for call in (lambda: face.page(asked), lambda: face.fan_out([asked]), lambda: face.request("GET", "/x")):
        with pytest.raises(ScenarioError, match="closed") as caught:
            call()
        assert leaks(everything_told(caught.value)) == []
