"""A regression whose outcomes grow wilder after its release, published day by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import duckdb
import pytest

from mlops_platform.data.features.published import publish_table
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.ledger.records import NewDecision, Release, WrittenAdjustment
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.adjust import AdjustedRelease, adjust_release
from mlops_platform.usecases.candidate.judge import evaluate_candidate, judge_candidate
from mlops_platform.usecases.candidate.train import train_candidate
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.held_out_scores import HeldOutScores
from mlops_platform.usecases.release.reference import load_held_out_scores
from mlops_platform.usecases.release.register import RegisteredCandidate, register_candidate
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.version.champion import Champion, load_champion
from tests.homes.blank_registry import put_blank_registry

FIRST_DAY, RELEASED_ON = date(2024, 1, 1), date(2024, 3, 11)
RELEASED_AT = datetime(2024, 3, 11, 4, tzinfo=UTC)  # midnight in New York
ROWS_A_DAY = 48
MATURE_AFTER_DAYS = 1
# From the release on errors are twice as large. On 16 March nothing happened; of the 18th one label
# of four comes five days late, which are those of the largest errors.
TRIPS = f"""
CREATE TABLE trips AS
SELECT
    't' || n AS trip_id,
    TIMESTAMPTZ '2024-01-01 05:10:00+00' + to_minutes(n * {1440 // ROWS_A_DAY}) AS event_time,
    (event_time AT TIME ZONE 'America/New_York')::DATE AS local_date,
    (hash(n) % 1000) / 100.0 AS miles,
    (hash(n, 1) % 2000) / 1000.0 - 1 AS noise
FROM range({ROWS_A_DAY} * 100) AS trips (n)
WHERE local_date < DATE '{{until}}' AND local_date != DATE '2024-03-16'
    AND local_date NOT IN ({{without}})
"""
MINUTES = f"""
CREATE TABLE minutes AS
SELECT
    trip_id,
    local_date,
    3.0 * miles + noise * (1 + 0.2 * miles)
        * CASE WHEN local_date >= DATE '{RELEASED_ON}' THEN 2 ELSE 1 END AS minutes,
    event_time + CASE
        WHEN local_date = DATE '2024-03-18' AND abs(noise) > 0.75 THEN INTERVAL 5 DAY
        ELSE INTERVAL 1 HOUR
    END AS known_at
FROM trips
WHERE local_date < DATE '{{labels_until}}' AND ({{outcomes}})
"""
MODEL: dict[str, Any] = {
    "name": "trip_minutes",
    "description": "How long will the trip take?",
    "owners": ["team:taxis"],
    "task": {
        "type": "regression",
        "coverage": 0.8,
        "adaptation": {"step": 0.5, "window_days": 10, "stale_after_days": 3},
    },
    "features": {"table": "trips", "entity": "trip_id", "numeric": ["miles"]},
    "label": {"table": "minutes", "column": "minutes"},
    "window": {"start": "2024-01-01", "timezone": "America/New_York"},
    "training": {
        "history": {"split": {"validation_days": 7, "test_days": 7}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}],
                "estimator": {"type": "sklearn.linear_model.LinearRegression"},
            }
        ],
        "tuning": {"trials": 1, "folds": 2},
    },
    "gate": {"limits": {"coverage": {"min": 0.0, "max": 1.0}}},
    "monitoring": {
        "performance": {
            "mature_after_days": MATURE_AFTER_DAYS,
            "loss_increase": {"warn": 1.0, "error": 3.0},
        }
    },
    "evaluation": {"permutation_rows": 100},
    "card": {"intended_use": "Tests.", "out_of_scope": "Taxis."},
}


@dataclass
class Present:
    """A clock that tests move."""

    now: datetime = RELEASED_AT

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Adapting:
    """A released regression in a home of its own."""

    home: Path
    spec: ModelSpec = field(default_factory=lambda: ModelSpec.model_validate(MODEL))
    present: Present = field(default_factory=Present)

    @property
    def deployment(self) -> Deployment:
        return Deployment(
            read_settings({"MLOPS_HOME": str(self.home)}), moment_of=lambda model: self.present()
        )

    @property
    def champion(self) -> Champion:
        champion = load_champion(self.deployment, self.spec.name)
        assert champion is not None
        return champion

    @property
    def written(self) -> list[WrittenAdjustment]:
        return self.deployment.ledger.adjustments(self.spec.name, self.champion.release.sequence)

    @property
    def held_out(self) -> HeldOutScores | None:
        rule = self.spec.task.adaptation_rule
        assert rule is not None
        return load_held_out_scores(self.deployment.registry, self.champion.release, rule)

    def publish(
        self,
        until: date,
        *,
        labels_until: date | None = None,
        without: date = date(1999, 1, 1),
        outcomes: str = "true",
        afterwards: Sequence[str] = (),
    ) -> None:
        """Everything before a local day, as a build at its midnight would.

        Args:
            labels_until: labels end earlier than features.
            without: a day that is not built.
            outcomes: SQL of the trips that have one.
            afterwards: SQL of what becomes of the outcomes.
        """
        published, warehouse = self.deployment.settings.published, self.home / "warehouse.duckdb"
        warehouse.unlink(missing_ok=True)
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(TRIPS.format(until=until, without=f"DATE '{without}'"))
            connection.execute(
                MINUTES.format(labels_until=labels_until or until, outcomes=outcomes)
            )
            for statement in afterwards:
                connection.execute(statement)
        for table in ("trips", "minutes"):
            publish_table(warehouse, table, "local_date", published, ["trip_id"])

    def train(self) -> RegisteredCandidate:
        deployment, place = self.deployment, self.deployment.settings
        training_set = snapshot_training_set(
            self.spec, place.published, place.training_sets, RELEASED_AT
        )
        candidate = train_candidate(deployment, self.spec, training_set, {})
        evaluated, _ = evaluate_candidate(self.spec, candidate, None, deployment.registry)
        judged = judge_candidate(self.spec, evaluated)
        assert judged.verdict.outcome == "promote", judged.verdict.reason
        return register_candidate(deployment, self.spec, judged, {})

    def release(self, registered: RegisteredCandidate, expected: int | None) -> Release:
        decision = NewDecision(kind="promote", reason="It passes.", actor="gate")
        promotion = Promotion(self.spec.name, registered.identity, decision, expected)
        return release_version(self.deployment, promotion)

    def at(self, day: date, hour: int = 5) -> None:
        """Move to some hours after a local midnight."""
        self.present.now = RELEASED_AT + timedelta(days=(day - RELEASED_ON).days, hours=hour)

    def adjust_at(self, day: date, **published: Any) -> AdjustedRelease:
        """Build what has ended by a local midnight, and adjust some hours later."""
        self.at(day)
        self.publish(day, **published)
        return self.adjust()

    def declare(self, **task: Any) -> None:
        """Another YAML: other options of the task."""
        self.spec = ModelSpec.model_validate({**MODEL, "task": {**MODEL["task"], **task}})

    def adjust(self, *, automatic: bool = True) -> AdjustedRelease:
        rule = self.spec.task.adaptation_rule
        assert rule is not None
        actor = "sensor adjust" if automatic else "alice"
        return adjust_release(self.deployment, self.spec, rule, actor, automatic=automatic)


@pytest.fixture(scope="session")
def released_once(tmp_path_factory: pytest.TempPathFactory) -> Adapting:
    adapting = Adapting(tmp_path_factory.mktemp("adapting") / "home")
    adapting.deployment.ledger.create_schema()
    put_blank_registry(adapting.deployment.settings.home)
    adapting.publish(RELEASED_ON)
    adapting.release(adapting.train(), None)
    return adapting


@pytest.fixture
def copied(released_once: Adapting, tmp_path: Path) -> Callable[[], Adapting]:
    """Makes a copy of the trained deployment, as it was right after its release."""
    numbers: Iterator[int] = iter(range(9))

    def copy() -> Adapting:
        home = tmp_path / f"home{next(numbers)}"
        copytree(released_once.home, home)
        return replace(released_once, home=home, present=Present())

    return copy


@pytest.fixture
def adapting(copied: Callable[[], Adapting]) -> Adapting:
    return copied()
