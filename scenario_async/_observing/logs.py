"""The log lines of a call, on the logger `scenario_async`: its facts are fields of the record too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scenario_async._support.logger import log
from scenario_async.errors import APIStatusError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async.errors import APIError


def retrying(number: int, error: APIError, wait: float, *, method: str, url: str) -> None:
    """Tell, at debug, that another attempt follows after a wait."""
    status = error.status_code if isinstance(error, APIStatusError) else None
    log(
        logging.DEBUG, "%s %s: attempt %d: %s%s, next attempt in %.2f s",
        method, url, number, type(error).__name__, f" {status}" if status else "", wait,
        extra={"attempt": number, "status": status, "wait": wait},
    )  # fmt: skip


def ended(
    times: Mapping[str, Any],
    *,
    method: str,
    url: str,
    status: int | None,
    request_id: str | None,
    error: BaseException | None,
) -> None:
    """Tell, at info, how a call ended and where its time went."""
    outcome: object = status
    if error is not None:
        message = getattr(error, "message", "")
        outcome = f"{type(error).__name__}{': ' if message else ''}{message}"
    queued = times["waited_for_slot"] + times["waited_for_quota"] + times["waited_for_cool_down"]
    log(
        logging.INFO, "%s %s -> %s in %.3f s (%.3f s queued), %s attempts, request id %s",
        method, url, outcome, times["elapsed"], queued, times["attempts"], request_id,
        extra={**times, "queued": queued, "status": status, "request_id": request_id},
    )  # fmt: skip
