"""One deployment in replayed time, and what happens to its one model."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation import retraining_sensor, window_schedule
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.published import Manifest, published_digest
from mlops_platform.data.windows import Window
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision, VersionIdentity
from mlops_platform.monitoring.drift.column_drift import GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import Settings
from mlops_platform.spec import RetrainingSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.window.drift import WatchedWindow

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
WEEK = timedelta(days=7)
GOOD, BAD = 0.45, 0.55


@dg.op
def nothing() -> None:
    """Stands for a training: these stories are about when one is asked for."""


@dg.job(name=f"train_{MODEL}")
def training() -> None:
    nothing()


@dataclass
class Story:
    """One deployment, its clock, and what happens to it."""

    home: Settings
    ledger: Ledger
    instance: dg.DagsterInstance
    training = training

    def __post_init__(self) -> None:
        self.spec = declared_spec(MODEL)
        self.sensor = retraining_sensor(self.spec)
        self.schedule = window_schedule(self.spec, "dbt_features")

    def declare(self, **retraining: Any) -> None:
        """The YAML's `retraining` says something else."""
        declared = RetrainingSpec.model_validate(retraining)
        self.spec = self.spec.model_copy(update={"retraining": declared})
        self.sensor = retraining_sensor(self.spec)

    def at(self, moment: datetime) -> None:
        move_to(self.home.replayed_moment, moment)

    def new_data(self, content: str) -> None:
        for table in (self.spec.features.table, self.spec.label.table):
            state = {"2013-03-31": {"rows": 1, "digest": content}}
            manifest = {"partition_column": "local_date", "partitions": state}
            file = self.home.published / table / "_manifest.json"
            write_text(file, Manifest.model_validate(manifest).model_dump_json())

    def labels(self, rows: int, known_at: datetime) -> None:
        """The labels of that many flights are published."""
        folder = self.home.published / self.spec.label.table / f"local_date={known_at:%Y-%m-%d}"
        folder.mkdir(parents=True)
        ids = [f"{known_at:%Y%m%d}-{at}" for at in range(rows)]
        known = pa.array([known_at] * rows, pa.timestamp("us", "UTC"))
        table = pa.table({"flight_id": ids, "is_late": [True] * rows, "known_at": known})
        pq.write_table(table, folder / "labels.parquet")

    def release(self, version: int) -> None:
        """A training was promoted."""
        current = self.ledger.current_release(MODEL)
        self.ledger.release(
            MODEL,
            VersionIdentity(
                version=version,
                run_id=f"run-{version}",
                digests={"model.skops": "0" * 64},
                schema_hash="s",
                environment_hash="e",
            ),
            NewDecision(
                kind="promote", reason="better", actor="gate", evidence=self._evidence(version)
            ),
            expected_sequence=current.sequence if current else None,
        )

    def reject(self, cpu_seconds: float = 60.0) -> None:
        """A training lost at the gate."""
        evidence = self._evidence(0) | {"cpu_seconds": cpu_seconds}
        self.ledger.record_decision(
            MODEL, NewDecision(kind="reject", reason="worse", actor="gate", evidence=evidence)
        )

    def challenge(self, version: int) -> None:
        """Another session has put a version on trial meanwhile."""
        current = self.ledger.current_release(MODEL)
        identity = {"run_id": "r", "digests": {}, "schema_hash": "s", "environment_hash": "e"}
        evidence = {
            "challenger": {"version": version, **identity},
            "mode": "shadow",
            "share": 0.0,
            "champion_sequence": current.sequence,
        }
        self.ledger.record_decision(
            MODEL, NewDecision(kind="challenge", reason="try", actor="gate", evidence=evidence)
        )

    def _evidence(self, version: int) -> dict:
        root = self.home.published
        return {
            "mlflow_run": f"run-{version}",
            "features_digest": published_digest(root, self.spec.features.table),
            "labels_digest": published_digest(root, self.spec.label.table),
            "trained_as_of": open_deployment().clock().isoformat(),
            "cpu_seconds": 60.0,
        }

    def window(
        self, week: int, log_loss: float, *, version: int = 1, mature: bool = True
    ) -> WindowPerformance:
        """The performance of the n-th week is measured."""
        start = date(2013, 4, 1) + week * WEEK
        measured = WindowPerformance(
            window=str(start),
            start=start,
            end=start + WEEK,
            version=version,
            release=version,
            rows=1000,
            labelled=900,
            settled=1000 if mature else 920,
            mature=mature,
            as_of=MONDAY + (week + 1) * WEEK,
            metrics={"log_loss": log_loss},
            losses=LossFigures(
                loss=log_loss, baseline_loss=0.6, test_loss=GOOD, test_baseline_loss=0.6
            ),
        )
        folder = self.home.records / "latest" / f"{MODEL}__performance"
        write_text(folder / f"{start}.json", measured.to_stored())
        return measured

    def drift(self, week: int, alarm: bool, *, version: int = 1) -> None:
        """The drift of the n-th week is watched."""
        start = date(2013, 4, 1) + week * WEEK
        window = Window(start=start, end=start + WEEK, timezone=self.spec.window.timezone)
        calm = GroupDrift(columns=(), threshold=3.0, reference_days=90, alarm=False)
        drift = WindowDrift(
            rows=1000,
            rule="calibrated",
            features=calm.model_copy(update={"alarm": alarm}),
            scores=calm,
            share_of_columns=0.1,
            importance_share=0.1,
            prediction=0.01,
        )
        watched = WatchedWindow(
            window=window, version=version, release=version, drift=drift, run_id="r", report="r"
        )
        folder = self.home.records / "latest" / f"{MODEL}__drift_report"
        write_text(folder / f"{start}.json", watched.model_dump_json())

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        with dg.build_sensor_context(self.instance) as context:
            answer = self.sensor(context)
        assert isinstance(answer, dg.RunRequest | dg.SkipReason)
        return answer

    def asked(self) -> dg.RunRequest:
        answer = self.tick()
        assert isinstance(answer, dg.RunRequest), answer
        return answer

    def waited(self) -> str:
        answer = self.tick()
        assert isinstance(answer, dg.SkipReason), answer
        return str(answer.skip_message)

    def run(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The daemon starts what was asked for."""
        return self.instance.create_run_for_job(
            training, tags={**request.tags, "dagster/run_key": str(request.run_key)}
        )

    def due(self) -> list[dg.RunRequest]:
        with dg.build_schedule_context(self.instance) as context:
            answer = self.schedule(context)
        return [] if isinstance(answer, dg.SkipReason) else list(answer)

    def policy_decisions(self) -> list[Decision]:
        found = self.ledger.decisions(MODEL)
        return [one for one in reversed(found) if "policy" in one.evidence and not is_verdict(one)]


@pytest.fixture
def story(home: Settings) -> Iterator[Story]:
    ledger = open_deployment().ledger
    ledger.create_schema()
    with dg.DagsterInstance.ephemeral() as instance:
        begun = Story(home, ledger, instance)
        begun.new_data("january to march")
        begun.at(MONDAY)
        yield begun


@pytest.fixture
def failing(story: Story) -> Story:
    """A champion whose first week, mature by now, was bad; new data have come since."""
    story.release(1)
    story.window(0, BAD)
    story.new_data("first week of april")
    story.at(MONDAY + 2 * WEEK)
    return story
