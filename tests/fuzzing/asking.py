"""What must hold for whatever a user asks: it is refused with our own error, or it can be sent as it was meant."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import base64
import json
import os
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch
from urllib.parse import urlsplit

import attrs
from fuzzing.replies import SEARCHES, check_error
from fuzzing.taking import Taker
from yarl import URL

from scenario_async import InvalidSearchError, ScenarioError
from scenario_async._http.request import PreparedSearch, Request, free_request
from scenario_async._http.signing import Signer
from scenario_async._http.transport import _headers
from scenario_async._paging.position import Position
from scenario_async._paging.token import make_token, read_token
from scenario_async._support.network import Network
from scenario_async.images import travelling
from scenario_async.searches import ENDPOINTS, Search
from scenario_async.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

KEYS: Final[dict[str, Any]] = {"api_key": "key-of-a-pair", "api_secret": "secret-of-a-pair"}
_PICTURE: Final = re.compile(r"data:image/[\w.+-]+(;[^,]*)?,.+", re.ASCII | re.DOTALL | re.IGNORECASE)
_TOKEN_MEMBERS: Final = {"v", "kind", "search", "next", "size", "seen"}


# --- resume tokens ------------------------------------------------------------------------------------------


def read_any_token(data: bytes) -> None:
    """A text is a token of that search, with a position that can be asked for, or it is refused."""
    taker = Taker(data)
    search: Any = taker.pick(SEARCHES)
    ways: tuple[Callable[[], Any], ...] = (lambda: _as_is(taker), lambda: _encoded(taker), taker.anything)
    given = taker.pick(ways)()
    try:
        position, digests = read_token(given, search)
    except InvalidSearchError as error:
        check_error(error, parameter="token")
        return
    assert position.size is not None
    assert position.size >= 1
    assert position.number >= int(position.by_page)
    assert all(len(digest) == 6 for digest in digests)
    json.dumps(position.after(100).members())
    assert read_token(make_token(search, position, (), digests), search) == (position, digests)


def _as_is(taker: Taker) -> str:
    return taker.rest().decode("utf-8", "surrogateescape")


def decoded(token: str) -> bytes:
    """Give the JSON of a token."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def _encoded(taker: Taker) -> str:
    return base64.urlsafe_b64encode(taker.rest()).decode().rstrip("=")


# --- pictures and searches ----------------------------------------------------------------------------------


def take_picture(data: bytes) -> None:
    """A picture is an id or an image data URL, or it is refused."""
    picture = Taker(data).picture()
    try:
        text = travelling(picture, "image")
    except InvalidSearchError as error:
        check_error(error, parameter="image")
        return
    text.encode()
    if text[:5].lower() == "data:":
        assert _PICTURE.fullmatch(text)
        if not isinstance(picture, str):
            assert base64.b64decode(text.partition(",")[2], validate=True) == bytes(picture)
    else:
        assert text == picture
        assert text.isprintable()
        assert 0 < len(text) <= 200


def _sort_by(taker: Taker) -> Any:
    orders = ("createdAt:desc", "a:asc", "a:up", "created_at:asc", taker.text())
    several = [taker.pick(orders) for _ in range(taker.byte() % 3)]
    return taker.pick((several, *orders))


def _pairs(taker: Taker) -> dict[Any, Any]:
    return {
        taker.pick((taker.whole(), "x-a", "limit", "content-type")): taker.whole()
        for _ in range(taker.byte() % 3)
    }


def _query_pairs(taker: Taker) -> dict[str, Any]:
    return {taker.text(): taker.anything() for _ in range(taker.byte() % 3)}


FITTING: Final[dict[str, Callable[[Taker], Any]]] = {
    "query": Taker.text,
    "filter": Taker.text,
    "project_id": Taker.text,
    "query_semantic_ratio": Taker.floating,
    "image_semantic_ratio": Taker.floating,
    **dict.fromkeys(("limit", "offset", "page", "hits_per_page"), Taker.integer),
    **dict.fromkeys(("public", "original_assets"), lambda taker: taker.byte() % 2 == 0),
    **dict.fromkeys(("timeout", "deadline"), Taker.floating),
    "sort_by": _sort_by,
    "image": Taker.picture,
    "images": lambda taker: {taker.pick(("like", "unlike", "x")): [taker.picture()]},
    "original_models": Taker.json,
    "extra_headers": _pairs,
    "extra_query": _query_pairs,
    "extra_body": Taker.object,
}
"""For each parameter, what it often takes."""


