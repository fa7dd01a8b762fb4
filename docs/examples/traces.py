"""OpenTelemetry: spans of the SDK below a span of the program, and its counters."""

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from scenario_async import Scenario

# A program in production puts an OTLP exporter and a PeriodicExportingMetricReader in their place.
spans, numbers = InMemorySpanExporter(), InMemoryMetricReader()
tracing = TracerProvider()
tracing.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(tracing)
metrics.set_meter_provider(MeterProvider([numbers]))

with trace.get_tracer("report").start_as_current_span("nightly report"), Scenario() as client:
    client.search.asset_search(query="knight", limit=1)
    client.search.model_search(query="knight", limit=1)

names = {span.context.span_id: span.name for span in spans.get_finished_spans()}
for span in spans.get_finished_spans():
    parent = f" in {names[span.parent.span_id]!r}" if span.parent else ""
    status = (span.attributes or {}).get("http.response.status_code", "")
    print(f"{span.name}{parent} {status}".rstrip())
data = numbers.get_metrics_data()
for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else []:
    print(metric.name)
