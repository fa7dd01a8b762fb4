"""What comes back, without any I/O: the content of a page, or the error that a status means."""

from __future__ import annotations

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from http.client import responses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import attrs

from scenario_async._annotations import evaluable
from scenario_async._http import json as codec
from scenario_async._http import typed
from scenario_async._http.structure import MisfitError, sort_out, structure_hits
from scenario_async.errors import (
    CALL_TIMES,
    STATUS_ERRORS,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    InternalServerError,
    PlanLimitError,
    RateLimitError,
    drop_frames,
    redact,
)
from scenario_async.models import NOTHING, size_repr, wire_name
from scenario_async.pages import COUNTS, ResponseInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async._http.transport import Answer
    from scenario_async.models import Hit

_REQUEST_ID_HEADERS: Final = ("x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid")
_PLAIN_ID: Final = re.compile(r"[\w:=+-]{1,200}", re.ASCII)
_LONGEST_WAIT: Final = 7 * 24 * 3600.0
_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_LARGEST_KEPT: Final = 1024 * 1024
_OF_INFO: Final = tuple(each.name for each in attrs.fields(ResponseInfo))
_values_of_info: Final = attrgetter(*_OF_INFO)
_ERROR_MEMBERS: Final = ("reason", "message", "error", "detail")


@evaluable
@attrs.frozen(kw_only=True, repr=False)
class Reply(ResponseInfo):
    """What the service answered to `client.request`."""

    content: bytes = attrs.field(repr=size_repr)
    """The body, decompressed."""
    call_id: str = attrs.field(default="", repr=False)
    """The call's name in log records, events and spans."""

    def json(self) -> Any:  # noqa: ANN401
        """Decode the body; `APIResponseValidationError` if it is not JSON."""
        try:
            return _decoded(self)
        except APIError as error:
            raise drop_frames(error)  # noqa: B904 - the same error

    @property
    def info(self) -> ResponseInfo:
        """The same without the body."""
        return ResponseInfo(**dict(zip(_OF_INFO, _values_of_info(self), strict=True)))


def page_content(
    reply: Reply, hit_class: type[Hit], *, invalid_hits: Literal["raise", "keep"]
) -> dict[str, Any]:
    """Give what a page says, as keywords of `SearchPage`.

    Raises `APIResponseValidationError` with the path to what does not fit.
    """
    if invalid_hits == "raise" and (page := typed.read(reply.content, hit_class, _COUNTS)) is not None:
        return {"hits": page[0], "invalid_hits": (), **page[1], "extra": _extra(page[2])}
    decoded: object = _decoded(reply)
    if type(decoded) is not dict:
        raise _misshapen(reply, "$ is no object", decoded)
    content = cast("dict[str, Any]", decoded)
    raw = content.get("hits")
    if type(raw) is not list or content.get("error"):
        reason = _reason(content)
        message = f"the service answered {reply.status} with an error" + (f": {reason}" if reason else "")
        is_error = reason or content.get("error")
        raise _misshapen(reply, message if is_error else "$.hits is no list", content)
    found = cast("list[object]", raw)
    misfits: list[Any] = []
    try:
        if invalid_hits == "raise":
            hits = structure_hits(found, hit_class)
        else:
            hits, misfits = sort_out(found, hit_class)
    except MisfitError as error:
        path = str(error)
    else:
        parts: dict[str, Any] = {"hits": hits, "invalid_hits": misfits}
        for name, wire in _COUNTS.items():
            if wire in content:
                parts[name] = _hint(content[wire])
        parts["extra"] = _extra({name: value for name, value in content.items() if name not in _KNOWN})
        return parts
    raise _misshapen(reply, path, _tolerantly(reply.content))


def _extra(told: dict[str, Any]) -> Mapping[str, Any]:
    """Give what else the service told that can be kept."""
    return {
        name: value for name, value in told.items() if value is not None and not codec.too_deep(value)
    } or NOTHING


def _decoded(reply: Reply) -> Any:  # noqa: ANN401
    try:
        return codec.loads(reply.content)
    except ValueError as error:
        reason = redact(str(error))
    kind = redact(reply.headers.get("content-type", "of no content type"))
    message = f"the reply ({len(reply.content)} bytes, {kind}) is not JSON: {reason}"
    raise _misshapen(reply, message, _tolerantly(reply.content))


