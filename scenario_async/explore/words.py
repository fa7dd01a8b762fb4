"""Errors in words, as the page shows them: what happened, what to do, and where in the filter it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from scenario_async.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    InvalidSearchError,
    NotFoundError,
    PermissionDeniedError,
    PlanLimitError,
    RateLimitError,
    redact,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scenario_async.errors import ScenarioError

_WORDS: Final[Sequence[tuple[type[Exception], str, str]]] = (
    (InvalidSearchError, "This cannot be searched for.", ""),
    (AuthenticationError, "The service does not know this key.", "Check the key and its secret: scenario-async doctor"),
    (PermissionDeniedError, "The key may not do this.", "scenario-async doctor tells what it may"),
    (PlanLimitError, "The plan has no more of this.", "Waiting does not help."),
    (RateLimitError, "Too many requests.", "It goes on in a minute."),
    (BadRequestError, "The service does not accept this.", ""),
    (NotFoundError, "The service does not know this.", "It may be gone, or SCENARIO_BASE_URL leads elsewhere."),
    (APIConnectionError, "The service cannot be reached.", "It is tried again by itself."),
    (InternalServerError, "The service failed.", "It may work in a moment."),
    (APIStatusError, "The service refuses this.", ""),
)  # fmt: skip
_PLACE: Final = re.compile(r"\bline (\d+), column (\d+)\b")
_SPAN: Final = re.compile(r"(?:^|[\n`.])\s*(\d+):(\d+)(?= |$)", re.MULTILINE)
"""As the service's engine tells a place: from which character to which, before the text that it repeats."""
_BEGINNING: Final = 20


def told(error: ScenarioError, filter: str | None = None) -> dict[str, Any]:
    """Give what the page shows of an error; with the filter that was sent, the place in it that is wrong."""
    what, fix = next(
        ((what, fix) for kind, what, fix in _WORDS if isinstance(error, kind)), ("This failed.", "")
    )
    message = redact(error.message)
    found: dict[str, Any] = {
        "what": what,
        "message": message,
        "fix": fix,
        "retryable": isinstance(error, APIError) and error.retryable,
        "parameter": getattr(error, "parameter", ""),
    }
    if isinstance(error, APIStatusError):
        found["wait"] = error.retry_after
        found["request"] = error.request_id or ""
    if filter and isinstance(error, BadRequestError):
        caret = _caret(_reason(error), filter)
        if caret or "filter" in message.lower():
            found["filter"] = {"text": filter, **(caret or {})}
    elif isinstance(error, InvalidSearchError) and error.parameter == "filter":
        found["filter"] = {}
    return found


def _reason(error: BadRequestError) -> str:
    """Give the service's own words, with the line breaks that it sent."""
    body = error.body
    if isinstance(body, dict):
        reason = cast("Mapping[str, Any]", body).get("reason")
        if isinstance(reason, str):
            return reason
    return error.message


def _caret(reason: str, filter: str) -> dict[str, int] | None:
    """Find the character that is meant, and how many from there."""
    if found := _PLACE.search(reason):
        lines = filter.split("\n")
        line, column = int(found[1]), int(found[2])
        before = sum(len(each) + 1 for each in lines[: line - 1])
        return _bounded(before + column - 1, 1, filter)
    found = _SPAN.search(reason)
    if found and reason[found.end() :].strip().startswith(filter[:_BEGINNING].strip()):
        first, last = int(found[1]) - 1, int(found[2]) - 1
        return _bounded(first, max(1, last - first), filter)
    return None


def _bounded(at: int, length: int, filter: str) -> dict[str, int]:
    at = min(max(0, at), len(filter))
    return {"at": at, "length": max(1, min(length, len(filter) - at))}
