"""What OpenTelemetry is told of a call: spans, events and counters, never secrets, and never at a call's cost."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from opentelemetry import context as otel_context
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, SpanKind, StatusCode, TraceFlags, TraceState

from scenario_async._observing import telemetry
from scenario_async._version import __version__
from scenario_async.errors import APIConnectionError, PlanLimitError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.context import Context

URL = "https://api.example.com/v1/search/assets"
LABELS = {
    "http.request.method": "POST",
    "server.address": "api.example.com",
    "server.port": 443,
    "url.template": "/search/assets",
}


@attrs.frozen
class Told:
    """Providers of one test, and what they were told."""

    exporter: InMemorySpanExporter = attrs.field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = attrs.field(factory=InMemoryMetricReader)
    tracers: TracerProvider = attrs.field(factory=lambda: TracerProvider(shutdown_on_exit=False))

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that ended."""
        return list(self.exporter.get_finished_spans())

    @property
    def span(self) -> ReadableSpan:
        """The only span that ended."""
        (span,) = self.exporter.get_finished_spans()
        return span

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The events of the only span that ended."""
        return [(event.name, dict(event.attributes or {})) for event in self.span.events]

    @property
    def points(self) -> dict[str, list[Any]]:
        """The data points of each instrument."""
        data = self.reader.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }

    def sums(self, name: str) -> list[tuple[float, dict[str, Any]]]:
        """The sums of one counter, each with its attributes."""
        return [(point.value, dict(point.attributes)) for point in self.points.get(name, [])]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Let the program have providers of its own for one test; the process-wide ones stay unset."""
    told = Told()
    told.tracers.add_span_processor(SimpleSpanProcessor(told.exporter))
    meters = MeterProvider([told.reader], shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: told.tracers)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: meters)
    monkeypatch.setattr(telemetry.HARMLESS, "noted", False)
    yield told
    told.tracers.shutdown()
    meters.shutdown()


def begun(
    url: str = URL, template: str | None = "/search/assets", method: str = "POST"
) -> telemetry.CallSpan:
    """Begin a call that is being traced."""
    span = telemetry.begin(method, url, template, "c-1")
    assert span is not None
    return span


def end(span: telemetry.CallSpan, **given: Any) -> None:
    """End a call that went well, but for what is given."""
    times = {"attempts": 1, "waited_for_slot": 0.0, "waited_for_quota": 0.0, "waited_for_cool_down": 0.0}
    well: dict[str, Any] = {"status": 200, "request_id": None, "error": None}
    times |= {name: given.pop(name) for name in list(given) if name in times}
    span.end(times, **(well | given))


def run(program: str) -> str:
    """Run a program in a fresh interpreter, with warnings as errors, and give what it prints."""
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def limited() -> RateLimitError:
    """Make the error of a 429 that asks for a second's wait."""
    return RateLimitError("429 slow down", status_code=429, retry_after=1.0)


def test_span_of_a_good_call(told: Told) -> None:
    """A call that went well is one client span with the attributes of the HTTP conventions."""
    span = begun()
    span.attempt(number=1, seconds=0.25, status=200, error=None)
    end(span, waited_for_slot=0.5, waited_for_quota=0.75, waited_for_cool_down=0.25, request_id="req_1")
    assert told.span.name == "POST /search/assets"
    assert told.span.kind is SpanKind.CLIENT
    assert told.span.status.status_code is StatusCode.UNSET
    assert dict(told.span.attributes or {}) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "scenario.call_id": "c-1",
        "scenario.queue_time": 1.5,
        "scenario.request_id": "req_1",
        "server.address": "api.example.com",
        "server.port": 443,
        "url.full": "https://api.example.com/v1/search/assets",
        "url.template": "/search/assets",
    }
    assert told.events == [
        (
            "scenario.attempt",
            {
                "scenario.attempt.number": 1,
                "scenario.attempt.duration": 0.25,
                "http.response.status_code": 200,
            },
        )
    ]
    scope = told.span.instrumentation_scope
    assert scope is not None
    assert (scope.name, scope.version) == ("scenario_async", __version__)


@pytest.mark.parametrize(
    ("status", "error", "kind", "event"),
    [
        (
            429,
            PlanLimitError("429 quota", status_code=429),
            "429",
            "scenario_async.errors.PlanLimitError",
        ),
        (None, APIConnectionError("gone"), "APIConnectionError", "scenario_async.errors.APIConnectionError"),
        (None, ValueError("gone"), "ValueError", "builtins.ValueError"),
    ],
)
def test_span_of_a_failed_call(
    told: Told, status: int | None, error: Exception, kind: str, event: str
) -> None:
    """A failure is an error of the span, told by its status, else by its class, and by nothing of its text."""
    end(begun(), status=status, error=error)
    attributes = told.span.attributes or {}
    assert attributes["error.type"] == kind
    assert attributes.get("http.response.status_code") == status
    assert told.span.status.status_code is StatusCode.ERROR
    assert told.span.status.description is None
    assert told.events == [("exception", {"exception.type": event})]


