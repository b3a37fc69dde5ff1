"""Requests that name what many rows have in common: every step of a forecast in one answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from mlops_platform.data.online.writers import write_sqlite
from mlops_platform.serving.contents import Contents
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.http.answers import answer_types
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.roles import Roles, position
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.worker import Worker
from mlops_platform.spec import (
    CardSpec,
    FeaturesSpec,
    LabelSpec,
    ModelSpec,
    OnlineStoreSpec,
    ServingSpec,
    TrainingSpec,
    WindowSpec,
)
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.tasks import Rows, Task
from mlops_platform.tasks.forecasting.columns import NEW_SERIES
from mlops_platform.tasks.forecasting.task import Forecasting
from tests.serving.conftest import Service, answering_as_packed
from tests.serving.packed import contents_of

NUMERIC, CATEGORICAL = ("step", "last_week", "level"), ("series",)
TASK = Forecasting(
    horizon=3, season=7, seasonal_naive="last_week", entity="{series}|{origin}|{step}"
)
NEW_YORK = ZoneInfo("America/New_York")
ORIGIN = datetime(2013, 11, 4, 22, tzinfo=NEW_YORK)
"""In UTC it is of the next day."""
ROUTE = "/v1/forecast"

UNKNOWN, PARTLY = "Name one of those that are exported", "publish what is missing"


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return ModelSpec(
        name="departures",
        description="How many depart?",
        owners=("team:tests",),
        task=TASK,
        features=FeaturesSpec(
            table="departure_features",
            entity="forecast_id",
            numeric=NUMERIC,
            categorical=CATEGORICAL,
            required=("step",),
        ),
        label=LabelSpec(table="departure_labels", column="departures"),
        window=WindowSpec(start=date(2013, 1, 7)),
        training=TrainingSpec.model_validate(
            {
                "candidates": [
                    {
                        "name": "linear",
                        "preprocessing": [
                            {"columns": "numeric"},
                            {
                                "columns": "categorical",
                                "steps": [
                                    {
                                        "type": "sklearn.preprocessing.OneHotEncoder",
                                        "params": {"handle_unknown": "ignore"},
                                    }
                                ],
                            },
                        ],
                        "estimator": {"type": "sklearn.linear_model.LinearRegression"},
                    }
                ]
            }
        ),
        monitoring={"performance": {"loss_increase": {"warn": 1.0, "error": 2.0}}},  # type: ignore[arg-type]
        card=CardSpec(intended_use="Tests.", out_of_scope="Everything else."),
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Two series over 60 origins, of three steps each."""
    random, origins = np.random.default_rng(0), 60
    count = 2 * origins * 3
    level = np.repeat([10.0, 40.0], origins * 3)
    return pd.DataFrame(
        {
            "forecast_id": [f"row-{number}" for number in range(count)],
            "step": np.tile([1.0, 2.0, 3.0], 2 * origins),
            "last_week": level + random.normal(size=count),
            "level": level,
            "series": np.repeat(np.array(["EWR|UA", "JFK|B6"], dtype=object), origins * 3),
            "departures": level + random.normal(size=count),
        }
    )


