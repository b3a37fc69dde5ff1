"""Traces: spans of a request and its stages, sent to a collector over HTTP."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from mlops_platform.serving.runtime import RuntimeSettings

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(BaseHTTPRequestHandler):
    """Keeps the spans that it is sent."""

    spans: list[Any]

    def do_POST(self) -> None:
        request = ExportTraceServiceRequest()
        request.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    spans: list[Any] = []
    handler = type("Kept", (Collector,), {"spans": spans})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", spans
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_request_and_its_stages_are_spans_below_the_clients(
    service_of: Any, row: dict[str, Any], collector: tuple[str, list[Any]]
):
    endpoint, spans = collector
    service = service_of(RuntimeSettings(traces=endpoint))
    told = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    before = time.time_ns()
    answer = service.ask("POST", "/v1/predict", row, headers=told)
    service.ask("POST", "/v1/predict", row | {"copy": "x"})
    service.worker.tracing.close()
    request, failed = sorted(
        (span for span in spans if span.name == "request"),
        key=lambda span: span.start_time_unix_nano,
    )
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert failed.trace_id.hex() != TRACE
    attributes = {pair.key: pair.value for pair in request.attributes}
    assert attributes["mlops.request_id"].string_value == answer.json["request_id"]
    assert attributes["http.response.status_code"].int_value == 200
    stages = [span for span in spans if span.parent_span_id == request.span_id]
    assert [span.name for span in stages] == ["validate", "predict"]
    moments = [before, request.start_time_unix_nano]
    for span in stages:
        assert span.start_time_unix_nano == moments[-1]
        moments.append(span.end_time_unix_nano)
    assert moments == sorted(moments)
    assert moments[-1] <= request.end_time_unix_nano


def test_without_an_endpoint_nothing_is_noted(service: Any, row: dict[str, Any]):
    assert service.worker.tracing is None
    assert service.ask("POST", "/v1/predict", row).status == 200


def test_a_collector_that_is_away_costs_no_answer(service_of: Any, row: dict[str, Any]):
    service = service_of(RuntimeSettings(traces="http://127.0.0.1:9/v1/traces"))
    assert service.ask("POST", "/v1/predict", row).status == 200
    # Shutting down would wait for the collector.
    service.worker.tracing = None