def test_error_of_a_reply_that_is_no_exception_yet(told: Told) -> None:
    """An attempt that only has a status of 300 or more is a failure nonetheless."""
    span = begun()
    span.attempt(number=1, seconds=0.5, status=503, error=None)
    span.attempt(number=2, seconds=0.5, status=302, error=None)
    end(span)
    assert [attributes.get("error.type") for _, attributes in told.events] == ["503", "302"]


@pytest.mark.parametrize(
    ("method", "template", "name", "method_told"),
    [("GET", None, "GET", "GET"), ("BREW", None, "HTTP", "_OTHER"), ("BREW", "/pot", "HTTP /pot", "_OTHER")],
)
def test_names_stay_few(told: Told, method: str, template: str | None, name: str, method_told: str) -> None:
    """Without a template the name is the method's, and methods nobody knows share one name."""
    end(begun("https://api.example.com/v1/models/model_1", template, method))
    attributes = told.span.attributes or {}
    assert told.span.name == name
    assert attributes["http.request.method"] == method_told
    assert attributes.get("http.request.method_original") == (method if method_told == "_OTHER" else None)
    assert attributes.get("url.template") == template


@pytest.mark.parametrize(
    ("url", "address", "port"),
    [
        ("http://localhost:8080/v1/x", "localhost", 8080),
        ("http://api.example.com/v1", "api.example.com", 80),
        ("https://[::1]:8443/v1", "::1", 8443),
    ],
)
def test_server(told: Told, url: str, address: str, port: int) -> None:
    """The server is told apart from its URL, with the scheme's port where the URL has none."""
    end(begun(url))
    attributes = told.span.attributes or {}
    assert (attributes["server.address"], attributes["server.port"]) == (address, port)
    assert attributes["url.full"] == url


def test_counters(told: Told) -> None:
    """Each attempt, each retry and the throttled seconds are counted, with attributes of few values only."""
    for _ in range(2):
        span = begun()
        span.attempt(number=1, seconds=0.5, status=429, error=limited())
        span.retry(number=1, wait=1.0, error=limited())
        span.attempt(number=2, seconds=0.125, status=200, error=None)
        end(
            span,
            attempts=2,
            waited_for_slot=9.0,
            waited_for_quota=0.5,
            waited_for_cool_down=1.0,
            request_id="req_1",
        )
    refused = LABELS | {"http.response.status_code": 429, "error.type": "429"}
    assert told.sums("scenario.client.requests") == [
        (2, refused),
        (2, LABELS | {"http.response.status_code": 200}),
    ]
    assert told.sums("scenario.client.retries") == [(2, LABELS | {"error.type": "429"})]
    assert told.sums("scenario.client.throttled_time") == [(3.0, LABELS)]
    durations = {
        point.attributes["http.response.status_code"]: point
        for point in told.points["http.client.request.duration"]
    }
    assert (durations[429].count, durations[429].sum) == (2, 1.0)
    assert (durations[200].count, durations[200].sum) == (2, 0.25)
    assert list(durations[200].explicit_bounds) == [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    ]  # fmt: skip


def test_exemplars_name_the_span_of_the_call(told: Told) -> None:
    """Measurements lead to the span of their call, although it is never the current one."""
    span = begun()
    span.attempt(number=1, seconds=0.5, status=429, error=limited())
    span.retry(number=1, wait=1.0, error=limited())
    end(span, waited_for_cool_down=1.0)
    made = told.span.context
    assert made is not None
    points = told.points
    assert len(points) == 4
    for (point,) in points.values():
        assert [exemplar.span_id for exemplar in point.exemplars] == [made.span_id]


def test_calls_that_were_not_throttled_count_no_time(told: Told) -> None:
    """A wait for a free slot alone is queueing, not throttling."""
    span = begun()
    span.attempt(number=1, seconds=0.5, status=200, error=None)
    end(span, waited_for_slot=2.0)
    assert "scenario.client.throttled_time" not in told.points


