"""The served Bento, over HTTP, where neither the platform nor its repository is on the path."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.packing.packaging import BuiltBento
from mlops_platform.serving.packing.server import LOOPBACK, RunningBento, running_bento
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.scoring.rounding import TOLERANCE

pytestmark = pytest.mark.slow


def test_the_bento_runs_where_the_platform_is_not_installed(
    bare_python: str, server: RunningBento, tmp_path: Path
):
    found = subprocess.run(
        [bare_python, "-c", "import bentoml, mlops_platform"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        check=False,
    )
    assert b"No module named 'mlops_platform'" in found.stderr
    assert server.process.poll() is None


def test_the_worker_of_bentoml_runs_the_application_that_to_asgi_returns(ask: Any):
    # BentoML says `Not Found` in plain text, and shows its own pages.
    assert ask("GET", "/nowhere").problem == "not-found"
    assert ask("GET", "/schema.json").problem == "not-found"


def test_its_workers_have_not_loaded_what_only_large_batches_need(server: RunningBento, ask: Any):
    assert ask("GET", "/readyz").status == 200
    workers = psutil.Process(server.process.pid).children(recursive=True)
    mapped = {Path(file.path) for worker in workers for file in worker.memory_maps()}
    libraries = {part for file in mapped for part in file.parts}
    assert "numpy" in libraries
    assert not libraries & {"pandas", "scipy", "sklearn"}


def test_a_row_is_answered_as_the_pipeline_answers_it(
    ask: Any, rows: pd.DataFrame, schema: FeatureSchema, model: Any
):
    for features in rows_of(schema, rows[:40]):
        expected = float(model.predict_proba(frame_of(schema, [features]))[0, 1])
        answer = ask("POST", "/v1/predict", features).json
        assert answer["probability"] == pytest.approx(expected, rel=0, abs=TOLERANCE)
        assert answer["decision"] == (expected >= 0.3)
        assert (answer["model"], answer["version"], answer["sequence"]) == ("flight_delay", "1", 4)


def test_a_batch_answers_what_its_rows_answer_alone(
    ask: Any, rows: pd.DataFrame, schema: FeatureSchema
):
    some = rows_of(schema, rows[:30])
    batch = ask("POST", "/v1/predict_batch", {"rows": some}).json
    alone = [ask("POST", "/v1/predict", row).json["probability"] for row in some]
    assert [score["probability"] for score in batch["predictions"]] == pytest.approx(
        alone, abs=1e-12
    )
    assert (batch["model"], batch["version"], batch["sequence"]) == ("flight_delay", "1", 4)


def test_the_entity_is_echoed_and_may_be_left_out(ask: Any, row: dict[str, Any]):
    assert ask("POST", "/v1/predict", row).json["entity"] is None
    answer = ask("POST", "/v1/predict", row | {"flight_id": "flight-7"}).json
    assert answer["entity"] == "flight-7"


def test_missing_values_are_taken_where_training_had_them(ask: Any, row: dict[str, Any]):
    assert ask("POST", "/v1/predict", row | {"late_rate": None, "carrier": None}).status == 200


def test_an_unknown_category_is_answered_with_a_warning(ask: Any, row: dict[str, Any]):
    answer = ask("POST", "/v1/predict", row | {"carrier": "ZZ"})
    assert answer.status == 200
    (warning,) = answer.json["warnings"]
    assert (warning["field"], warning["kind"]) == ("carrier", "unknown_category")
    assert "'ZZ'" in warning["message"]
    assert ask("POST", "/v1/predict", row).json["warnings"] == []


@pytest.mark.parametrize("field", ["distance_miles", "late_rate", "copy", "carrier", "media_type"])
def test_a_field_left_out_is_refused_even_where_null_is_taken(
    ask: Any, row: dict[str, Any], field: str
):
    del row[field]
    answer = ask("POST", "/v1/predict", row)
    assert (answer.problem, answer.status) == ("invalid-input", 422)
    assert list(answer.faults) == [field]
    assert "Send the field" in answer.faults[field]


@pytest.mark.parametrize(("count", "word"), [(0, "at least 1"), (31, "at most 30")])
def test_a_batch_of_a_wrong_size_is_refused(ask: Any, row: dict[str, Any], count: int, word: str):
    answer = ask("POST", "/v1/predict_batch", {"rows": [row] * count})
    assert (answer.problem, answer.status) == ("invalid-input", 422)
    assert word in answer.faults["rows"]


def test_a_batch_names_the_row_and_the_field_that_it_refuses(ask: Any, row: dict[str, Any]):
    answer = ask("POST", "/v1/predict_batch", {"rows": [row, row | {"copy": "x"}]})
    assert (answer.problem, answer.status) == ("invalid-input", 422)
    assert list(answer.faults) == ["rows.1.copy"]


def test_the_model_tells_what_it_is(ask: Any, schema: FeatureSchema):
    told = ask("GET", "/v1/model").json
    assert (told["model"], told["version"], told["sequence"]) == ("flight_delay", "1", 4)
    assert (told["training_set_hash"], told["constants"]) == ("5e7", {"threshold": 0.3})
    assert told["schema_hash"] == schema.schema_hash
    assert FeatureSchema.model_validate(told["features"]) == schema


def test_the_documentation_shows_the_real_fields(ask: Any, rows: pd.DataFrame):
    document = ask("GET", "/docs.json").json
    schemas = document["components"]["schemas"]
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/FlightDelayRow"}
    row = schemas["FlightDelayRow"]
    fields = row["properties"]
    assert list(fields) == [
        *("flight_id", "distance_miles", "late_rate", "copy", "carrier", "media_type")
    ]
    assert set(row["required"]) == set(fields) - {"flight_id"}
    assert row["additionalProperties"] is False
    assert fields["distance_miles"]["type"] == "number"
    assert "Number, 9" in fields["distance_miles"]["description"]
    assert max(fields["distance_miles"]["examples"]) == max(rows["distance_miles"])
    for name, kind in (("late_rate", "number"), ("carrier", "string")):
        assert [branch["type"] for branch in fields[name]["anyOf"]] == [kind, "null"]
    assert fields["carrier"]["examples"] == ["AA", "B6", "UA"]
    assert "enum" not in json.dumps(fields)
    assert ask("POST", "/v1/predict", row["example"]).status == 200
    assert {"FlightDelayRow", "FlightDelayBatch", "Prediction", "ProblemDetails"} <= set(schemas)


def test_the_documentation_page_has_its_assets(ask: Any):
    page = ask("GET", "/")
    assert "docs.json" in page.text
    for asset in re.findall(r'"\./(static_content/[^"]+)"', page.text):
        assert ask("GET", f"/{asset}").status == 200
    assert ask("GET", "/static_content/index.css").status == 404
    assert ask("GET", "/schema.json").status == 404, "nothing of BentoML's own is reachable"


def test_health_is_there(ask: Any):
    assert [ask("GET", route).status for route in ("/livez", "/readyz", "/healthz")] == [200] * 3


def metric(ask: Any, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(ask("GET", "/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_what_two_workers_count_adds_up(
    ask: Any, row: dict[str, Any], server: RunningBento, served: Path
):
    names = ("mlops_requests_total", "mlops_request_seconds_count", "mlops_predictions_total")
    odd = row | {"carrier": "??", "late_rate": None}
    before = [metric(ask, name, version="1") for name in names]
    unknown = metric(ask, "mlops_unknown_categories_total", field="carrier")
    missing = metric(ask, "mlops_missing_values_total", field="late_rate")
    asked = len(served_by(served))
    with one_worker_held(server, odd, requests=20):
        for _ in range(40):
            assert ask("POST", "/v1/predict", odd).status == 200
    after = [metric(ask, name, version="1") for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)][2] == 60
    # The requests for metrics are counted as well.
    assert [b - a >= 60 for a, b in zip(before, after, strict=True)] == [True] * 3
    assert metric(ask, "mlops_unknown_categories_total", field="carrier") - unknown == 60
    assert metric(ask, "mlops_missing_values_total", field="late_rate") - missing == 60
    assert metric(ask, "mlops_release_sequence", role="champion") == 4
    lines = served_by(served)
    assert len(lines) - asked == 60
    assert len(set(lines)) == 2, "both workers answered"


@contextmanager
def one_worker_held(server: RunningBento, row: dict[str, Any], requests: int) -> Iterator[None]:
    """Ask over one connection, whose worker then stands still: the other one answers meanwhile."""
    connection, body = server.connection(), json.dumps(row)
    for _ in range(requests):
        connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
    port = connection.sock.getsockname()[1]
    (worker,) = [worker for worker, peer in connections_of(server) if peer == port]
    worker.suspend()
    try:
        yield
    finally:
        worker.resume()
        connection.close()


def connections_of(server: RunningBento) -> list[tuple[psutil.Process, int]]:
    """Workers with the ports of the clients whose connections they have accepted and not closed."""
    return [
        (worker, connection.raddr.port)
        for worker in psutil.Process(server.process.pid).children(recursive=True)
        for connection in worker.net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == server.port
    ]


def served_by(served: Path) -> list[str]:
    """The file of each logged prediction: every worker has its own."""
    files = served.glob("predictions-*.jsonl")
    return [file.name for file in files for _ in file.read_text().splitlines()]


def test_workers_take_the_fast_event_loop_and_parser(server: RunningBento):
    (worker, *_) = psutil.Process(server.process.pid).children(recursive=True)
    loaded = {Path(mapped.path).name.partition(".")[0] for mapped in worker.memory_maps()}
    assert {"loop", "parser"} <= loaded


def test_requests_in_flight_are_answered_when_the_service_is_told_to_stop(
    bento: BuiltBento, row: dict[str, Any], bare_python: str
):
    with running_bento(str(bento.path), python=bare_python) as server:
        body = json.dumps(row).encode()
        with socket.create_connection((LOOPBACK, server.port)) as connection:
            head = f"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}"
            connection.sendall(head.encode() + b"\r\nContent-Type: application/json\r\n\r\n")
            connection.sendall(body[:10])
            while not connections_of(server):
                time.sleep(0.05)
            time.sleep(0.1)  # it is read as soon as it is taken in
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            connection.sendall(body[10:])
            connection.settimeout(10)
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(20) == 0


def test_nothing_that_was_asked_here_was_an_error_of_the_server(ask: Any):
    counted = {
        sample.labels["status"]
        for family in text_string_to_metric_families(ask("GET", "/metrics").text)
        for sample in family.samples
        if sample.name == "mlops_requests_total" and sample.value > 0
    }
    assert "422" in counted
    assert not any(status.startswith("5") for status in counted)
