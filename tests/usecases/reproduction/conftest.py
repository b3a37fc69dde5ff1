"""A classifier of generated parcels, searched, calibrated, refitted and registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pytest

from mlops_platform.data.features.published import publish_table
from mlops_platform.data.training_set import TrainingSet, snapshot_training_set
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.candidate.warm_start import warm_start
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.register import RegisteredCandidate, register_candidate
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.reproduction.reproduce import Reproduction, Wanted, reproduce
from tests.homes.blank_registry import put_blank_registry

AS_OF = datetime(2024, 3, 12, tzinfo=UTC)
PARCELS = """
CREATE TABLE parcels AS
SELECT
    'p' || n AS parcel_id,
    TIMESTAMPTZ '2024-01-01 00:10:00+00' + to_minutes(n * 60) AS event_time,
    event_time::DATE AS local_date,
    (hash(n) % 1000) / 100.0 AS weight,
    ['web', 'shop', 'app'][(hash(n, 1) % 3 + 1)::INT] AS channel
FROM range(24 * 70) AS parcels (n)
"""
RETURNS = """
CREATE TABLE returns AS
SELECT
    parcel_id,
    local_date,
    abs(weight - 5) + hash(parcel_id) % 5 > 4 AS returned,
    event_time + INTERVAL 6 HOUR AS known_at
FROM parcels
"""
ENCODER = {"type": "sklearn.preprocessing.OneHotEncoder", "params": {"handle_unknown": "ignore"}}
MODEL: dict[str, Any] = {
    "name": "parcels",
    "description": "Will the parcel come back?",
    "owners": ["team:parcels"],
    "task": {"type": "binary_classification", "calibration": "temperature"},
    "features": {
        "table": "parcels",
        "entity": "parcel_id",
        "numeric": ["weight"],
        "categorical": ["channel"],
    },
    "label": {"table": "returns", "column": "returned"},
    "window": {"start": "2024-01-01"},
    "training": {
        "history": {"split": {"validation_days": 14, "test_days": 14}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [
                    {"columns": "numeric"},
                    {"columns": "categorical", "steps": [ENCODER]},
                ],
                "estimator": {
                    "type": "sklearn.linear_model.LogisticRegression",
                    "params": {"max_iter": 500},
                    "search": {"C": {"low": 0.001, "high": 10.0, "log": True}},
                },
            },
            {
                "name": "forest",
                "preprocessing": [
                    {"columns": "numeric"},
                    {"columns": "categorical", "steps": [ENCODER]},
                ],
                "estimator": {
                    "type": "sklearn.ensemble.RandomForestClassifier",
                    "params": {"n_estimators": 10, "random_state": 3},
                    "search": {"min_samples_leaf": {"low": 2, "high": 200, "integer": True}},
                },
            },
        ],
        "tuning": {"trials": 4, "folds": 2, "seed": 7},
    },
    "evaluation": {"permutation_rows": 100},
    "gate": {"limits": {"roc_auc": {"min": 0.0}, "expected_calibration_error": {"max": 1.0}}},
    "retraining": {"warm_start_trials": 2},
    "card": {"intended_use": "Tests.", "out_of_scope": "Parcels."},
}


@dataclass
class Parcels:
    """A home of its own with the versions that were trained there."""

    home: Path
    spec: ModelSpec = field(default_factory=lambda: ModelSpec.model_validate(MODEL))

    @property
    def deployment(self) -> Deployment:
        return Deployment(
            read_settings({"MLOPS_HOME": str(self.home)}), moment_of=lambda model: AS_OF
        )

    def publish(self) -> None:
        warehouse = self.home / "warehouse.duckdb"
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(PARCELS)
            connection.execute(RETURNS)
        published = self.deployment.settings.published
        for table in ("parcels", "returns"):
            publish_table(warehouse, table, "local_date", published, ["parcel_id"])

    def snapshot(self) -> TrainingSet:
        place = self.deployment.settings
        return snapshot_training_set(self.spec, place.published, place.training_sets, AS_OF)

    def train(self) -> RegisteredCandidate:
        """Train as the job does, from the champion's recipe where there is one."""
        deployment, spec = self.deployment, self.spec
        start = warm_start(deployment, spec)
        candidate = train_candidate(deployment, spec, self.snapshot(), {}, start=start)
        evaluated, _ = evaluate_candidate(spec, candidate, None, deployment.registry)
        judged = judge_candidate(spec, evaluated)
        return register_candidate(deployment, spec, judged, {"git_commit": "abc"})

    def release(self, registered: RegisteredCandidate) -> None:
        decision = NewDecision(kind="promote", reason="It passes.", actor="gate")
        release_version(
            self.deployment, Promotion(self.spec.name, registered.identity, decision, None)
        )

    def reproduce(self, version: int, present: ModelSpec | None = None) -> Reproduction:
        return reproduce(self.deployment, self.spec.name, version, present, Wanted())


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Parcels:
    """Version 1 is the champion; version 2 began its search at its recipe."""
    parcels = Parcels(tmp_path_factory.mktemp("reproduced") / "home")
    parcels.deployment.ledger.create_schema()
    put_blank_registry(parcels.deployment.settings.home)
    parcels.publish()
    parcels.release(parcels.train())
    parcels.train()
    return parcels


@pytest.fixture
def parcels(trained_once: Parcels, tmp_path: Path) -> Parcels:
    """A copy, for tests that change it."""
    copytree(trained_once.home, tmp_path / "home")
    return replace(trained_once, home=tmp_path / "home")


Declare = Callable[..., ModelSpec]


@pytest.fixture
def declared() -> Declare:
    """The YAML of another day: other keys of `training`."""
    return lambda **training: ModelSpec.model_validate(
        {**MODEL, "training": {**MODEL["training"], **training}}
    )
