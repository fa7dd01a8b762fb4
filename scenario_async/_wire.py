"""What travels, without any I/O: a search becomes requests, a reply becomes a page or an error."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import responses
from typing import TYPE_CHECKING, Any, Final, Literal, Self, cast
from urllib.parse import quote, unquote, urlencode, urljoin, urlsplit

import attrs

from scenario_async import _checks, _json
from scenario_async._structure import MisfitError, sort_out, structure_hits
from scenario_async._version import __version__
from scenario_async.errors import (
    STATUS_ERRORS,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    CleanFrames,
    InternalServerError,
    InvalidSearchError,
    PlanLimitError,
    RateLimitError,
    redact,
)
from scenario_async.images import Images
from scenario_async.models import Hit, size_repr, wire_name
from scenario_async.pages import Position, ResponseInfo, SearchPage
from scenario_async.searches import IN_URL, STAYS, HitT_co, Search

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scenario_async.settings import Settings

_REQUEST_ID_HEADERS: Final = ("x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid")
_LONGEST_WAIT: Final = 7 * 24 * 3600.0
_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_LARGEST_KEPT: Final = 1024 * 1024
_ERROR_MEMBERS: Final = ("reason", "message", "error", "detail")


@attrs.frozen(kw_only=True)
class Request:
    """One request, but for its signature.

    `headers` has lower-case names; `timeout` and `deadline` are the call's own, None for the client's. `template`
    is the endpoint's path, None where it is not known.
    """

    method: str
    url: str = attrs.field(repr=redact)
    headers: dict[str, str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(default=None, repr=False)
    timeout: float | None = None
    deadline: float | None = None
    template: str | None = None

    @property
    def place(self) -> str:
        """The URL without its query string, for messages."""
        return self.url.partition("?")[0]


@attrs.frozen(kw_only=True)
class Reply(ResponseInfo):
    """What the service answered to `client.request`."""

    content: bytes = attrs.field(repr=size_repr)

    def json(self) -> Any:  # noqa: ANN401
        """Decode the body; `APIResponseValidationError` if it is not JSON."""
        with CleanFrames():
            try:
                return _json.loads(self.content)
            except ValueError as error:
                kind = self.headers.get("content-type", "of no content type")
                told = (
                    f"the reply ({len(self.content)} bytes, {redact(kind)}) is not JSON: {redact(str(error))}"
                )
                raise _misshapen(self, told, _tolerantly(self.content)) from None

    @property
    def info(self) -> ResponseInfo:
        """The same without the body."""
        return ResponseInfo(
            status=self.status,
            headers=self.headers,
            request_id=self.request_id,
            attempts=self.attempts,
            elapsed=self.elapsed,
            queued=self.queued,
            attempt_seconds=self.attempt_seconds,
        )


@attrs.frozen
class PreparedSearch:
    """All of a search's requests but for where their page begins, made once."""

    search: Search[Hit]
    request: Request
    start: bytes = attrs.field(repr=False)

    @classmethod
    def of(cls, search: Search[Hit], settings: Settings) -> Self:
        """Prepare a search with what the client's settings add to it."""
        body, in_url = _travelling(search)
        own = dict(default_headers(settings))
        own |= {"content-type": "application/json"} | _lowered(search.extra_headers)
        if settings.project_id is not None:
            in_url = {"projectId": settings.project_id} | in_url
        query = {**settings.default_query, **in_url, **(search.extra_query or {})}
        request = Request(
            method="POST",
            url=_url(settings.base_url + search.path, query),
            headers=own,
            timeout=search.timeout,
            deadline=search.deadline,
            template=search.path,
        )
        return cls(search, request, _json.dumps(body)[:-1])

    def at(self, position: Position) -> Request:
        """Give the request of one page."""
        members = position.members()
        if members:
            between = b"," if len(self.start) > 1 else b""
            body = self.start + between + _json.dumps(members)[1:]
        else:
            body = self.start + b"}"
        return attrs.evolve(self.request, body=body)