def build_search(data: bytes) -> None:
    """Parameters of any types are refused, or make a request, and a token that tells nothing of them."""
    taker = Taker(data)
    endpoint = taker.pick(ENDPOINTS)
    names = [field.name for field in attrs.fields(endpoint)]
    given: dict[str, Any] = {}
    for _ in range(taker.byte() % 5 + 1):
        name = taker.pick(names)
        fits = taker.byte() % 8
        given[name] = FITTING.get(name, Taker.anything)(taker) if fits else taker.anything()
    try:
        search: Search[Any] = endpoint(**given)
    except InvalidSearchError as error:
        check_error(error)
        return
    settings = Settings(**KEYS)
    position = Position.first(search, default_size=None)
    request = PreparedSearch.of(search, settings).at(position.members())
    check_request(request, settings)
    body = json.loads(request.body or b"null")
    assert isinstance(body, dict)
    if search.query is not None and "query" not in (search.extra_body or {}):
        assert body["query"] == search.query
    repr(search).encode()
    _check_token(search, position)


def _check_token(search: Search[Any], position: Position) -> None:
    token = make_token(search, position, ["asset_1", "\ud800"])
    read, digests = read_token(token, search)
    assert (read.by_page, read.number) == (position.by_page, position.number)
    assert len(digests) == 2
    content = json.loads(decoded(token))
    assert set(content) == _TOKEN_MEMBERS
    assert re.fullmatch(r"[0-9a-f]{24}", content["search"])


# --- settings and requests ----------------------------------------------------------------------------------


def _base_url(taker: Taker) -> str:
    return (
        taker.pick(("https://", "http://", ""))
        + taker.pick(("api.example", "[::1]:8", ""))
        + taker.whole().replace("\0", "")
    )


def _lines(taker: Taker) -> str:
    return "\n".join(taker.pick((taker.whole().replace("\0", ""), "\udc80")) for _ in range(taker.byte() % 3))


_ENVIRONMENT: Final[dict[str, Callable[[Taker], str]]] = {
    "SCENARIO_CUSTOM_HEADERS": _lines,
    "SCENARIO_PROJECT_ID": _lines,
    "SCENARIO_BASE_URL": _base_url,
    "SCENARIO_SDK_JWT": _lines,
}


def _environment(taker: Taker) -> dict[str, str]:
    names = [taker.pick(tuple(_ENVIRONMENT)) for _ in range(taker.byte() % 3)]
    return {name: _ENVIRONMENT[name](taker) for name in names}


_SETTINGS: Final[dict[str, Callable[[Taker], Any]]] = {
    "api_key": Taker.text,
    "api_secret": Taker.text,
    "bearer_auth": Taker.text,
    "project_id": Taker.text,
    "base_url": _base_url,
    "default_headers": lambda taker: _pairs(taker) if taker.byte() % 4 else taker.anything(),
    "default_query": _query_pairs,
}


def send_anything(data: bytes) -> None:
    """Settings and requests of any texts are refused, or make requests of one line a header, to that base URL."""
    taker = Taker(data)
    given: dict[str, Any] = dict(KEYS) if taker.byte() % 4 else {}
    for _ in range(taker.byte() % 3):
        name = taker.pick(tuple(_SETTINGS))
        given[name] = _SETTINGS[name](taker)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SCENARIO_")}
    with patch.dict(os.environ, clean | _environment(taker), clear=True):
        try:
            settings = Settings.of(given)
            search: Search[Any] = ENDPOINTS[0](
                query="q", project_id=taker.whole(), extra_headers=_pairs(taker)
            )
            check_request(PreparedSearch.of(search, settings).at({"limit": 1, "offset": 0}), settings)
            check_request(_free(taker, settings), settings)
        except ScenarioError as error:
            check_error(error)
            return
        repr(settings).encode()


def _free(taker: Taker, settings: Settings) -> Request:
    places = (
        "",
        "/",
        "../",
        "//evil.example/",
        "https://evil.example/",
        settings.base_url + "/",
        "a/%2e%2e/",
    )
    return free_request(
        settings,
        taker.pick(("GET", "post", taker.text())),
        taker.pick(places) + taker.text(),
        json=taker.json(),
        query=_query_pairs(taker),
        headers=_pairs(taker),
        timeout=None,
    )


def check_request(request: Request, settings: Settings) -> None:
    """A request goes where the base URL says, and none of its texts ends the line that it stands on."""
    assert request.url.isascii()
    assert request.url.isprintable()
    assert " " not in request.url
    assert request.method.isalpha()
    assert URL(request.url, encoded=True).host == URL(settings.base_url, encoded=True).host
    assert urlsplit(request.url).netloc == urlsplit(settings.base_url).netloc
    assert request.url.startswith(settings.base_url + "/")
    assert request.address == request.url.partition("?")[0]
    session: Any = SimpleNamespace(auto_decompress=False)
    for name, value in _headers(session, request, _authorization(settings), Network()).items():
        assert re.fullmatch(r"[!#$%&'*+.^_`|~0-9a-z-]+", name), name
        assert not set("\r\n\0") & set(value), value
        value.encode()


def _authorization(settings: Settings) -> Any:
    """Give what signs an attempt, without an event loop: a fixed token needs none."""
    try:
        Signer(settings).authorization().send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a fixed token is not waited for")
