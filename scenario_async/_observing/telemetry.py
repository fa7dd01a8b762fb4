"""One call as OpenTelemetry is told of it: a span with events, and counters; nothing in a program without it."""

from __future__ import annotations

import functools
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import attrs

from scenario_async._support.logger import log
from scenario_async._version import __version__
from scenario_async.errors import FIRST_ERROR_STATUS, APIStatusError, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram, MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_SCOPE: Final = "scenario_async"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_METHODS: Final = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY")
)
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""The boundaries that the semantic conventions advise for `http.client.request.duration`."""


class _Harmless:
    """A `with` block that swallows the errors of OpenTelemetry, and tells of the first one at debug."""

    def __init__(self) -> None:
        self.noted = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Exception):
            return False
        if not self.noted:
            self.noted = True
            with suppress(Exception):  # the text of a foreign error is foreign code
                reason = redact(str(error))
                log(
                    logging.DEBUG,
                    "OpenTelemetry failed, calls go on without it: %s: %s",
                    type(error).__name__,
                    reason,
                )
        return True


HARMLESS: Final = _Harmless()


@attrs.frozen(eq=False)
class _Instruments:
    """What tells of every call, made once for the program's providers."""

    tracer: Tracer
    propagator: TraceContextTextMapPropagator
    requests: Counter
    retries: Counter
    throttled_time: Counter
    duration: Histogram


class CallSpan:
    """One call under way; no method raises, whatever the program's OpenTelemetry does.

    The span is nobody's current span: it only stands in the context kept here, and in `headers`.
    """

    def __init__(
        self, instruments: _Instruments, span: Span, context: Context, labels: dict[str, str | int]
    ) -> None:
        self._instruments = instruments
        self._span = span
        self._context = context
        self._labels = labels

    def headers(self) -> dict[str, str]:
        """Give `traceparent` and, if there is one, `tracestate`; nothing when no trace is under way."""
        headers: dict[str, str] = {}
        with HARMLESS:
            self._instruments.propagator.inject(headers, self._context)
        return headers

    def attempt(
        self, *, number: int, seconds: float, status: int | None, error: BaseException | None
    ) -> None:
        """Tell that an attempt ended; the first has the number 1, `status` is None where no reply arrived."""
        with HARMLESS:
            outcome = _outcome(status, error)
            labels = self._labels | outcome
            self._instruments.requests.add(1, labels, self._context)
            self._instruments.duration.record(seconds, labels, self._context)
            self._span.add_event(
                "scenario.attempt",
                {"scenario.attempt.number": number, "scenario.attempt.duration": seconds, **outcome},
            )

    def retry(self, *, number: int, wait: float, error: BaseException) -> None:
        """Tell that after `wait` seconds another attempt follows the one of this number, which `error` ended."""
        with HARMLESS:
            outcome = _outcome(None, error)
            self._instruments.retries.add(1, self._labels | outcome, self._context)
            self._span.add_event(
                "scenario.retry", {"scenario.attempt.number": number, "scenario.retry.wait": wait, **outcome}
            )

    def end(
        self,
        times: Mapping[str, Any],
        *,
        status: int | None,
        request_id: str | None,
        error: BaseException | None,
    ) -> None:
        """Tell how the call ended; nothing may be told of it afterwards.

        `times` are those of `CALL_TIMES`. Of an error only its type goes out: texts can repeat what was asked for.
        """
        attempts = times["attempts"]
        throttled = times["waited_for_quota"] + times["waited_for_cool_down"]
        with HARMLESS:
            if throttled > 0:
                self._instruments.throttled_time.add(throttled, self._labels, self._context)
        with HARMLESS:
            outcome = _outcome(status, error)
            self._span.set_attributes(
                {"scenario.queue_time": times["waited_for_slot"] + throttled, **outcome}
            )
            if attempts > 1:
                self._span.set_attribute("http.request.resend_count", attempts - 1)
            if request_id is not None:
                self._span.set_attribute("scenario.request_id", request_id)
            if error is not None:
                kind = type(error)
                self._span.add_event(
                    "exception", {"exception.type": f"{kind.__module__}.{kind.__qualname__}"}
                )
            if "error.type" in outcome:
                from opentelemetry.trace import StatusCode  # noqa: PLC0415

                self._span.set_status(StatusCode.ERROR)
        with HARMLESS:
            self._span.end()


