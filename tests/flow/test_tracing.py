"""A call as OpenTelemetry sees it from outside: one span, its attempts, and the counters."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode
from support.hits import assets
from support.servers import Answer, answers, paged

from scenario_async import (
    APIConnectionError,
    APIResponseValidationError,
    AssetSearch,
    AsyncScenario,
    BadRequestError,
    DeadlineExceededError,
    ScenarioError,
)
from scenario_async._observing import telemetry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.faces import Connect
    from support.servers import Serve

SEARCH = AssetSearch(query="q")
GOOD = Answer({"hits": assets(1), "limit": 20, "offset": 0}, headers={"x-request-id": "r-9"})
LATER = Answer({"reason": "later"}, status=503, headers={"retry-after-ms": "2"})


class _Ended(SpanProcessor):
    """Keeps the spans that ended, each as often as it did."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.begun = 0

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Count."""
        self.begun += 1

    def on_end(self, span: ReadableSpan) -> None:
        """Keep."""
        self.spans.append(span)


@attrs.frozen
class Told:
    """What the program's providers were told."""

    ended: _Ended
    reader: InMemoryMetricReader
    tracers: TracerProvider

    @property
    def span(self) -> ReadableSpan:
        """The only call's span, which ended once."""
        assert self.ended.begun == len(self.ended.spans) == 1
        return self.ended.spans[0]

    def calls(self) -> list[ReadableSpan]:
        """The spans of calls, in the order of their ends."""
        return [span for span in self.ended.spans if span.name.startswith(("POST", "GET"))]

    def events(self) -> list[tuple[str, Any, Any]]:
        """The only span's events: name, number, and what came of it."""
        return [
            (
                event.name,
                (event.attributes or {}).get("scenario.attempt.number"),
                (event.attributes or {}).get("error.type", "-"),
            )
            for event in self.span.events
        ]

    def total(self, name: str) -> float:
        """The sum of a counter over all labels."""
        data = self.reader.get_metrics_data()
        points: list[Any] = [
            point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]
        return float(sum(point.value for point in points))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Let the program have providers of its own for one test; the process-wide ones stay unset."""
    told = Told(_Ended(), InMemoryMetricReader(), TracerProvider(shutdown_on_exit=False))
    told.tracers.add_span_processor(told.ended)
    meters = MeterProvider([told.reader], shutdown_on_exit=False)
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: told.tracers)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: meters)
    monkeypatch.setattr(telemetry.HARMLESS, "noted", False)
    yield told
    assert not telemetry.HARMLESS.noted
    told.tracers.shutdown()
    meters.shutdown()


def test_a_retried_call_is_one_span(connect: Connect, serve: Serve, told: Told) -> None:
    """Its attempts are events, and the counters count each of them."""
    server = serve(answers(LATER, LATER, GOOD))
    connect(server.base_url, project_id="proj_x").page(SEARCH)
    attributes = dict(told.span.attributes or {})
    queued = attributes.pop("scenario.queue_time")
    assert isinstance(queued, float)
    assert 0 <= queued < 5
    assert attributes.pop("scenario.call_id")
    port = int(server.base_url.rpartition(":")[2].partition("/")[0])
    assert attributes == {
        "http.request.method": "POST",
        "http.request.resend_count": 2,
        "http.response.status_code": 200,
        "scenario.request_id": "r-9",
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.full": f"{server.base_url}/search/assets",
        "url.template": "/search/assets",
    }
    assert told.events() == [
        ("scenario.attempt", 1, "503"),
        ("scenario.retry", 1, "503"),
        ("scenario.attempt", 2, "503"),
        ("scenario.retry", 2, "503"),
        ("scenario.attempt", 3, "-"),
    ]
    assert told.span.status.status_code is StatusCode.UNSET
    assert told.total("scenario.client.requests") == 3
    assert told.total("scenario.client.retries") == 2
    assert told.total("scenario.client.throttled_time") == 0


def test_a_call_is_a_child_of_its_caller_and_the_service_is_told(
    connect: Connect, serve: Serve, told: Told
) -> None:
    """All attempts carry the call's span, also from the blocking client's thread."""
    server = serve(answers(LATER, GOOD))
    face = connect(server.base_url)
    with told.tracers.get_tracer("test").start_as_current_span("caller") as outer:
        if hasattr(face, "runner"):
            _in_this_context(face)
        else:
            face.page(SEARCH)
    (call,) = told.calls()
    context = outer.get_span_context()
    assert call.parent is not None
    assert call.parent.span_id == context.span_id
    own = call.get_span_context()
    assert own is not None
    assert own.trace_id == context.trace_id
    sent = [request.headers["traceparent"].rpartition("-")[0] for request in server.requests]
    assert sent == [f"00-{own.trace_id:032x}-{own.span_id:016x}"] * 2


def _in_this_context(face: Any) -> None:
    """Search on the face's loop; a runner has a context of its own, so this one's span goes along by hand."""
    span = trace.get_current_span()

    async def search() -> None:
        with trace.use_span(span):
            await face.client.search.asset_search(query="q")

    face.runner.run(search())


def test_a_pace_is_queue_time(connect: Connect, serve: Serve, told: Told) -> None:
    """What a 429 holds back is told on the span and in the counter of throttled time."""
    limited = Answer({"reason": "slow down"}, status=429, headers={"retry-after-ms": "50"})
    connect(serve(answers(limited, GOOD)).base_url).page(SEARCH)
    assert told.events()[:2] == [("scenario.attempt", 1, "429"), ("scenario.retry", 1, "429")]
    assert 0.05 <= told.total("scenario.client.throttled_time") < 5


def test_each_page_is_a_span(connect: Connect, serve: Serve, told: Told) -> None:
    """An iteration makes a call for each page, and the blocking client one more for its first page."""
    server = serve(paged(assets(25)))
    connect(server.base_url).hits(AssetSearch(query="q", limit=10))
    assert len(told.ended.spans) == told.ended.begun == len(server.requests)


def test_the_span_of_a_page_that_is_given_up_ends_too(connect: Connect, serve: Serve, told: Told) -> None:
    """A page beyond the end may have been asked for ahead; whether its request went out or not, its span ends."""
    server = serve(paged(assets(25)))
    connect(server.base_url).hits(AssetSearch(query="q", limit=10), prefetch=2)
    assert len(told.ended.spans) == told.ended.begun
    assert 0 <= told.ended.begun - len(server.requests) <= 1


def _hang(handler: Any) -> None:
    handler.rfile.read(1)


def _stall(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")


FAILURES: dict[str, tuple[Any, dict[str, Any], type[ScenarioError], str]] = {
    "refused": (Answer({"reason": "No."}, status=400), {}, BadRequestError, "400"),
    "broken": (Answer(behave=_stall),
               {"max_retries": 0, "timeout": 0.3}, APIConnectionError, "APITimeoutError"),
    "slow": (Answer(behave=_hang), {"deadline": 0.1}, DeadlineExceededError, "DeadlineExceededError"),
    "too large": (Answer(b" " * 1000), {"max_response_bytes": 100}, APIResponseValidationError,
                  "APIResponseValidationError"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_call_is_a_span_with_an_error(
    connect: Connect, serve: Serve, told: Told, failure: str
) -> None:
    """Its kind is told and its text is not; the span ends once."""
    answer, options, error, kind = FAILURES[failure]
    with pytest.raises(error):
        connect(serve(answers(answer)).base_url, **options).page(SEARCH)
    assert told.span.status.status_code is StatusCode.ERROR
    assert told.span.status.description is None
    assert (told.span.attributes or {})["error.type"] == kind
    assert told.events()[-1][0] == "exception"
    assert told.total("scenario.client.requests") == 1


def test_nobody_listens(connect: Connect, told: Told) -> None:
    """A call without a reply ends its span too."""
    with pytest.raises(APIConnectionError):
        connect("http://127.0.0.1:1/v1", max_retries=0).page(SEARCH)
    assert (told.span.attributes or {})["error.type"] == "APIConnectionError"


@pytest.mark.parametrize("phase", ["queue", "attempt", "retry wait", "hook"])
async def test_a_cancelled_call_ends_its_span(serve: Serve, told: Told, phase: str) -> None:
    """Wherever it is given up."""
    reached = asyncio.Event()
    hanging = Answer(behave=_hang)
    waiting = Answer({"reason": "later"}, status=503, headers={"retry-after": "30"})
    server = serve(answers(waiting if phase == "retry wait" else hanging))

    async def hook(_: object) -> None:
        reached.set()
        if phase == "hook":
            await asyncio.Event().wait()

    name = "on_retry" if phase == "retry wait" else "on_request"
    options: dict[str, Any] = {name: hook}
    async with AsyncScenario(
        api_key="a", api_secret="b", base_url=server.base_url, max_concurrency=1, **options
    ) as client:
        tasks = [
            asyncio.create_task(client.request("POST", "/search/assets", json={}))
            for _ in range(2 if phase == "queue" else 1)
        ]
        await reached.wait()
        await asyncio.sleep(0.02)
        for task in reversed(tasks):
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in done)
    assert told.ended.begun == len(told.ended.spans) == len(tasks)
    kinds = [(span.attributes or {})["error.type"] for span in told.ended.spans]
    assert kinds == ["CancelledError"] * len(tasks)
    assert all(span.status.status_code is StatusCode.ERROR for span in told.ended.spans)


def test_what_is_refused_before_it_leaves_is_no_span(connect: Connect, told: Told) -> None:
    """A call that no request was meant for is nothing to trace."""
    face = connect("http://127.0.0.1:1/v1")
    with pytest.raises(ScenarioError):
        face.request("GET", "https://elsewhere.example/x")
    face.close()
    with pytest.raises(ScenarioError, match="closed"):
        face.page(SEARCH)
    assert told.ended.begun == 0
