"""What the official SDK calls otherwise or has besides, and what to write here: one table, for errors only.

It is loaded when an error is about to be raised, and never by a call that succeeds.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, TypeVar

from scenario_async.errors import ScenarioError, redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ErrorT = TypeVar("_ErrorT", bound=ScenarioError)

_ELSEWHERE: Final = "this package does search; client.request(method, path) reaches every endpoint, and scenario-sdk can stay beside it"
_REQUEST: Final = "write client.request({!r}, path, json=..., query=...), which gives a Reply"
_OPTIONS: Final = "a search takes extra_headers, extra_query, extra_body and timeout as keywords of their own"
_NETWORK: Final = "session=, proxy= and ssl= of the client take its place"

KEYWORDS: Final[Mapping[str, str]] = {
    "_strict_response_validation": "every reply is checked here; invalid_hits='keep' sets aside what does not fit",
    "body": "write extra_body, or json in client.request",
    "cast_to": "client.request gives a Reply, with .json() and .content",
    "extra_headers": "default_headers is for all searches of a client",
    "extra_query": "default_query is for all searches of a client",
    "headers": "write extra_headers for one search, or default_headers for the client",
    "http_client": _NETWORK,
    "http2": _NETWORK,
    "limits": "max_concurrency bounds the requests in flight",
    "max_hits": "it belongs to the iteration: iter_hits(max_hits=...)",
    "max_pages": "it belongs to the iteration: iter_pages(max_pages=...)",
    "max_retries": "it belongs to the client: client.with_options(max_retries=...)",
    "options": _OPTIONS,
    "page_size": "write limit, or hits_per_page where you pass page",
    "params": "write extra_query for one search, or default_query for the client",
    "proxies": "write proxy, the URL of an HTTP proxy",
    "q": "write query",
    "set_default_headers": "write default_headers, which replaces those of the client",
    "set_default_query": "write default_query, which replaces that of the client",
    "transport": _NETWORK,
    "verify": "write ssl, an ssl.SSLContext or the path of certificate authorities",
}
"""Keywords of the official SDK and of httpx, and those that stand elsewhere here."""

_RESOURCES: Final = "assets collections generate jobs models oscu pricing projects recommendations tags teams uploads usages workflows"
_AS_ATTRS: Final = {
    "model_fields_set": "a field that is null and one that is missing are both None; keep the reply with client.search.with_raw_response",
    "model_copy": "write attrs.evolve(hit, ...)",
    "copy": "write attrs.evolve(hit, ...), or copy.copy(hit)",
}
_TO_DICT: Final = dict.fromkeys(("model_dump", "dict"), "write {}.to_dict()")
_TO_JSON: Final = dict.fromkeys(("model_dump_json", "json"), "write {}.to_json()")
_READ_WHOLE: Final = "the reply has been read whole: {}"

ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "Client": {
        **dict.fromkeys(_RESOURCES.split(), _ELSEWHERE),
        **{verb: _REQUEST.format(verb.upper()) for verb in ("get", "post", "put", "patch", "delete")},
        "get_api_list": "client.search.run(search) gives pages",
        "with_raw_response": "write client.search.with_raw_response",
        "with_streaming_response": "write client.search.with_raw_response; a page is small, and is read whole",
        **{
            name: f"write client.search.{name}"
            for name in ("asset_search", "model_search", "workflow_search")
        },
        "auth_headers": "the client signs by itself; keys do not show",
        "qs": "lists in a URL are joined by commas, as there",
    },
    "Searches": {
        "with_streaming_response": "write client.search.with_raw_response; a page is small, and is read whole"
    },
    "SearchPage": {
        **{name: hint.format("page") for name, hint in (_TO_DICT | _TO_JSON).items()},
        "data": "write page.hits",
        "items": "write page.hits",
        "model_extra": "write page.extra",
        "model_fields_set": _AS_ATTRS["model_fields_set"],
        "results": "write page.hits",
        "total": "write page.estimated_total_hits, or page.total_hits in page paging",
    },
    "Record": {
        **{name: hint.format("hit") for name, hint in (_TO_DICT | _TO_JSON).items()},
        "model_extra": "write hit.extra",
        **_AS_ATTRS,
    },
    "AssetMetadata": {
        "api_model_id": "write metadata.model_id",
        "api_model_type": "write metadata.model_type",
    },
    "BaseAPIResponse": {
        "http_request": "the response itself has method and url",
        "http_response": "the response itself has status_code, headers, url, read(), text() and json()",
        "http_version": "it is HTTP/1.1",
        "iter_bytes": _READ_WHOLE.format("write read()"),
        "iter_lines": _READ_WHOLE.format("write text().splitlines()"),
        "iter_text": _READ_WHOLE.format("write text()"),
    },
}
"""Attributes of the official SDK's objects, by the name of our class that has them not."""


