"""What the official SDK calls otherwise or has besides, and what to write here: one table, for errors only.

It is loaded when an error is about to be raised, and never by a call that succeeds.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from inspect import getattr_static
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs

from scenario_async.errors import ScenarioError, redact
from scenario_async.models import Elsewhere, wire_name

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

OF_TABLES: Final = (
    "to_arrow", "to_dicts", "to_pandas", "to_polars", "write", "gallery", "load_thumbnails", "sheet",
)  # fmt: skip
"""What tables of hits have, and pages have not."""


def _found(room: str) -> Any:  # noqa: ANN401
    """Give a room above this one, which is there by the time that an error is made."""
    return import_module(f"scenario_async.{room}")


_KINDS: Final[tuple[str, ...]] = tuple(each.kind for each in _found("searches").ENDPOINTS)

ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "Client": {
        **dict.fromkeys(_RESOURCES.split(), _ELSEWHERE),
        **{verb: _REQUEST.format(verb.upper()) for verb in ("get", "post", "put", "patch", "delete")},
        "get_api_list": "client.search.run(search) gives pages",
        "with_raw_response": "write client.search.with_raw_response",
        "with_streaming_response": "write client.search.with_raw_response; a page is small, and is read whole",
        **{f"{kind}_search": f"write client.search.{kind}_search" for kind in _KINDS},
        "auth_headers": "the client signs by itself; keys do not show",
        "qs": "lists in a URL are joined by commas, as there",
    },
    "Searches": {
        **{
            name: f"write client.search.{kind}_search"
            for kind in _KINDS
            for name in (kind, f"{kind}s", f"search_{kind}s", f"{kind}s_search")
        },
        "search": "write client.search." + " or ".join(f"{kind}_search" for kind in _KINDS),
        "with_streaming_response": "write client.search.with_raw_response; a page is small, and is read whole",
    },
    "SearchPage": {
        **{name: hint.format("page") for name, hint in (_TO_DICT | _TO_JSON).items()},
        "data": "write page.hits",
        "items": "write page.hits",
        **{name: f"write page.table.{name}()" for name in OF_TABLES},
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


OF_REQUESTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("body", "data", "extra_body"), "write json"),
    **dict.fromkeys(("params", "extra_query"), "write query"),
    "cast_to": KEYWORDS["cast_to"],
    "content": "write json; a body of another kind needs a client of its own, such as aiohttp's",
    "deadline": "write client.with_options(deadline=...).request(...)",
    "extra_headers": "write headers",
    "options": "headers, query, json and timeout are keywords of their own",
}
"""Keywords that `client.request` has not."""

NAMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("omit", "Omit", "NOT_GIVEN", "NotGiven", "not_given", "NoneType"),
        "leave the parameter out instead, or pass None, which counts as not given",
    ),
    **dict.fromkeys(
        (
            "DefaultHttpxClient",
            "DefaultAsyncHttpxClient",
            "DefaultAioHttpClient",
            "Transport",
            "ProxiesTypes",
        ),
        _NETWORK,
    ),
    "Timeout": "timeout= takes a number of seconds for one attempt, and deadline= one for the whole call",
    "DEFAULT_TIMEOUT": "timeout= is 60.0 seconds by default",
    "DEFAULT_MAX_RETRIES": "max_retries= is 2 by default",
    "DEFAULT_CONNECTION_LIMITS": KEYWORDS["limits"],
    "Client": "write Scenario",
    "AsyncClient": "write AsyncScenario",
    **dict.fromkeys(("Stream", "AsyncStream"), "nothing is streamed; iterate what a search gives"),
    "BaseModel": "hits are attrs classes; Hit is what they have in common",
    "RequestOptions": _OPTIONS,
    "file_from_path": "image= takes a pathlib.Path",
}
"""Names that the official SDK exports, and what stands in their place."""

_FIELD: Final = {
    **dict.fromkeys(("in_", "isin", "any_of"), "is_in"),
    **dict.fromkeys(("like", "ilike", "includes", "has"), "contains"),
    **dict.fromkeys(("isnull", "is_none"), "is_null"),
}


def exported(name: str) -> ImportError | None:
    """Make the error of a name that the official SDK exports and this package has not; None for any other name."""
    hint = NAMES.get(name)
    if hint is None:
        return None
    return ImportError(f"scenario_async has no {name!r} (scenario_sdk does): {hint}", name="scenario_async")


def of_types(name: str, known: Iterable[str]) -> ImportError | AttributeError:
    """Make the error of a name that `types` has not; that of another type of the official SDK says where it stays."""
    text = f"module 'scenario_async.types' has no attribute {name!r}"
    near = get_close_matches(name, list(known), 1, _NEAREST)
    if near:
        return AttributeError(f"{text}: did you mean {near[0]}?", name=name)
    if not re.fullmatch(r"[A-Z][A-Za-z]+(Params|Response|Param)", name):
        return AttributeError(text, name=name)
    names = ", ".join(each for each in known if each.startswith("Search"))
    hint = f"its types are those of searches ({names}); others stay with scenario-sdk, which can be beside this package"
    return ImportError(
        f"scenario_async.types has no {name!r} (scenario_sdk.types may): {hint}", name=__name__
    )


def near_to(name: str, names: Iterable[str]) -> str | None:
    """Give which of some names was meant: one that is spelled almost alike, or has the same words and more."""
    known = list(names)
    near = get_close_matches(name, known, 1, _NEAR)
    if near:
        return near[0]
    words = set(name.split("_"))
    alike = [each for each in known if words <= (its := set(each.split("_"))) or its <= words]
    return next(iter(get_close_matches(name, alike, 1, 0)), None)


_NEAR: Final = 0.75
_NEAREST: Final = 0.9


def missing(owner: object, name: str) -> AttributeError:
    """Make the error of an attribute that is not there, with what to write where that is known."""
    cls: type[Any] = owner if isinstance(owner, type) else type(owner)
    hint = _attribute_hint(cls, name)
    text = f"{cls.__name__!r} object has no attribute {name!r}"
    return _attribute_error(f"{text}: {hint}" if hint else text, name, owner)


def _attribute_error(text: str, name: str, owner: object) -> AttributeError:
    """Make the error; without its owner where it says what was meant, or Python would say so once more."""
    if "did you mean" in text:
        return AttributeError(text, name=name)
    return AttributeError(text, name=name, obj=owner)


def _attribute_hint(cls: type[Any], name: str) -> str:
    names = [each.__name__ for each in cls.__mro__]
    for each in names:
        if name in ATTRIBUTES.get(each, ()):
            return ATTRIBUTES[each][name]
    called = next((_CALLED[each] for each in names if each in _CALLED), cls.__name__)
    there = [
        each
        for each in dir(cls)
        if not each.startswith("_") and not isinstance(getattr_static(cls, each), Elsewhere)
    ]
    snake = re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    if snake in there:
        return f"write {called}.{snake}"
    if "AssetHit" in names and not name.startswith("_"):
        return f"write hit.metadata.{snake}"
    near = [] if name.startswith("_") else get_close_matches(name, there, 1, _NEAR)
    return f"did you mean {near[0]}?" if near else ""


_CALLED: Final = {"AssetMetadata": "metadata", "Record": "hit", "SearchPage": "page"}


def misspelt(attribute: object, name: str) -> AttributeError:
    """Make the error of a method that attributes of filters have not."""
    methods = [each for each in dir(type(attribute)) if not each.startswith("_")]
    within = _within(str(getattr(attribute, "_name", "")), name)
    near = _FIELD.get(name) or near_to(name, methods)
    hint = within or (f"did you mean {near}?" if near else f"there are {', '.join(methods)}")
    return _attribute_error(f"{attribute!r} has no {name!r}: {hint}", name, attribute)


def _within(attribute: str, name: str) -> str:
    """Tell how an attribute is written that stands within another in a hit: `F.metadata.width` for instance."""
    if attribute not in ("metadata", "complianceMetadata"):
        return ""
    if attribute == "metadata" and name in _found("filters").Fields.__annotations__ and name != "type":
        return f"write F.{name}"
    return f'write F["{attribute}.{wire_name(name)}"]'


def unexpected(call: str, name: str, known: Iterable[str]) -> TypeError:
    """Make the error of a keyword that there is not, with what to write in its place."""
    names = list(known)
    shown = redact(repr(name))
    return TypeError(
        f"{call}() got an unexpected keyword argument {shown}: {_keyword_hint(call, name, names)}"
    )


def _keyword_hint(call: str, name: str, known: list[str]) -> str:
    if call == "request" and name in OF_REQUESTS:
        return OF_REQUESTS[name]
    if name in KEYWORDS:
        return KEYWORDS[name]
    searches = {f"{cls.kind}_search": attrs.fields_dict(cls) for cls in _found("searches").ENDPOINTS}
    takers = [each for each, fields in searches.items() if name in fields]
    if takers and len(takers) < len(searches):
        return f"only {' and '.join(takers)} {'takes' if len(takers) == 1 else 'take'} it"
    settings = attrs.fields_dict(_found("settings").Settings)
    if name in settings:
        return f"it belongs to the client: client.with_options({name}=...)"
    if takers and "query" not in known:
        return f"it belongs to a search: AssetSearch({name}=...)"
    near = near_to(name, known)
    return f"did you mean {near}?" if near else f"there are {', '.join(known)}"


def of_its_own(cls: type[Any], name: str) -> TypeError:
    """Make the error of a keyword that a derived client has of its own, which `with_options` cannot give another value."""
    way = f"make a new {cls.__name__}({name}=...), or set the attribute that it became on what client.copy() gives"
    return TypeError(
        f"with_options() takes the settings of a client, and {name!r} is a keyword of {cls.__name__}: {way}"
    )


def variable_meant(known: Iterable[str], there: Iterable[str]) -> str:
    """Tell of a variable that is there and almost has the name of one that counts; nothing where there is none."""
    names = list(known)
    for variable in there:
        near = get_close_matches(variable.upper(), names, 1, _NEAR) if variable not in names else []
        if near and variable.upper().startswith("SCENARIO"):
            return f"; {variable} is set, but the variable is called {near[0]}"
    return ""


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
