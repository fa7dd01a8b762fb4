"""The log lines of a call, on the logger `scenario_async`: its facts are fields of the record too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scenario_async._support.counting import counted
from scenario_async._support.logger import log
from scenario_async.errors import CALL_TIMES, APIStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async._http.reply import Reply
    from scenario_async.errors import APIError


def named(call_id: str, method: str, url: str, *, base_url: str) -> dict[str, str]:
    """Give the fields that all records of a call have; the path is what follows `base_url`."""
    return {"call_id": call_id, "method": method, "path": url.removeprefix(base_url), "url": url}


def retrying(number: int, error: APIError, wait: float, call: Mapping[str, str]) -> None:
    """Tell, at debug, that another attempt follows after a wait, and where the time went so far."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    kind = type(error).__name__
    log(
        logging.DEBUG, "%s %s: attempt %d: %s%s, next attempt in %.2f s",
        call["method"], call["url"], number, kind, f" {status}" if status else "", wait,
        extra={
            **call, **_times(error), "queued": error.queued,
            "attempt": number, "status": status, "error_type": kind, "wait": wait,
        },
    )  # fmt: skip


def ended(
    times: Mapping[str, Any],
    call: Mapping[str, str],
    *,
    status: int | None,
    request_id: str | None,
    error: BaseException | None,
) -> None:
    """Tell how a call ended and where its time went: at warning if it failed, else at info.

    What ends a call from outside, as a cancellation does, is no failure of it.
    """
    outcome: object = status
    kind = None
    if error is not None:
        kind, message = type(error).__name__, getattr(error, "message", "")
        outcome = f"{kind}{': ' if message else ''}{message}"
    queued = times["waited_for_slot"] + times["waited_for_quota"] + times["waited_for_cool_down"]
    facts = {"status": status, "request_id": request_id, "error_type": kind, "queued": queued}
    log(
        logging.WARNING if isinstance(error, Exception) else logging.INFO,
        "%s %s -> %s in %.3f s (%.3f s queued), %s, request id %s",
        call["method"], call["url"], outcome, times["elapsed"], queued, counted(times["attempts"], "attempt"), request_id,
        extra={**call, **times, **facts},
    )  # fmt: skip


def misread(reply: Reply, error: APIError, *, base_url: str) -> None:
    """Tell, at warning, that the reply of a call that had ended well makes no page."""
    call = named(reply.call_id, reply.method, reply.url, base_url=base_url)
    ended(_times(reply), call, status=reply.status, request_id=reply.request_id, error=error)


def _times(told: Reply | APIError) -> dict[str, Any]:
    return {name: getattr(told, name) for name in CALL_TIMES}