def missing(owner: object, name: str) -> AttributeError:
    """Make the error of an attribute that is not there, with what to write where that is known."""
    cls: type[Any] = owner if isinstance(owner, type) else type(owner)
    names = [each.__name__ for each in cls.__mro__]
    hint = next((ATTRIBUTES[each][name] for each in names if name in ATTRIBUTES.get(each, ())), "")
    if not hint and "AssetHit" in names:
        hint = f"write hit.metadata.{name}"
    text = f"{cls.__name__!r} object has no attribute {name!r}"
    return AttributeError(f"{text}: {hint}" if hint else text, name=name, obj=owner)


def unexpected(call: str, name: str, known: Iterable[str]) -> TypeError:
    """Make the error of a keyword that there is not, with what to write in its place."""
    names = list(known)
    near = get_close_matches(name, names, 1)
    hint = KEYWORDS.get(name) or (f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}")
    return TypeError(f"{call}() got an unexpected keyword argument {redact(repr(name))}: {hint}")


_SHOWN: Final = 40


def positional(call: str, value: object) -> TypeError:
    """Make the error of a search that is given something without its keyword; long texts and pictures do not show."""
    if isinstance(value, str):
        short = len(value) <= _SHOWN and not value.startswith("data:")
        shown = f"query={value!r}" if short else "query=..."
    else:
        of_other_kind = "image=..." if hasattr(value, "__fspath__") else "query=..."
        shown = _OF_KIND.get(type(value).__name__, of_other_kind)
    return TypeError(f"{call}() takes no positional arguments: write {shown}")


_OF_KIND: Final = {
    "Filter": "filter=...",
    "Images": "images=...",
    "bytes": "image=...",
    "dict": "**parameters",
}

_NOT_GIVEN: Final = ("NotGiven", "Omit")
_OF_HTTPX: Final = {
    "Timeout": "it is a number of seconds for one attempt, timeout=60.0 for instance; deadline= bounds the whole call",
    "URL": "write {name}=str(url)",
    "Client": _NETWORK,
    "AsyncClient": _NETWORK,
    "Proxy": "write the URL of the proxy as a text",
}


def hinted(error: _ErrorT, given: Mapping[str, Any]) -> _ErrorT:
    """Add to the error of a parameter what to write in place of the official SDK's or httpx's kind of value."""
    name = getattr(error, "parameter", "")
    hint = _hint_of(name, given.get(name))
    if hint:
        error.message = f"{error.message}; {hint}"
        error.args = (error.message,)
    return error


def _hint_of(name: str, value: object) -> str:
    kind = type(value).__name__
    if kind in _NOT_GIVEN:
        return f"leave {name} out instead, as None counts as not given"
    # The official SDK puts its own name on what it passes on from httpx.
    if str(type(value).__module__).partition(".")[0] in ("httpx", "scenario_sdk"):
        return _OF_HTTPX.get(kind, "").format(name=name)
    if name in ("timeout", "deadline"):
        return {"ClientTimeout": _OF_HTTPX["Timeout"], "timedelta": "write its total_seconds()"}.get(kind, "")
    return ""