def begin(method: str, url: str, template: str | None, call_id: str = "") -> CallSpan | None:
    """Start the span of one call in a program that has imported OpenTelemetry; None where that fails.

    `url` stands without its query string, `template` is its path of low cardinality, None if there is none; `call_id`
    is the call's name in log records and hooks.
    The span is a child of the current one, and does not become the current one.
    """
    with HARMLESS:
        return _begin(method, url, template, call_id)
    return None


def _begin(method: str, url: str, template: str | None, call_id: str) -> CallSpan | None:
    from opentelemetry import context, metrics, trace  # noqa: PLC0415 - an extra

    # Asked for each time: a program may set its providers after our first call.
    instruments = _instruments(trace.get_tracer_provider(), metrics.get_meter_provider())
    if instruments is None:
        return None
    labels, only_on_span = _described(method, url, template)
    name = method if method in _METHODS else "HTTP"
    parent = context.get_current()
    span = instruments.tracer.start_span(
        name if template is None else f"{name} {template}",
        context=parent,
        kind=trace.SpanKind.CLIENT,
        attributes={**labels, **only_on_span, "scenario.call_id": call_id},
        record_exception=False,
        set_status_on_exception=False,
    )
    begun = span.get_span_context().is_valid  # not without an SDK: a trace from outside then travels on
    inside = trace.set_span_in_context(span, parent) if begun else parent
    return CallSpan(instruments, span, inside, labels)


@functools.lru_cache(maxsize=1)
def _instruments(tracers: TracerProvider, meters: MeterProvider) -> _Instruments | None:
    """Make the instruments, or give None, once, where this OpenTelemetry is too old or broken."""
    with HARMLESS:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - an extra

        meter = meters.get_meter(_SCOPE, __version__)
        return _Instruments(
            tracer=tracers.get_tracer(_SCOPE, __version__),
            propagator=TraceContextTextMapPropagator(),
            requests=meter.create_counter(
                "scenario.client.requests", "{request}", "Attempts that ended, each one a request."
            ),
            retries=meter.create_counter(
                "scenario.client.retries", "{retry}", "Attempts that were followed by another."
            ),
            throttled_time=meter.create_counter(
                "scenario.client.throttled_time",
                "s",
                "Time that calls waited for the quota, for a cool-down, or after a 429.",
            ),
            duration=meter.create_histogram(
                "http.client.request.duration",
                "s",
                "Duration of HTTP client requests.",
                explicit_bucket_boundaries_advisory=_SECONDS,
            ),
        )
    return None


def _described(method: str, url: str, template: str | None) -> tuple[dict[str, str | int], dict[str, str]]:
    """Give what is known when a call begins: what counters tell too, and what only the span tells."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    full = parts._replace(netloc=host, query="", fragment="").geturl()
    only_on_span = {"url.full": full}
    labels: dict[str, str | int] = {
        "http.request.method": method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _DEFAULT_PORTS.get(parts.scheme, 0),
    }
    if method not in _METHODS:
        only_on_span["http.request.method_original"] = method
        labels["http.request.method"] = "_OTHER"
    if template is not None:
        labels["url.template"] = template
    return labels, only_on_span


def _outcome(status: int | None, error: BaseException | None) -> dict[str, str | int]:
    """Give `http.response.status_code` where a reply arrived, and `error.type` where something failed."""
    outcome: dict[str, str | int] = {}
    if status is not None:
        outcome["http.response.status_code"] = status
    if isinstance(error, APIStatusError):
        outcome["error.type"] = str(error.status_code)
    elif error is not None:
        outcome["error.type"] = type(error).__name__
    elif status is not None and status >= FIRST_ERROR_STATUS:
        outcome["error.type"] = str(status)
    return outcome
