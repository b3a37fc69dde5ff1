"""Rows of one request are ranked within their groups, by one version, whichever way they take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.serving.contents import Contents
from mlops_platform.serving.frames import rows_of
from mlops_platform.serving.http.answers import answer_types
from mlops_platform.serving.http.openapi import openapi_document
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.quick.quick_rows import QuickRows
from mlops_platform.serving.roles import Roles
from mlops_platform.serving.runtime import RuntimeSettings
from mlops_platform.serving.worker import Worker
from mlops_platform.spec import (
    CardSpec,
    FeaturesSpec,
    LabelSpec,
    ModelSpec,
    ServingSpec,
    TrainingSpec,
    WindowSpec,
)
from mlops_platform.tasks import Rows
from mlops_platform.tasks.ranking.task import Ranking
from tests.serving.conftest import Service, answering_as_packed
from tests.serving.packed import contents_of

TASK = Ranking(group="customer", k=2, rule="usual")
BATCH = "/v1/predict_batch"


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    columns = [
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
    ]
    estimator = {"type": "sklearn.linear_model.LinearRegression"}
    return ModelSpec(
        name="offers",
        description="What does a customer buy?",
        owners=("team:tests",),
        task=TASK,
        features=FeaturesSpec(
            table="offer_features",
            entity="offer_id",
            numeric=("customer", "usual", "signal"),
            categorical=("item",),
            required=("customer", "usual", "signal"),
        ),
        label=LabelSpec(table="offer_labels", column="bought"),
        window=WindowSpec(start=date(2024, 1, 1)),
        training=TrainingSpec.model_validate(
            {"candidates": [{"name": "linear", "preprocessing": columns, "estimator": estimator}]}
        ),
        card=CardSpec(intended_use="Tests.", out_of_scope="Everything else."),
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Sixty customers with five offers each."""
    random, count = np.random.default_rng(0), 300
    signal = random.normal(size=count)
    return pd.DataFrame(
        {
            "offer_id": [f"offer-{number}" for number in range(count)],
            "customer": np.repeat(np.arange(60.0), 5),
            "usual": random.normal(size=count),
            "signal": signal,
            "item": random.choice(np.array(["bread", "milk"], dtype=object), count),
            "bought": signal + random.normal(size=count) > 0,
        }
    )


@pytest.fixture(scope="module")
def contents(
    spec: ModelSpec, rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Contents:
    """What a Bento of a fitted ranking holds."""
    from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named

    train = Rows(rows[list(spec.features.names)], rows["bought"].to_numpy(dtype=float))
    pipeline = build_pipeline(spec, candidate_named(spec, "linear"), {})
    finished = spec.task.fit(pipeline, train, train)
    root = tmp_path_factory.mktemp("packed")
    return contents_of(spec, finished, rows, root, ServingSpec())


@pytest.fixture(scope="module")
def worker(contents: Contents, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    log = tmp_path_factory.mktemp("log")
    worker = Worker(contents, RuntimeSettings(log=log, trust_packed="true"))
    worker.start()
    yield worker
    worker.stop()


@pytest.fixture
def service(worker: Worker) -> Iterator[Service]:
    yield from answering_as_packed(worker)


@pytest.fixture(scope="module")
def offers(contents: Contents, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Those of two customers, which do not stand beside one another."""
    return rows_of(contents.features, rows.iloc[[0, 5, 1, 6, 2, 7, 3, 4]])


def expected_ranks(predictions: list[dict[str, Any]]) -> list[int]:
    return [
        1 + sum(r["group"] == row["group"] and r["score"] > row["score"] for r in predictions)
        for row in predictions
    ]


def test_a_batch_is_ranked_within_each_group(
    service: Service, offers: list[dict[str, Any]]
) -> None:
    answer = service.ask("POST", BATCH, {"rows": offers})

    told: Any = answer_types(TASK).batch.model_validate_json(answer.text)
    predictions = answer.json["predictions"]
    assert [row.rank for row in told.predictions] == expected_ranks(predictions)
    ranks = {0.0: [], 1.0: []}
    for row in predictions:
        ranks[row["group"]].append(row["rank"])
    assert sorted(ranks[0.0]) == [1, 2, 3, 4, 5]
    assert sorted(ranks[1.0]) == [1, 2, 3]


def test_by_columns_and_beside_an_odd_row_the_ranks_are_the_same(
    service: Service, offers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_rows = service.ask("POST", BATCH, {"rows": offers}).json["predictions"]
    columns = {name: [row[name] for row in offers] for name in offers[0]}
    by_columns = service.ask("POST", BATCH, {"columns": columns}).json["predictions"]
    monkeypatch.setattr(QuickRows, "score_batch", lambda self, exchange, body: None)
    slowly = service.ask("POST", BATCH, {"rows": offers}).json["predictions"]

    assert by_rows == by_columns == slowly
    strange = [*offers, {**offers[0], "item": "never seen"}]
    answered = service.ask("POST", BATCH, {"rows": strange}).json["predictions"]
    assert answered[-1]["warnings"]
    assert [row["rank"] for row in answered] == expected_ranks(answered)


def test_a_row_that_is_asked_for_alone_has_a_score_and_no_rank(
    service: Service, offers: list[dict[str, Any]]
) -> None:
    alone = service.ask("POST", "/v1/predict", offers[0]).json
    assert "rank" not in alone
    assert {"score", "rule", "group"} <= set(alone)
    [single] = service.ask("POST", BATCH, {"rows": offers[:1]}).json["predictions"]
    assert single["rank"] == 1
    assert single["score"] == alone["score"]


def test_in_a_canary_all_rows_of_a_request_are_scored_by_one_version(
    service: Service, contents: Contents, offers: list[dict[str, Any]]
) -> None:
    worker = service.worker
    assert worker.roles is not None
    champion = worker.roles.champion
    release = contents.release.model_copy(update={"version": "2", "sequence": 2})
    challenger = replace(champion, contents=replace(contents, release=release))
    worker.install(Roles(champion, challenger, canary_share=0.5))

    answered_by = {
        tuple(row["version"] for row in answer.json["predictions"])
        for customer in range(20)
        for answer in [
            service.ask("POST", BATCH, {"rows": [{**row, "customer": customer} for row in offers]})
        ]
    }

    assert answered_by == {("1",) * len(offers), ("2",) * len(offers)}


def test_the_documentation_tells_of_ranks_in_batches_alone(contents: Contents) -> None:
    types = request_types(contents.features, 100)
    schemas = openapi_document(contents, types, False)["components"]["schemas"]
    assert "rank" in schemas["ScoreOfMany"]["properties"]
    assert "rank" not in schemas["Prediction"]["properties"]
