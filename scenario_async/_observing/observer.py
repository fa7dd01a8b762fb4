"""What others see of a call: log lines, the user's hooks, spans and counters. None of it can change the call."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import attrs

from scenario_async._observing import logs
from scenario_async._support.loading import LOADING
from scenario_async._support.logger import LOG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scenario_async._http.reply import Reply
    from scenario_async._http.request import Request
    from scenario_async._http.transport import Answer
    from scenario_async._observing.telemetry import CallSpan
    from scenario_async.errors import APIError
    from scenario_async.settings import Settings


class Observer:
    """Tells of one call, from its begin to its end: the logger, the hooks of its client, and OpenTelemetry.

    `request` is the call's, with the headers by which the service could go on with the trace. `call_id` is the call's
    name in all that is told of it. The times of the call are those of `CALL_TIMES`.
    """

    def __init__(self, settings: Settings, request: Request) -> None:
        self._settings = settings
        self.call_id = os.urandom(6).hex()  # a generator would repeat itself after a fork, or a seed
        self._where: dict[str, Any] = {
            "method": request.method, "url": request.address, "call_id": self.call_id, "search": request.search,
        }  # fmt: skip
        self._status: int | None = None
        self._span: CallSpan | None = None
        if "opentelemetry.trace" in sys.modules:  # looked up each time: the program may import it later
            with LOADING:
                from scenario_async._observing import telemetry  # noqa: PLC0415 - most programs have none

            self._span = telemetry.begin(request.method, request.address, request.template, self.call_id)
        self.request = request
        if self._span is not None and (headers := self._span.headers()):
            self.request = attrs.evolve(request, headers=headers | request.headers)

    async def sending(self, number: int, times: Mapping[str, Any]) -> None:
        """Tell that another attempt is about to go out."""
        if self._settings.on_request is not None:
            with LOADING:
                from scenario_async._observing import hooks  # noqa: PLC0415 - most programs have none

            await hooks.on_request(self._settings.on_request, number, times, **self._where)

    def attempted(self, number: int, seconds: float, outcome: Answer | BaseException) -> None:
        """Tell that an attempt is over, with an answer of whatever status or with an error."""
        error = outcome if isinstance(outcome, BaseException) else None
        self._status = None if isinstance(outcome, BaseException) else outcome.status
        if self._span is not None:
            self._span.attempt(number=number, seconds=seconds, status=self._status, error=error)

    async def answered(self, number: int, answer: Answer, seconds: float, request_id: str | None) -> None:
        """Tell what the attempt's answer was."""
        if self._settings.on_response is not None:
            with LOADING:
                from scenario_async._observing import hooks  # noqa: PLC0415 - most programs have none

            await hooks.on_response(
                self._settings.on_response,
                number,
                answer,
                seconds,
                request_id,
                **self._where,
            )

    async def retrying(self, number: int, error: APIError, wait: float) -> None:
        """Tell that another attempt follows after a wait."""
        if self._span is not None:
            self._span.retry(number=number, wait=wait, error=error)
        logs.retrying(number, error, wait, self._named())
        if self._settings.on_retry is not None:
            with LOADING:
                from scenario_async._observing import hooks  # noqa: PLC0415 - most programs have none

            await hooks.on_retry(self._settings.on_retry, number, error, wait, **self._where)

    def ended(self, outcome: Reply | BaseException, times: Mapping[str, Any]) -> None:
        """Tell that the call has ended: with a reply, with an error of ours, or given up by its caller."""
        request_id: str | None = getattr(outcome, "request_id", None)
        error = outcome if isinstance(outcome, BaseException) else None
        if self._span is not None:
            self._span.end(times, status=self._status, request_id=request_id, error=error)
        if error is not None or LOG.isEnabledFor(logging.INFO):
            logs.ended(times, self._named(), status=self._status, request_id=request_id, error=error)

    def _named(self) -> dict[str, str]:
        where = self._where
        return logs.named(where["call_id"], where["method"], where["url"], base_url=self._settings.base_url)
