"""What goes out, without any I/O: a search, or a free request, as method, URL, headers and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self, cast
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import attrs

from scenario_async._http import json as codec
from scenario_async._support import checks
from scenario_async._version import __version__
from scenario_async.errors import InvalidSearchError, redact
from scenario_async.images import Images, as_mapping
from scenario_async.models import wire_name
from scenario_async.searches import Search, travels

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from scenario_async.models import Hit
    from scenario_async.settings import Settings

USER_AGENT: Final = f"scenario-async/{__version__}"
_USUAL_HEADERS: Final = {"accept": "application/json", "user-agent": USER_AGENT}


@attrs.frozen(kw_only=True)
class Request:
    """One request, but for its signature.

    `address` is the URL without its query string, for messages. `headers` has lower-case names. `timeout` and `deadline`
    are those of this call, None for the client's. `template` is the path of the endpoint, and `search` what is asked for;
    both are None for a free request.
    """

    method: str
    url: str = attrs.field(repr=redact)
    address: str
    headers: dict[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    timeout: float | None = None
    deadline: float | None = None
    template: str | None = None
    search: Search[Hit] | None = attrs.field(default=None, eq=False, repr=False)


@attrs.frozen(eq=False)
class PreparedSearch:
    """All of a search's requests but for where their page begins, made once."""

    request: Request
    start: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, search: Search[Hit], settings: Settings) -> Self:
        """Prepare a search with what the client's settings add to it."""
        body, in_url = _travelling(search)
        if settings.project_id is not None:
            in_url = {"projectId": settings.project_id} | in_url
        own = {"content-type": "application/json"} | _lowered(search.extra_headers)
        address = settings.base_url + search.path
        request = Request(
            method="POST",
            url=_url(address, {**settings.default_query, **in_url, **(search.extra_query or {})}),
            address=address,
            headers=_USUAL_HEADERS | _lowered(settings.default_headers) | own,
            timeout=search.timeout,
            deadline=search.deadline,
            template=search.path,
            search=search,
        )
        return cls(request, codec.dumps(body)[:-1])

    def at(self, paging: Mapping[str, int]) -> Request:
        """Give the request of one page; `paging` says in the body where it begins, and how long it is."""
        body = self.start + b"}"
        if paging:
            between = b"," if len(self.start) > 1 else b""
            body = self.start + between + codec.dumps(paging)[1:]
        return attrs.evolve(self.request, body=body)


@checks.hiding
def free_request(
    settings: Settings,
    method: str,
    path: str,
    *,
    json: object,
    query: Mapping[str, Any] | None,
    headers: Mapping[str, str] | None,
    timeout: float | None,
) -> Request:
    """Make a request to any endpoint under the base URL; another origin is refused.

    Raises `InvalidSearchError` for what cannot be sent.
    """
    if checks.text(path, "path") is None:
        checks.refuse("path", path, "it must be a str")
    query = checks.query(query, "query")
    checks.seconds(timeout, "timeout")
    checks.jsonable(json, "json")
    given = checks.headers(headers, "headers")
    if not isinstance(cast("object", method), str) or not method.isascii() or not method.isalpha():
        checks.refuse("method", method, "it must be the name of an HTTP method")
    base = settings.base_url + "/"
    absolute = "://" in path.partition("?")[0]
    below = path if absolute else "./" + path.lstrip("/")
    try:
        # joined, so that `..` shows where it leads
        url = urljoin(base, quote(below, safe="%/:?&=+,;@[]!$'()*~"))
        wanted, allowed = urlsplit(url), urlsplit(base)
    except ValueError:
        checks.refuse("path", redact(path), "it must be a path below base_url")
    outside = (wanted.scheme, wanted.netloc) != (allowed.scheme, allowed.netloc)
    climbs = ".." in unquote(wanted.path).split("/")
    if outside or climbs or not wanted.path.startswith(allowed.path):
        rule = f"requests stay under {settings.base_url}"
        shown = redact(path.partition("?")[0])
        raise InvalidSearchError(f"path is {shown!r}, but {rule}", parameter="path")
    own = (
        _USUAL_HEADERS
        | _lowered(settings.default_headers)
        | ({} if json is None else {"content-type": "application/json"})
    )
    return Request(
        method=method.upper(),
        url=_url(url, {**settings.default_query, **(query or {})}),
        address=url.partition("?")[0],
        headers=own | _lowered(given),
        body=None if json is None else codec.dumps(json),
        timeout=timeout,
    )


def _travelling(search: Search[Hit]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort what was given into the body and the URL; where a page begins comes later."""
    body: dict[str, Any] = {}
    in_url: dict[str, Any] = {}
    for name, wire, way in _wires(cast("Hashable", type(search))):
        value = getattr(search, name)
        if value is None:
            continue
        if way == "url":
            in_url[wire] = value if isinstance(value, str) else codec.dumps(value).decode()
        else:
            body[wire] = as_mapping(value) if isinstance(value, Images) else value
    return body | (search.extra_body or {}), in_url


@cache
def _wires(cls: Any) -> tuple[tuple[str, str, str], ...]:  # noqa: ANN401 - mypy takes no class for a hashable
    """Give the name, the name on the wire and the way of each parameter that travels in the body or the URL."""
    ways = ((field.name, wire_name(field.name), travels(field)) for field in attrs.fields(cls))
    return tuple(each for each in ways if each[2] in ("body", "url"))


def _url(url: str, query: Mapping[str, Any]) -> str:
    if not query:
        return url
    pairs = [pair for name, value in query.items() for pair in _pairs(name, value)]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}" if pairs else url


def _pairs(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Spell a URL parameter as the official SDK does: `a=1,2` for a list, `a[b]=1` for a mapping, nothing for none."""
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            yield from _pairs(f"{name}[{key}]", inner)
        return
    several = cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else [value]
    text = ",".join(_query_text(each) for each in several if each is not None)
    if text:
        yield name, text


def _query_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _lowered(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()} if headers else {}