def test_units(told: Told) -> None:
    """Instruments carry their units, under the package's name and version."""
    span = begun()
    span.attempt(number=1, seconds=0.5, status=None, error=APIConnectionError("gone"))
    span.retry(number=1, wait=0.5, error=APIConnectionError("gone"))
    end(span, waited_for_cool_down=0.5)
    data = told.reader.get_metrics_data()
    assert data is not None
    (scope,) = data.resource_metrics[0].scope_metrics
    assert (scope.scope.name, scope.scope.version) == ("scenario_async", __version__)
    assert {metric.name: metric.unit for metric in scope.metrics} == {
        "scenario.client.requests": "{request}",
        "scenario.client.retries": "{retry}",
        "scenario.client.throttled_time": "s",
        "http.client.request.duration": "s",
    }


def test_headers_carry_the_state_but_no_baggage(told: Told) -> None:
    """`tracestate` travels on; baggage does not, as the service is a third party."""
    from opentelemetry import baggage  # noqa: PLC0415

    remote = SpanContext(
        0xABC, 0xDEF, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("v", "1")])
    )
    context = trace.set_span_in_context(trace.NonRecordingSpan(remote))
    token = otel_context.attach(baggage.set_baggage("customer", "secret", context))
    try:
        span = begun()
        headers = span.headers()
        end(span)
    finally:
        otel_context.detach(token)
    assert sorted(headers) == ["traceparent", "tracestate"]
    assert headers["traceparent"].startswith("00-00000000000000000000000000000abc-")
    assert headers["tracestate"] == "v=1"


def test_no_secrets(told: Told) -> None:
    """Neither keys nor tokens nor query strings nor texts of errors stand in anything that is exported."""
    url = "https://key-s3cr3t:pass-s3cr3t@api.example.com/v1/x?token=query-s3cr3t#part-s3cr3t"
    error = RateLimitError(
        "Bearer token-s3cr3t of key-s3cr3t",
        status_code=429,
        headers={"authorization": "Basic header-s3cr3t"},
        body={"prompt": "body-s3cr3t"},
    )
    span = begun(url)
    span.attempt(number=1, seconds=0.5, status=429, error=error)
    span.retry(number=1, wait=0.5, error=error)
    end(span, attempts=2, status=429, waited_for_cool_down=0.5, error=error)
    exported = told.span.to_json() + repr(told.points)
    assert "https://api.example.com/v1/x" in exported
    assert "s3cr3t" not in exported


class Broken(SpanProcessor):
    """A processor that fails where it is told to."""

    def __init__(self, place: str) -> None:
        self.place = place

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Fail if it is the place."""
        self._fail("start")

    def on_end(self, span: ReadableSpan) -> None:
        """Fail if it is the place."""
        self._fail("end")

    def _fail(self, place: str) -> None:
        if self.place == place:
            raise RuntimeError("broke at https://otel.example.com/?key=s3cr3t")


def test_processor_that_fails_at_the_end(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """A call does not notice that a processor raises; one line at debug does, once, without secrets."""
    told.tracers.add_span_processor(Broken("end"))
    with caplog.at_level(logging.DEBUG, "scenario_async"):
        for _ in range(2):
            end(begun())
    assert len(told.spans) == 2
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "DEBUG",
            "OpenTelemetry failed, calls go on without it: RuntimeError: broke at https://otel.example.com/?…",
        )
    ]


def test_processor_that_fails_at_the_start(told: Told) -> None:
    """A span that cannot be started is a call without a span."""
    told.tracers.add_span_processor(Broken("start"))
    assert telemetry.begin("POST", URL, None) is None


def test_exporter_that_fails(told: Told, caplog: pytest.LogCaptureFixture) -> None:
    """A call does not notice that an exporter raises."""

    class Failing(SpanExporter):
        def export(self, spans: object) -> Any:
            raise RuntimeError("the collector is away")

    told.tracers.add_span_processor(SimpleSpanProcessor(Failing()))
    end(begun())
    assert told.span.name == "POST /search/assets"
    assert "the collector is away" in caplog.text  # the SDK's own log: the exporter was reached


def test_span_and_instruments_that_fail(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """No method of a call's span raises, even if everything below it does."""
    span = begun()

    def fail(*args: object, **given: object) -> None:
        raise RuntimeError("broken")

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return fail

    monkeypatch.setattr(span, "_span", Failing())
    monkeypatch.setattr(span, "_instruments", Failing())
    assert span.headers() == {}
    span.attempt(number=1, seconds=0.5, status=200, error=None)
    span.retry(number=1, wait=0.5, error=limited())
    end(span, waited_for_cool_down=1.0)