def default_headers(settings: Settings) -> dict[str, str]:
    """Give the headers of every request, in lower case."""
    usual = {"accept": "application/json", "user-agent": f"scenario-async/{__version__}"}
    return usual | _lowered(settings.default_headers)


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
    """Make a request to any endpoint under the base URL; another origin is refused."""
    if _checks.text(path, "path") is None:
        _checks.refuse("path", path, "it must be a str")
    query = _checks.query(query, "query")
    _checks.seconds(timeout, "timeout")
    _checks.jsonable(json, "json")
    given = _checks.headers(headers, "headers")
    if not isinstance(cast("object", method), str) or not method.isascii() or not method.isalpha():
        _checks.refuse("method", method, "it must be the name of an HTTP method")
    base = settings.base_url + "/"
    absolute = "://" in path.partition("?")[0]
    below = path if absolute else "./" + path.lstrip("/")
    try:
        # joined, so that `..` shows where it leads
        url = urljoin(base, quote(below, safe="%/:?&=+,;@[]!$'()*~"))
        wanted, allowed = urlsplit(url), urlsplit(base)
    except ValueError:
        _checks.refuse("path", redact(path), "it must be a path below base_url")
    outside = (wanted.scheme, wanted.netloc) != (allowed.scheme, allowed.netloc)
    climbs = ".." in unquote(wanted.path).split("/")
    if outside or climbs or not wanted.path.startswith(allowed.path):
        rule = f"requests stay under {settings.base_url}"
        shown = redact(path.partition("?")[0])
        raise InvalidSearchError(f"path is {shown!r}, but {rule}", parameter="path")
    own = default_headers(settings) | ({} if json is None else {"content-type": "application/json"})
    return Request(
        method=method.upper(),
        url=_url(url, {**settings.default_query, **(query or {})}),
        headers=own | _lowered(given),
        body=None if json is None else _json.dumps(json),
        timeout=timeout,
    )


def read_page(
    reply: Reply, search: Search[HitT_co], position: Position, *, invalid_hits: Literal["raise", "keep"]
) -> SearchPage[HitT_co]:
    """Make a page of a reply, or raise `APIResponseValidationError` with the path to what does not fit."""
    content = _decoded(reply)
    raw = content.get("hits")
    if type(raw) is not list or content.get("error"):
        told = _told(content)
        message = f"the service answered {reply.status} with an error" + (f": {told}" if told else "")
        is_error = told or content.get("error")
        raise _misshapen(reply, message if is_error else "$.hits is no list", content)
    found = cast("list[object]", raw)
    received = len(found)
    hit_class = cast("type[HitT_co]", search.hit_class)
    misfits: list[Any] = []
    try:
        if invalid_hits == "raise":
            hits = structure_hits(found, hit_class)
        else:
            hits, misfits = sort_out(found, hit_class)
    except MisfitError as error:
        raise _misshapen(reply, str(error), _tolerantly(reply.content)) from None
    return SearchPage(
        hits=hits,
        limit=_count(reply, content, "limit"),
        offset=_count(reply, content, "offset"),
        estimated_total_hits=_count(reply, content, "estimatedTotalHits"),
        page=_count(reply, content, "page"),
        hits_per_page=_count(reply, content, "hitsPerPage"),
        total_hits=_count(reply, content, "totalHits"),
        total_pages=_count(reply, content, "totalPages"),
        invalid_hits=misfits,
        response=reply.info,
        search=search,
        position=position,
        received=received,
    )


def status_error(reply: Reply) -> APIStatusError:
    """Make the error of a reply whose status is 300 or more, whichever of its known shapes the body has."""
    decoded: Any = _tolerantly(reply.content)
    body = _kept(reply, decoded)
    content: dict[str, Any] = cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
    details = content.get("details")
    details = cast("dict[str, Any]", details) if isinstance(details, dict) else {}
    cls = STATUS_ERRORS.get(reply.status, InternalServerError if reply.status >= 500 else APIStatusError)  # noqa: PLR2004
    if cls is RateLimitError and _is_plan_limit(content, details):
        cls = PlanLimitError
    told = _told(content) or (redact(decoded) if isinstance(decoded, str) and "<" not in decoded else "")
    phrase = responses.get(reply.status, "unknown status")
    if "location" in reply.headers and reply.status < 400:  # noqa: PLR2004
        told = f"redirects are not followed (to {redact(reply.headers['location'].partition('?')[0])})"
    return cls(
        f"{reply.status} {told or phrase}",
        status_code=reply.status,
        headers=reply.headers,
        retry_after=retry_after(reply.headers),
        details=details if body is decoded else {},
        request_id=reply.request_id,
        body=body,
    )


