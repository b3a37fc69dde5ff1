"""The served Bento, over HTTP, where neither the platform nor its repository is on the path."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.server import RunningBento

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


def test_a_row_is_answered_exactly_as_the_pipeline_answers_it(
    ask: Any, rows: pd.DataFrame, schema: FeatureSchema, model: Any
):
    for features in rows_of(schema, rows[:40]):
        expected = float(model.predict_proba(frame_of(schema, [features]))[0, 1])
        answer = ask("POST", "/v1/predict", features).json
        assert answer["probability"] == expected
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


NASTY = [
    ('"distance_miles": NaN', "distance_miles", "finite"),
    ('"distance_miles": Infinity', "distance_miles", "finite"),
    ('"distance_miles": -Infinity', "distance_miles", "finite"),
    ('"distance_miles": 1e400', "distance_miles", "finite"),
    ('"distance_miles": ' + "9" * 400, "distance_miles", "number"),
    ('"distance_miles": "1400"', "distance_miles", "number"),
    ('"distance_miles": true', "distance_miles", "number"),
    ('"distance_miles": [1]', "distance_miles", "number"),
    ('"distance_miles": null', "distance_miles", "number"),
    ('"late_rate": "NaN"', "late_rate", "number"),
    ('"carrier": 1', "carrier", "string"),
    ('"carrier": "AA\\u0000"', "carrier", "pattern"),
    ('"carrier": "' + "A" * 257 + '"', "carrier", "256"),
    ('"media_type": null', "media_type", "string"),
    ('"surplus": 1', "surplus", "Extra"),
    ('"column_0": 1', "column_0", "Extra"),
    ('"flight_id": 7', "flight_id", "string"),
]


@pytest.mark.parametrize(("member", "field", "word"), NASTY)
def test_a_value_that_cannot_be_meant_is_refused_by_name(
    ask: Any, row: dict[str, Any], member: str, field: str, word: str
):
    others = {name: value for name, value in row.items() if name != field}
    body = "{" + ", ".join([f'"{k}": {v!r}'.replace("'", '"') for k, v in others.items()])
    answer = ask("POST", "/v1/predict", f"{body}, {member}}}")
    assert answer.status == 400, answer.text
    (problem,) = answer.json["detail"]
    assert problem["loc"] == [field]
    assert word in problem["msg"]


@pytest.mark.parametrize("field", ["distance_miles", "late_rate", "copy", "carrier", "media_type"])
def test_a_field_left_out_is_refused_even_where_null_is_taken(
    ask: Any, row: dict[str, Any], field: str
):
    del row[field]
    answer = ask("POST", "/v1/predict", row)
    assert answer.status == 400
    assert [(p["loc"], p["msg"]) for p in answer.json["detail"]] == [([field], "Field required")]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{",
        '"text"',
        "{}",
        '{"carrier": "\\ud800"}',
    ],
)
def test_a_body_that_is_no_row_is_refused(ask: Any, body: str):
    assert ask("POST", "/v1/predict", body).status == 400


@pytest.mark.parametrize(
    "media_type",
    [
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "application/vnd.bentoml+pickle",
        "text/plain",
    ],
)
def test_only_json_is_taken(ask: Any, row: dict[str, Any], media_type: str):
    for route, body in (("/v1/predict", row), ("/v1/predict_batch", {"rows": [row]})):
        answer = ask("POST", route, body, media_type)
        assert answer.status == 415
        assert "application/json" in answer.text or "pickle is not allowed" in answer.text
        assert ask("POST", route, body, "application/json; charset=utf-8").status == 200


@pytest.mark.parametrize(("count", "word"), [(0, "at least 1"), (31, "at most 30")])
def test_a_batch_of_a_wrong_size_is_refused(ask: Any, row: dict[str, Any], count: int, word: str):
    answer = ask("POST", "/v1/predict_batch", {"rows": [row] * count})
    assert answer.status == 400
    (problem,) = answer.json["detail"]
    assert problem["loc"] == ["rows"]
    assert word in problem["msg"]


def test_a_batch_names_the_row_and_the_field_that_it_refuses(ask: Any, row: dict[str, Any]):
    answer = ask("POST", "/v1/predict_batch", {"rows": [row, row | {"copy": "x"}]})
    assert answer.status == 400
    assert [problem["loc"] for problem in answer.json["detail"]] == [["rows", 1, "copy"]]


def test_the_model_tells_what_it_is(ask: Any, schema: FeatureSchema):
    told = ask("GET", "/v1/model").json
    assert ask("POST", "/v1/model", {}).json == told
    assert (told["model"], told["version"], told["sequence"]) == ("flight_delay", "1", 4)
    assert (told["training_set_hash"], told["threshold"]) == ("5e7", 0.3)
    assert told["schema_hash"] == schema.schema_hash
    assert FeatureSchema.model_validate(told["features"]) == schema


def test_the_documentation_shows_the_real_fields(ask: Any, rows: pd.DataFrame):
    document = ask("GET", "/docs.json").json
    body = document["paths"]["/v1/predict"]["post"]["requestBody"]["content"]["application/json"]
    fields = body["schema"]["properties"]
    assert list(fields) == [
        *("flight_id", "distance_miles", "late_rate", "copy", "carrier", "media_type")
    ]
    assert set(body["schema"]["required"]) == set(fields) - {"flight_id"}
    assert fields["distance_miles"]["type"] == "number"
    assert "nullable" not in fields["distance_miles"]
    assert "Number, 9" in fields["distance_miles"]["description"]
    assert max(fields["distance_miles"]["examples"]) == max(rows["distance_miles"])
    assert (fields["late_rate"]["type"], fields["late_rate"]["nullable"]) == ("number", True)
    assert (fields["carrier"]["type"], fields["carrier"]["nullable"]) == ("string", True)
    assert fields["carrier"]["examples"] == ["AA", "B6", "UA"]
    assert "enum" not in fields["carrier"]
    assert ask("POST", "/v1/predict", body["schema"]["example"]).status == 200
    assert {"FlightDelayRow", "FlightDelayBatch", "Prediction"} <= set(
        document["components"]["schemas"]
    )


def test_health_and_metrics_are_there(ask: Any):
    assert [ask("GET", route).status for route in ("/livez", "/readyz", "/healthz")] == [200] * 3
    assert 'endpoint="/v1/predict"' in ask("GET", "/metrics").text


def test_nothing_that_was_asked_here_was_an_error_of_the_server(ask: Any):
    counted = [
        line.rsplit(" ", 1)
        for line in ask("GET", "/metrics").text.splitlines()
        if line.startswith("bentoml_service_request_total")
    ]
    codes = {label for label, count in counted if float(count) > 0}
    assert any('http_response_code="400"' in label for label in codes)
    assert not any('http_response_code="5' in label for label in codes)
