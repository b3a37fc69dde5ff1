"""OpenTelemetry traces of requests: made after the response, from the moments noted on the way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.exchange import Exchange

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_SECONDS = 2
"""A collector that takes longer loses the batch; the service's end waits no longer either."""

# Exports fail while the collector is away: one line each is enough.
logging.getLogger("opentelemetry").setLevel(logging.ERROR)


class Tracing:
    """Sends a span for each request, and one below it for each of its stages.

    Args:
        model: name of the service in the traces.
        exporter: what takes the spans, in batches on a thread of its own.
    """

    def __init__(self, model: str, exporter: SpanExporter) -> None:
        self._provider = _provider(model, exporter)
        self._tracer = self._provider.get_tracer("mlops_platform.serving")

    def record(self, exchange: Exchange, route: str, status: int) -> None:
        """Make the spans of an answered request; a `traceparent` of its client is their parent."""
        from opentelemetry.trace import StatusCode, set_span_in_context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        (_, began), *stages = exchange.stages or [("start", 0)]
        carrier = {k.decode("latin-1"): v.decode("latin-1") for k, v in exchange.headers.items()}
        parent = TraceContextTextMapPropagator().extract(carrier)
        attributes: dict[str, Any] = {
            "http.route": route,
            "http.request.method": exchange.scope["method"],
            "http.response.status_code": status,
            "mlops.request_id": exchange.request_id,
            "mlops.version": exchange.version,
            "mlops.role": exchange.role,
        }
        span = self._tracer.start_span("request", parent, attributes=attributes, start_time=began)
        if status >= 500:
            span.set_status(StatusCode.ERROR)
        inside = set_span_in_context(span, parent)
        ended = began
        for name, moment in stages:
            self._tracer.start_span(name, inside, start_time=ended).end(moment)
            ended = moment
        span.end()

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def open_tracing(model: str, endpoint: str) -> Tracing:
    """Traces that go to an OTLP collector over HTTP.

    Raises:
        ServingError: the exporter is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise ServingError(
            f"MLOPS_SERVING_TRACES={endpoint} needs the package opentelemetry-exporter-otlp; "
            "install it beside the Bento, or unset the variable."
        ) from error
    return Tracing(model, OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS))


def _provider(model: str, exporter: SpanExporter) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": model}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
