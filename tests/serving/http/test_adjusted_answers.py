"""A model whose constants follow the outcomes: what it answers, logs and tells says which ones."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.files import write_json, write_text
from mlops_platform.serving.contents import (
    DIGESTS,
    GOLDEN_ROWS,
    MODEL,
    PACKED_FORMAT,
    RELEASE,
    SCHEMA,
    Contents,
    PackedRelease,
    read_contents,
)
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.answers import AdjustedModel, answer_types
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.schema import describe_features
from mlops_platform.serving.served_version import ServedVersion
from mlops_platform.serving.worker import Worker
from mlops_platform.spec import OnlineStoreSpec, ServingSpec
from mlops_platform.tasks import Rows
from mlops_platform.tasks.regression.adaptation import AdaptationSpec
from mlops_platform.tasks.regression.columns import FACTOR, LEAST_REACH
from mlops_platform.tasks.regression.task import Regression
from tests.serving.pointing import write_pointer

NUMERIC = ("distance_miles", "late_rate", "copy")
TASK = Regression(adaptation=AdaptationSpec())
ANSWERS: Any = answer_types(TASK)
ROW = {"distance_miles": 1400.0, "late_rate": 0.25, "copy": 0.1}
FIRST, SECOND = {FACTOR: 2.0, LEAST_REACH: 0.5}, {FACTOR: 3.0}


@pytest.fixture(scope="module")
def packed(helpers: Any, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Contents:
    """What the Bento of a regression holds whose intervals follow their own misses."""
    root = tmp_path_factory.mktemp("adapting")
    spec = helpers.model_spec("flight_delay", NUMERIC, ()).model_copy(update={"task": TASK})
    few, noise = rows[:600], np.random.default_rng(1).normal(size=600)
    minutes = few["copy"].to_numpy() * 10 + few["late_rate"].fillna(0.5).to_numpy() * 20 + noise
    pipeline = make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression())
    seen, unseen = (
        Rows(few[list(NUMERIC)].iloc[part], minutes[part])
        for part in (slice(0, 400), slice(400, 600))
    )
    finished = TASK.fit(pipeline, seen, unseen)
    schema = describe_features(spec, few)
    release = PackedRelease(
        model="flight_delay",
        version="1",
        sequence=4,
        task=TASK,
        constants=dict(finished.constants),
        training_set_hash="5e7",
        serving=ServingSpec(max_batch_rows=30, online_store=OnlineStoreSpec()),
        compiled=True,
        explained=True,
    )
    write_json(root / DIGESTS, save_model(finished.model, root / MODEL))
    golden = choose_golden_rows(schema, TASK, finished.model, few, 5)
    for name, record in ((RELEASE, release), (SCHEMA, schema), (GOLDEN_ROWS, golden)):
        write_text(root / name, record.to_stored(stored_format=PACKED_FORMAT))
    return read_contents(root)


@dataclass
class Scene:
    """A service that follows a pointer, and the folder of both."""

    service: Any
    packed: Contents
    pointer: Path

    def adjust(self, number: int, constants: Mapping[str, float]) -> None:
        """Point to an adjustment, and let the worker see it."""
        point(self.packed, self.pointer, number, constants)
        self.service.worker.follower.look()

    def expected(self, constants: Mapping[str, float]) -> dict[str, float | bool]:
        """What is to be answered for `ROW` under some constants in place of the version's own."""
        numbers = self.service.worker.roles.champion.scorer.numbers(ROW)
        return TASK.answer(numbers, {**self.packed.release.constants, **constants})

    @property
    def lines(self) -> list[dict[str, Any]]:
        files = sorted((self.pointer.parent / "log").glob("predictions-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def point(packed: Contents, path: Path, number: int, constants: Mapping[str, float]) -> None:
    adjustment = {"adjustment": {"number": number, "constants": constants}} if number else {}
    pointer = {
        "model": "flight_delay",
        "version": 1,
        "sequence": 9,
        "digests": packed.digests,
        "schema_hash": packed.features.schema_hash,
        "environment_hash": "e4",
        "bento_tag": "flight_delay:v1",
    }
    write_pointer(path, pointer | adjustment)


@pytest.fixture
def scene(
    packed: Contents, export: Any, service_around: Callable[[Worker], Any], tmp_path: Path
) -> Scene:
    pointer = tmp_path / "release.json"
    point(packed, pointer, 1, FIRST)
    stored = {"f-1": {**ROW, "carrier": None, "media_type": "wire"}}
    runtime = RuntimeSettings(
        pointer=pointer, log=tmp_path / "log", online_store=export(stored), poll_seconds=60
    )
    return Scene(service_around(Worker(packed, runtime)), packed, pointer)


def test_every_answer_says_under_which_adjustment_it_was_given(scene: Scene) -> None:
    named = {"version": "1", "sequence": 9, "adjustment": 1, "role": "champion"}
    expected = scene.expected(FIRST)
    assert expected != scene.expected({})
    single = scene.service.ask("POST", "/v1/predict", ROW)
    batch = scene.service.ask("POST", "/v1/predict_batch", {"rows": [ROW, ROW]})
    by_entity = scene.service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})
    explained = scene.service.ask("POST", "/v1/explain", ROW)
    for row in (single.json, *batch.json["predictions"], by_entity.json, explained.json):
        assert named.items() <= row.items()
        assert {field: row[field] for field in expected} == pytest.approx(expected, abs=1e-12)
    assert (batch.json["sequence"], batch.json["adjustment"]) == (9, 1)
    ANSWERS.prediction.model_validate_json(single.text)
    ANSWERS.batch.model_validate_json(batch.text)
    ANSWERS.by_entity.model_validate_json(by_entity.text)
    ANSWERS.explained.model_validate_json(explained.text)