@pytest.fixture(scope="module")
def contents(
    spec: ModelSpec, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Contents:
    """What a Bento of a fitted forecast holds."""
    from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named

    features, targets = rows[list(spec.features.names)], rows["departures"].to_numpy()
    train, unseen = (Rows(features[part::2], targets[part::2]) for part in (0, 1))
    finished = spec.task.fit(
        build_pipeline(spec, candidate_named(spec, "linear"), {}), train, unseen
    )
    root = tmp_path_factory.mktemp("packed")
    return contents_of(spec, finished, rows, root, ServingSpec(online_store=OnlineStoreSpec()))


@pytest.fixture(scope="module")
def entities(contents: Contents, rows: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Two origins of one series whole, and of the other one the second but for its last step."""
    both = [("JFK|B6", "2013-11-04"), ("JFK|B6", "2013-11-05"), ("EWR|UA", "2013-11-05")]
    keys = [f"{series}|{origin}|{step}" for series, origin in both for step in (1, 2, 3)]
    features = pd.concat([rows[rows["series"] == series].head(3) for series, _ in both])
    stored = dict(zip(keys, rows_of(contents.features, features), strict=True))
    del stored["EWR|UA|2013-11-05|3"]
    return stored


@pytest.fixture(scope="module")
def store(
    contents: Contents,
    entities: dict[str, dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    described = OnlineExport(
        model="departures",
        entity="forecast_id",
        numeric=NUMERIC,
        categorical=CATEGORICAL,
        feature_snapshot="5e7",
        rows=len(entities),
        oldest=ORIGIN,
        newest=ORIGIN + timedelta(days=1),
        as_of=ORIGIN,
        exported_at=datetime.now(UTC),
    )
    path = tmp_path_factory.mktemp("online") / "store.sqlite"
    moments = {"2013-11-04": ORIGIN, "2013-11-05": ORIGIN + timedelta(days=1)}
    written = [
        (key, moments[key.split("|")[2]].isoformat(), json.dumps(row))
        for key, row in entities.items()
    ]
    write_sqlite(path, written, lambda: described)
    return path


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def worker(contents: Contents, store: Path, log: Path) -> Iterator[Worker]:
    worker = Worker(contents, RuntimeSettings(online_store=store, log=log, trust_packed="true"))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def service(worker: Worker) -> Iterator[Service]:
    yield from answering_as_packed(worker)


def log_lines(directory: Path) -> list[dict[str, Any]]:
    files = sorted(directory.glob("predictions-*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_series_and_origin_are_answered_with_every_step(
    service: Service, contents: Contents, entities: dict[str, dict[str, Any]], log: Path
) -> None:
    asked = {"series": "JFK|B6", "origin": "2013-11-04"}

    answer = service.ask("POST", ROUTE, asked)

    told: Any = answer_types(TASK).expanded.model_validate_json(answer.text)
    assert (told.model, told.version, told.event_time) == ("departures", "1", ORIGIN)
    assert [row.step for row in told.predictions] == [1.0, 2.0, 3.0]
    assert [row.target_date for row in told.predictions] == [
        date(2013, 11, day) for day in (5, 6, 7)
    ]
    keys = [f"JFK|B6|2013-11-04|{step}" for step in (1, 2, 3)]
    assert [row.entity for row in told.predictions] == keys
    assert all(row.lower < row.prediction < row.upper for row in told.predictions)
    # The same as for rows that are sent, and as the pipeline says of a table of them.
    sent = service.ask("POST", "/v1/predict_batch", {"rows": [entities[key] for key in keys]})
    for one, other in zip(answer.json["predictions"], sent.json["predictions"], strict=True):
        without_day = {name: value for name, value in one.items() if name != "target_date"}
        assert without_day | {"entity": None} == other
    by_entity = service.ask("POST", "/v1/predict_by_entity", {"forecast_id": keys[1]})
    assert by_entity.json["target_date"] == "2013-11-06"
    version = _champion(service)
    frame = frame_of(contents.features, [entities[key] for key in keys])
    offline = TASK.predict(_model(contents), version.constants, frame)
    np.testing.assert_allclose([row.upper for row in told.predictions], offline["upper"])
    lines = log_lines(log)[:3]
    assert [(line["route"], line["row"], line["entity"]) for line in lines] == [
        ("forecast", row, key) for row, key in enumerate(keys)
    ]
    assert {line["request_id"] for line in lines} == {answer.headers["x-request-id"]}
    assert service.metric("mlops_requests_total", route="forecast", status="200") == 1


def _champion(service: Service) -> ServedVersion:
    assert service.worker.roles is not None
    return service.worker.roles.champion


def _model(contents: Contents) -> Any:
    from mlops_platform.artifacts.model_store import load_model

    return load_model(contents.model_directory, contents.digests)


@pytest.mark.parametrize(
    ("asked", "field", "value", "fix"),
    [
        ({"series": "JFK|XX", "origin": "2013-11-04"}, "series", "JFK|XX", UNKNOWN),
        ({"series": "jfk|b6", "origin": "2013-11-04"}, "series", "jfk|b6", UNKNOWN),
        ({"series": "*", "origin": "2013-11-04"}, "series", "*", UNKNOWN),
        ({"series": "JFK|B6", "origin": "2013-12-24"}, "origin", "2013-12-24", UNKNOWN),
        ({"series": "EWR|UA", "origin": "2013-11-05"}, "step", "3", PARTLY),
        (
            {"series": "EWR|UA", "origin": "2013-11-04"},
            "series, origin",
            "EWR|UA, 2013-11-04",
            "Each of them is known",
        ),
    ],
)
def test_what_the_store_does_not_have_is_told_by_its_field(
    service: Service, asked: dict[str, str], field: str, value: str, fix: str
) -> None:
    answer = service.ask("POST", ROUTE, asked)

    assert (answer.problem, answer.status) == ("unknown-entity", 404)
    (fault,) = answer.json["errors"]
    assert (fault["field"], fault["value"]) == (field, value)
    assert fix in fault["fix"]


def test_the_fix_says_which_origins_are_exported(service: Service) -> None:
    answer = service.ask("POST", ROUTE, {"series": "JFK|B6", "origin": "2012-11-04"})

    assert (
        "8 rows of 2013-11-04T22:00:00-05:00 to 2013-11-05T22:00:00-05:00"
        in (answer.faults["origin"])
    )


def test_several_unknown_values_are_told_at_once(service: Service) -> None:
    answer = service.ask("POST", ROUTE, {"series": "nowhere", "origin": "never"})

    assert set(answer.faults) == {"series", "origin"}


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"series": "JFK|B6"}, 422, "invalid-input"),
        ({"series": "JFK|B6", "origin": ""}, 422, "invalid-input"),
        ({"series": "JFK|B6", "origin": 20131104}, 422, "invalid-input"),
        ({"series": "JFK|B6", "origin": "2013-11-04", "step": "1"}, 422, "invalid-input"),
        ({"series": "JFK\0B6", "origin": "2013-11-04"}, 422, "invalid-input"),
        (b'{"series": "JFK|B6", "origin": "a", "origin": "b"}', 400, "malformed-body"),
        ({"series": "{origin}", "origin": "2013-11-04"}, 404, "unknown-entity"),
    ],
)
def test_what_is_no_such_request_is_refused(
    service: Service, body: Any, status: int, problem: str
) -> None:
    answer = service.ask("POST", ROUTE, body)

    assert (answer.problem, answer.status) == (problem, status)


def test_in_a_canary_one_version_answers_every_step(service: Service, contents: Contents) -> None:
    champion = _champion(service)
    release = champion.release.model_copy(update={"version": "2", "sequence": 2})
    challenger = replace(champion, contents=replace(contents, release=release))
    asked = {"series": "JFK|B6", "origin": "2013-11-04"}
    at = position("departures", "2", "JFK|B6|2013-11-04")
    for share, version in [(at + 0.01, "2"), (at - 0.01, "1")]:
        service.worker.install(Roles(champion, challenger, canary_share=share))
        answer = service.ask("POST", ROUTE, asked).json
        assert {row["version"] for row in answer["predictions"]} == {answer["version"]} == {version}


def test_without_a_store_and_without_a_template_there_is_no_such_path(
    contents: Contents, service_around: Callable[[Worker], Service]
) -> None:
    asked = {"series": "JFK|B6", "origin": "2013-11-04"}
    without_store = service_around(Worker(contents, RuntimeSettings(trust_packed="true")))
    assert without_store.ask("POST", ROUTE, asked).problem == "not-found"

    task = TASK.model_copy(update={"entity": None})
    release = contents.release.model_copy(update={"task": task})
    plain = replace(contents, release=release)
    without_template = service_around(Worker(plain, RuntimeSettings(trust_packed="true")))
    assert without_template.ask("POST", ROUTE, asked).problem == "not-found"
    assert ROUTE not in _document(plain)["paths"]


def test_the_document_tells_what_is_asked_and_answered(contents: Contents) -> None:
    document = _document(contents)

    operation = document["paths"][ROUTE]["post"]
    schemas = document["components"]["schemas"]
    asked = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert schemas[asked.rpartition("/")[2]]["required"] == ["series", "origin"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    rows = schemas[answered.rpartition("/")[2]]["properties"]["predictions"]["items"]["$ref"]
    assert schemas[rows.rpartition("/")[2]]["properties"]["target_date"]["format"] == "date"


def test_the_document_says_which_columns_are_known_ahead(contents: Contents) -> None:
    task = TASK.model_copy(update={"known_future": ("level",)})
    release = contents.release.model_copy(update={"task": task})

    schemas = _document(replace(contents, release=release))["components"]["schemas"]

    for name in ("DeparturesRow", "DeparturesColumnValues"):
        told = {
            column: "Known ahead" in schema["description"]
            for column, schema in schemas[name]["properties"].items()
        }
        assert [column for column, ahead in told.items() if ahead] == ["level"]


def _document(contents: Contents) -> Any:
    features: FeatureSchema = contents.features
    task: Task = contents.release.task
    types = request_types(features, 10, task=task)
    return openapi_document(contents, types, token_required=False)


PLAIN = {"step": 1.0, "last_week": 10.0, "level": 10.0, "series": "EWR|UA"}
WITHOUT_SERIES = PLAIN | {"series": None}


def _columns(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"columns": {name: [row[name] for row in rows] for name in rows[0]}}


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/predict", PLAIN, [0]),
        ("/v1/predict", WITHOUT_SERIES, [1]),
        ("/v1/predict_batch", {"rows": [PLAIN, PLAIN]}, [0, 0]),
        ("/v1/predict_batch", {"rows": [PLAIN, WITHOUT_SERIES]}, [0, 1]),
        ("/v1/predict_batch", _columns(WITHOUT_SERIES, PLAIN), [1, 0]),
    ],
)
def test_a_row_without_a_series_is_told_and_each_says_what_its_interval_promises(
    service: Service,
    path: str,
    body: dict[str, Any],
    told: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the quick way, which leaves it to the precise one, to the byte alike."""
    named = {"x-request-id": "same"}
    quick = service.ask("POST", path, body, headers=named)
    for way in ("predict", "score_batch"):
        monkeypatch.setattr(QuickRows, way, lambda *_: None)
    precise = service.ask("POST", path, body, headers=named)

    assert quick.text == precise.text
    rows = quick.json.get("predictions", [quick.json])
    assert [len(row["warnings"]) for row in rows] == told
    assert {row["coverage"] for row in rows} == {0.9}
    for row in rows:
        assert (row["series_key"] == NEW_SERIES) == bool(row["warnings"])
        for warning in row["warnings"]:
            assert warning == {
                "field": "series",
                "kind": "unknown_category",
                "message": "series: null names none that was seen in training.",
            }


def test_another_template_of_a_later_release_is_no_silent_answer(
    service: Service, contents: Contents
) -> None:
    longer = contents.release.task.model_copy(update={"horizon": 5})
    release = contents.release.model_copy(update={"task": longer})
    champion = replace(_champion(service), contents=replace(contents, release=release))
    service.worker.install(Roles(champion))

    answer = service.ask("POST", ROUTE, {"series": "JFK|B6", "origin": "2013-11-04"})

    assert (answer.problem, answer.status) == ("not-ready", 503)