def test_failing_attributes_still_end_the_span(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span ends even if it cannot be told how the call ended."""
    span = begun()
    monkeypatch.setattr(Span, "set_attributes", None)
    end(span)
    assert told.span.end_time is not None


def test_interrupts_pass(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no `Exception`, such as Ctrl-C, is not swallowed."""

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trace, "get_tracer_provider", interrupted)
    with pytest.raises(KeyboardInterrupt):
        telemetry.begin("POST", URL, None)


def test_opentelemetry_without_advised_boundaries(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """An OpenTelemetry too old for what is needed is asked once, and then left out."""
    asked: list[str] = []

    class OldMeter:
        def create_counter(self, name: str, unit: str = "", description: str = "") -> None:
            asked.append(name)

        def create_histogram(self, name: str, unit: str = "", description: str = "") -> None:
            raise AssertionError("the keyword must have been refused")

    class OldMeters:
        def get_meter(self, name: str, version: str) -> OldMeter:
            return OldMeter()

    old = OldMeters()
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: old)
    assert telemetry.begin("POST", URL, None) is None
    assert telemetry.begin("POST", URL, None) is None
    assert len(asked) == 3


def test_unused_opentelemetry_is_not_loaded() -> None:
    """In a program that does not import OpenTelemetry, a call neither makes a span nor imports it."""
    program = """
import sys
from scenario_async._http.request import Request
from scenario_async._observing.observer import Observer
from scenario_async.settings import Settings
url = "https://api.example.com/v1/search/assets"
request = Request(method="POST", url=url, address=url, headers={}, template="/search/assets")
print(Observer(Settings(api_key="k", api_secret="s"), request).request.headers)
print([name for name in sys.modules if name.split(".")[0] == "opentelemetry"])
"""
    assert run(program) == "{}\n[]"


def test_api_without_sdk() -> None:
    """Without an SDK all is a no-op, but a trace that came from outside travels on."""
    program = """
import sys
sys.modules["opentelemetry.sdk"] = None
from opentelemetry import context, trace
from scenario_async._observing import telemetry
def call():
    span = telemetry.begin("POST", "https://api.example.com/v1/search/assets", "/search/assets")
    print(span.headers())
    span.attempt(number=1, seconds=0.5, status=None, error=OSError())
    span.retry(number=1, wait=0.5, error=OSError())
    times = {"attempts": 2, "waited_for_slot": 0.0, "waited_for_quota": 1.0, "waited_for_cool_down": 0.0}
    span.end(times, status=200, request_id="r", error=None)
call()
remote = trace.SpanContext(0xabc, 0xdef, is_remote=True, trace_flags=trace.TraceFlags(1))
context.attach(trace.set_span_in_context(trace.NonRecordingSpan(remote)))
call()
print(telemetry.HARMLESS.noted)
"""
    travels = "{'traceparent': '00-00000000000000000000000000000abc-0000000000000def-01'}"
    assert run(program) == f"{{}}\n{travels}\nFalse"


def test_providers_set_after_the_first_call() -> None:
    """A program may set its process-wide providers late: calls from then on are told to them."""
    program = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from scenario_async._observing import telemetry
def begin():
    return telemetry.begin("GET", "https://api.example.com/v1/models", "/models")
def end(span):
    span.attempt(number=1, seconds=0.5, status=200, error=None)
    times = {"attempts": 1, "waited_for_slot": 0.0, "waited_for_quota": 0.0, "waited_for_cool_down": 0.0}
    span.end(times, status=200, request_id=None, error=None)
end(begin())
early = begin()
exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
tracers = TracerProvider()
tracers.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(tracers)
metrics.set_meter_provider(MeterProvider([reader]))
end(early)
end(begin())
print([span.name for span in exporter.get_finished_spans()])
for metric in reader.get_metrics_data().resource_metrics[0].scope_metrics[0].metrics:
    print(metric.name, [getattr(p, "value", None) or p.count for p in metric.data.data_points])
print(telemetry.HARMLESS.noted)
"""
    assert run(program).splitlines() == [
        "['GET /models']",
        "scenario.client.requests [2]",
        "http.client.request.duration [2]",
        "False",
    ]


@pytest.mark.parametrize("missing", ["opentelemetry.trace", "opentelemetry.metrics", "opentelemetry.context"])
def test_partial_installation(missing: str) -> None:
    """An OpenTelemetry of which a part cannot be imported is as good as none."""
    program = f"""
import sys, types
sys.modules["opentelemetry.trace"] = types.ModuleType("opentelemetry.trace")
sys.modules[{missing!r}] = None
from scenario_async._observing import telemetry
print(telemetry.begin("POST", "https://api.example.com/v1/search/assets", None))
"""
    assert run(program) == "None"
