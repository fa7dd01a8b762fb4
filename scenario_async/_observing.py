"""What others see of a call: log lines, the user's hooks, spans and counters. None of it can change the call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

import attrs

from scenario_async import _telemetry
from scenario_async._hooks import tell
from scenario_async.errors import APIError, APIStatusError
from scenario_async.events import RequestEvent, ResponseEvent, RetryEvent

if TYPE_CHECKING:
    from scenario_async._limits import Waiting
    from scenario_async._wire import Reply, Request
    from scenario_async.events import OnRequest, OnResponse, OnRetry
    from scenario_async.settings import Settings

_LOG: Final = logging.getLogger("scenario_async")
_LOG.addHandler(logging.NullHandler())


@attrs.frozen
class Hooks:
    """The user's hooks."""

    on_request: OnRequest | None
    on_response: OnResponse | None
    on_retry: OnRetry | None

    @classmethod
    def of(cls, settings: Settings) -> Hooks:
        """Take them from the settings."""
        return cls(settings.on_request, settings.on_response, settings.on_retry)


class Observer:
    """Tells of one call, from its begin to its end."""

    def __init__(self, hooks: Hooks, request: Request, waiting: Waiting) -> None:
        self._hooks = hooks
        self._waiting = waiting
        self._where: dict[str, str] = {"method": request.method, "url": request.place}
        self._span = _telemetry.begin(request.method, request.place, request.template)
        self._attempt = 0
        self._status: int | None = None
        self._waited_after_429 = 0.0

    def headers(self) -> dict[str, str]:
        """Give the headers by which the service could go on with the trace."""
        return {} if self._span is None else self._span.headers()

    async def leaving(self) -> None:
        """Tell that another attempt is about to leave."""
        self._attempt += 1
        if self._hooks.on_request is not None:
            event = RequestEvent(**self._where, attempt=self._attempt, queued=self._waiting.queued.seconds)
            await tell(self._hooks.on_request, event, name="on_request")

    def ended(self, seconds: float, *, status: int | None = None, error: BaseException | None = None) -> None:
        """Tell that the attempt is over, with a reply of whatever status or with an error."""
        self._status = status
        if self._span is not None:
            self._span.attempt(number=self._attempt, seconds=seconds, status=status, error=error)

    async def answered(self, reply: Reply, seconds: float) -> None:
        """Tell what the attempt's reply was."""
        if self._hooks.on_response is not None:
            event = ResponseEvent(
                **self._where,
                attempt=self._attempt,
                status=reply.status,
                headers=reply.headers,
                request_id=reply.request_id,
                seconds=seconds,
            )
            await tell(self._hooks.on_response, event, name="on_response")

    async def retrying(self, error: APIError, wait: float) -> None:
        """Tell that another attempt follows after a wait."""
        status = error.status_code if isinstance(error, APIStatusError) else None
        if status == 429:  # noqa: PLR2004
            self._waited_after_429 += wait
        if self._span is not None:
            self._span.retry(number=self._attempt, wait=wait, error=error)
        _LOG.debug(
            "%s %s: attempt %d: %s%s, next attempt in %.2f s",
            *self._where.values(), self._attempt, type(error).__name__, f" {status}" if status else "", wait,
            extra={"attempt": self._attempt, "status": status, "wait": wait},
        )  # fmt: skip
        if self._hooks.on_retry is not None:
            event = RetryEvent(**self._where, attempt=self._attempt, error=error, wait=wait)
            await tell(self._hooks.on_retry, event, name="on_retry")

    def over(self, reply: Reply | None, error: BaseException | None, elapsed: float) -> None:
        """Tell that the call has ended: with a reply, with an error of ours, or given up by its caller."""
        request_id = reply.request_id if reply is not None else getattr(error, "request_id", None)
        facts: dict[str, Any] = {
            "attempts": self._attempt, "queued": self._waiting.queued.seconds, "status": self._status, "request_id": request_id,
        }  # fmt: skip
        if self._span is not None:
            throttled = self._waiting.throttled.seconds + self._waited_after_429
            self._span.end(**facts, throttled=throttled, error=error)
        if _LOG.isEnabledFor(logging.INFO):
            told = getattr(error, "message", "")
            outcome = self._status if error is None else f"{type(error).__name__}{': ' if told else ''}{told}"
            _LOG.info(
                "%s %s -> %s in %.3f s (%.3f s queued), %s attempts, request id %s",
                *self._where.values(), outcome, elapsed, facts["queued"], self._attempt, request_id,
                extra={**facts, "elapsed": elapsed},
            )  # fmt: skip