def request_id(headers: Mapping[str, str]) -> str | None:
    """Find the service's own name for a reply; which header carries it is not documented."""
    return next((redact(headers[name]) for name in _REQUEST_ID_HEADERS if name in headers), None)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Read how many seconds the service asks to wait: `retry-after-ms`, else `retry-after`; None for nonsense."""
    milliseconds = _non_negative(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    wait = _non_negative(text)
    if wait is not None or text is None:
        return wait
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    wait = max(0.0, moment.timestamp() - (time.time() if now is None else now))
    return wait if wait <= _LONGEST_WAIT else None


def _travelling(search: Search[Hit]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Sort what was given into the body and the URL; paging comes later."""
    body: dict[str, Any] = {}
    in_url: dict[str, Any] = {}
    for field in attrs.fields(type(search)):
        value = getattr(search, field.name)
        if (
            value is None
            or STAYS in field.metadata
            or field.name in ("limit", "offset", "page", "hits_per_page")
        ):
            continue
        if IN_URL in field.metadata:
            in_url[wire_name(field.name)] = _json_text(value)
        else:
            body[wire_name(field.name)] = _plain(value)
    return body | (search.extra_body or {}), in_url


def _json_text(value: object) -> str:
    return value if isinstance(value, str) else _json.dumps(value).decode()


def _plain(value: object) -> object:
    if isinstance(value, Images):
        given = {"like": value.like, "unlike": value.unlike}
        return {name: list(pictures) for name, pictures in given.items() if pictures is not None}
    return value


def _url(url: str, query: Mapping[str, Any]) -> str:
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
    return {name.lower(): value for name, value in (headers or {}).items()}


def _decoded(reply: Reply) -> dict[str, Any]:
    content = reply.json()
    if type(content) is not dict:
        raise _misshapen(reply, "$ is no object", content)
    return cast("dict[str, Any]", content)


def _count(reply: Reply, content: dict[str, Any], name: str) -> int | None:
    value = content.get(name)
    if value is None or type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    shown = redact(repr(value)) if isinstance(value, (str, bool, float)) else "no number"
    raise _misshapen(reply, f"$.{name} is {shown}, but a whole number is expected", content)


def _misshapen(reply: Reply, message: str, body: object) -> APIError:
    return APIResponseValidationError(message, request_id=reply.request_id, body=_kept(reply, body))


def _tolerantly(content: bytes) -> object:
    """Decode what an error keeps of a body: JSON, else text, which is cut."""
    if len(content) <= _LARGEST_KEPT:
        try:
            return _json.loads(content)
        except ValueError:
            pass
    return _text(content)


def _kept(reply: Reply, body: object) -> object:
    """Give a decoded body, or its text, cut, where it is too large or nested too deeply for an error to carry."""
    fits = isinstance(body, str) or (len(reply.content) <= _LARGEST_KEPT and not _json.too_deep(body))
    return body if fits else _text(reply.content)


def _text(content: bytes) -> str:
    cut = "…" if len(content) > _LARGEST_KEPT else ""
    return content[:_LARGEST_KEPT].decode("utf-8", errors="replace") + cut


def _told(content: Mapping[str, Any], levels: int = 5) -> str:
    for name in _ERROR_MEMBERS:
        value = content.get(name)
        if isinstance(value, dict) and levels:
            inner = _told(cast("dict[str, Any]", value), levels - 1)
            if inner:
                return inner
        if isinstance(value, str) and value:
            return redact(value)
    return ""


def _is_plan_limit(content: Mapping[str, Any], details: Mapping[str, Any]) -> bool:
    named = "PlanLimitReachedError" in (content.get("name"), content.get("reason"))
    return named or content.get("code") == "QUOTA_EXCEEDED" or "actionLimit" in details


def _non_negative(text: str | None) -> float | None:
    stripped = (text or "").strip(" \t")
    if _PLAIN_NUMBER.fullmatch(stripped) is None:
        return None
    number = float(stripped)
    return number if number <= _LONGEST_WAIT else None