def test_the_next_adjustment_takes_the_place_of_the_versions_own_constants(scene: Scene) -> None:
    scorer = scene.service.worker.roles.champion.scorer
    scene.adjust(2, SECOND)
    answer = scene.service.ask("POST", "/v1/predict", ROW).json
    assert (answer["adjustment"], answer["sequence"]) == (2, 9)
    # Not those of the first adjustment, which changed one more.
    assert answer["width"] == scene.expected(SECOND)["width"]
    assert scene.service.worker.roles.champion.scorer is scorer


def test_without_a_pointer_a_bento_answers_under_its_own_constants(
    packed: Contents, service_around: Callable[[Worker], Any]
) -> None:
    service = service_around(Worker(packed, RuntimeSettings()))
    answer = service.ask("POST", "/v1/predict", ROW).json
    assert (answer["adjustment"], answer["sequence"]) == (0, 4)
    numbers = service.worker.roles.champion.scorer.numbers(ROW)
    assert answer.items() >= TASK.answer(numbers, packed.release.constants).items()
    assert service.ask("GET", "/v1/model").json["adjustment"] == 0


def test_every_logged_line_says_it(scene: Scene) -> None:
    scene.service.ask("POST", "/v1/predict", ROW)
    scene.adjust(2, SECOND)
    scene.service.ask("POST", "/v1/predict_batch", {"rows": [ROW, ROW]})
    scene.service.ask("POST", "/v1/predict_by_entity", {"flight_id": "f-1"})
    assert [(line["sequence"], line["adjustment"]) for line in scene.lines] == [
        *((9, 1), (9, 2), (9, 2), (9, 2)),
    ]
    assert scene.lines[0]["width"] == scene.expected(FIRST)["width"]


def test_the_model_page_tells_the_constants_in_force(scene: Scene) -> None:
    for number, constants in ((1, FIRST), (2, SECOND)):
        scene.adjust(number, constants)
        answer = scene.service.ask("GET", "/v1/model")
        told = AdjustedModel.model_validate_json(answer.text)
        assert (told.sequence, told.adjustment) == (9, number)
        assert told.constants == {**scene.packed.release.constants, **constants}


def test_the_gauge_follows(scene: Scene) -> None:
    def told(role: str) -> float:
        return float(scene.service.metric("mlops_release_adjustment", role=role))

    assert (told("champion"), told("challenger")) == (1, 0)
    scene.adjust(12, SECOND)
    assert (told("champion"), told("challenger")) == (12, 0)
    scene.adjust(0, {})
    assert told("champion") == 0


def test_challengers_answer_and_score_under_their_own_constants(scene: Scene) -> None:
    worker = scene.service.worker
    champion = worker.roles.champion
    release = champion.release.model_copy(update={"version": "2", "sequence": 10})
    challenger = ServedVersion(replace(scene.packed, release=release), champion.scorer)
    worker.install(Roles(champion, challenger))
    scene.service.ask("POST", "/v1/predict", ROW)
    worker.install(Roles(champion, challenger, canary_share=1.0))
    canary = scene.service.ask("POST", "/v1/predict", ROW | {"flight_id": "f"}).json
    worker.shadow.close()
    assert (canary["role"], canary["adjustment"]) == ("challenger", 0)
    own, adjusted = scene.expected({})["width"], scene.expected(FIRST)["width"]
    told = {line["role"]: (line["adjustment"], line["width"]) for line in scene.lines}
    assert told == {"champion": (1, adjusted), "shadow": (0, own), "challenger": (0, own)}


def test_the_documentation_tells_of_it(packed: Contents) -> None:
    document = openapi_document(packed, request_types(packed.features, 30), token_required=False)
    schemas = document["components"]["schemas"]
    stating = {name for name, kind in schemas.items() if "adjustment" in kind.get("properties", ())}
    assert stating == {
        *("Score", "Prediction", "BatchPrediction", "EntityPrediction", "ExplainedPrediction"),
        "AdjustedModel",
    }
    page = document["paths"]["/v1/model"]["get"]["responses"]["200"]["content"]
    assert page["application/json"]["schema"] == {"$ref": "#/components/schemas/AdjustedModel"}


def test_constants_that_are_not_the_versions_own_are_never_left_unsaid(
    packed: Contents, service_around: Callable[[Worker], Any]
) -> None:
    """A version may have been packed before its task had an adaptation."""
    release = packed.release.model_copy(update={"task": Regression()})
    service = service_around(Worker(replace(packed, release=release), RuntimeSettings()))
    version = service.worker.roles.champion
    assert "adjustment" not in service.ask("POST", "/v1/predict", ROW).json
    service.worker.install(Roles(replace(version, adjustment=3, adjusted=SECOND)))
    assert service.ask("POST", "/v1/predict", ROW).json["adjustment"] == 3
    assert service.ask("GET", "/v1/model").json["adjustment"] == 3