_COUNTS: Final = {name: wire_name(name) for name in COUNTS}
_KNOWN: Final = frozenset({"hits", "error", *_COUNTS.values()})


def status_error(reply: Answer) -> APIStatusError:
    """Make the error of an answer whose status is 300 or more, whichever of its known shapes the body has."""
    decoded: Any = _tolerantly(reply.content)
    body = _kept(reply.content, decoded)
    content: dict[str, Any] = cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}
    details = content.get("details")
    details = cast("dict[str, Any]", details) if isinstance(details, dict) else {}
    cls = STATUS_ERRORS.get(reply.status, InternalServerError if reply.status >= 500 else APIStatusError)  # noqa: PLR2004
    if cls is RateLimitError and _is_plan_limit(content, details):
        cls = PlanLimitError
    reason = _reason(content) or (redact(decoded) if isinstance(decoded, str) and "<" not in decoded else "")
    phrase = responses.get(reply.status, "unknown status")
    if "location" in reply.headers and reply.status < 400:  # noqa: PLR2004
        reason = f"redirects are not followed (to {redact(reply.headers['location'].partition('?')[0])})"
    error = cls(
        f"{reply.status} {reason or phrase}",
        status_code=reply.status,
        headers=reply.headers,
        retry_after=retry_after(reply.headers),
        details=details if body is decoded else {},
        request_id=request_id(reply.headers),
        body=body,
    )
    error.content = reply.content[:_LARGEST_KEPT]
    return error


def request_id(headers: Mapping[str, str]) -> str | None:
    """Find the service's own name for a reply; which header carries it is not documented."""
    for name in _REQUEST_ID_HEADERS:
        if (found := headers.get(name)) is not None:
            return found if _PLAIN_ID.fullmatch(found) else redact(found)
    return None


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Read how many seconds the service asks to wait: `retry-after-ms`, else `retry-after`; None for nonsense.

    A date is counted from the reply's own `date`, as the clocks of two machines differ; without one, from `now`, which
    is this machine's clock if it is not given.
    """
    milliseconds = _non_negative(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    wait = _non_negative(text)
    if wait is not None or text is None:
        return wait
    until, replied = http_moment(text), http_moment(headers.get("date"))
    if until is None:
        return None
    if replied is None:
        replied = time.time() if now is None else now
    wait = max(0.0, until - replied)
    return wait if wait <= _LONGEST_WAIT else None


def http_moment(text: str | None) -> float | None:
    """Read an HTTP date, as seconds since 1970."""
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _hint(value: object) -> int | None:
    """Read what the service tells of a page's position and of how much there is; nothing where that is no whole number.

    It is a repetition or a guess, over which no page fails.
    """
    if isinstance(value, (bool, float)) and not (type(value) is float and value.is_integer()):
        return None
    try:
        return int(cast("str", value))
    except (TypeError, ValueError):
        return None


def _misshapen(reply: Reply, message: str, body: object) -> APIError:
    error = APIResponseValidationError(
        message, method=reply.method, url=reply.url, request_id=reply.request_id
    )
    error.body = _kept(reply.content, body)
    error.status_code, error.headers = reply.status, reply.headers
    error.content = reply.content[:_LARGEST_KEPT]
    for name in CALL_TIMES:
        setattr(error, name, getattr(reply, name))
    return error


def _tolerantly(content: bytes) -> object:
    """Decode what an error keeps of a body: JSON, else text, which is cut."""
    if len(content) <= _LARGEST_KEPT:
        try:
            return codec.loads(content)
        except ValueError:
            pass
    return _text(content)


def _kept(content: bytes, body: object) -> object:
    """Give a decoded body, or its text, cut, where it is too large or nested too deeply for an error to carry."""
    fits = isinstance(body, str) or (len(content) <= _LARGEST_KEPT and not codec.too_deep(body))
    return body if fits else _text(content)


def _text(content: bytes) -> str:
    cut = "…" if len(content) > _LARGEST_KEPT else ""
    return content[:_LARGEST_KEPT].decode("utf-8", errors="replace") + cut


def _reason(content: Mapping[str, Any], levels: int = 5) -> str:
    for name in _ERROR_MEMBERS:
        value = content.get(name)
        if isinstance(value, dict) and levels:
            inner = _reason(cast("dict[str, Any]", value), levels - 1)
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
