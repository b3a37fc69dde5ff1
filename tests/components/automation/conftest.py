"""One deployment in replayed time, and what happens to its one model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation.model_sensor import ModelSensor
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.windows import WATCH
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.data.features.published import FILE, Manifest, published_digest
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.windows import Window, window_named
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision, VersionIdentity
from mlops_platform.monitoring.drift.column_drift import GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.section import Section
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec, RetrainingSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.retraining.attempts import is_verdict
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.outcome_digests import OutcomeDigests
from tests.data.features.claims import claim

MODEL = "flight_delay"
MONDAY = datetime(2013, 4, 1, 4, tzinfo=UTC)  # midnight in New York
WEEK = timedelta(days=7)
GOOD, BAD = 0.45, 0.55


@dg.asset(key=[MODEL, "candidate"])
def candidate() -> None:
    """Stands for a training: these stories are about when one is asked for."""


@dg.asset(key=[MODEL, "predictions"])
def predictions() -> None:
    """Stands for a window."""


ASSETS = dg.Definitions(assets=[candidate, predictions]).resolve_job_def(ANY_ASSETS)


@dataclass
class Story:
    """One deployment, its clock, and what happens to it."""

    home: Settings
    ledger: Ledger
    instance: dg.DagsterInstance
    cursors: dict[str, str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.model = declared_lifecycle(MODEL)

    @property
    def spec(self) -> ModelSpec:
        return self.model.spec

    def declare(self, **sections: Section) -> None:
        """The YAML says something else."""
        self.model = replace(self.model, spec=self.spec.model_copy(update=sections))

    def declare_retraining(self, **retraining: Any) -> None:
        self.declare(retraining=RetrainingSpec.model_validate(retraining))

    def at(self, moment: datetime) -> None:
        move_to(self.home.replay_clock(MODEL), moment)

    def new_data(self, content: str, day: date = date(2013, 3, 31)) -> None:
        for table in (self.spec.features.table, self.spec.label.table):
            there = (self.home.published / table).glob(f"*/{FILE}")
            days = [file.parent.name.partition("=")[2] for file in there]
            state = {name: {"rows": 1, "digest": content} for name in (*days, str(day))}
            manifest = {"partition_column": "local_date", "partitions": state}
            file = self.home.published / table / "_manifest.json"
            write_text(file, Manifest.model_validate(manifest).model_dump_json())

    def labels_digest(self, week: int) -> str:
        """Of the published labels, and what else is counted, of the n-th week."""
        window = window_named(self.spec.window, str(date(2013, 4, 1) + week * WEEK))
        return OutcomeDigests(self.spec, self.home.published).of(window)

    def predicted(self, week: int) -> None:
        """The n-th week is scored."""
        window = str(date(2013, 4, 1) + week * WEEK)
        rows = pa.RecordBatch.from_pydict({"flight_id": ["f"], "score": [0.5]})
        write_predictions([rows], self.spec, predictions_file(self.home.predictions, MODEL, window))

    def labels(self, rows: int, known_at: datetime) -> None:
        """The labels of that many flights are published."""
        folder = self.home.published / self.spec.label.table / f"local_date={known_at:%Y-%m-%d}"
        folder.mkdir(parents=True)
        ids = [f"{known_at:%Y%m%d}-{at}" for at in range(rows)]
        known = pa.array([known_at] * rows, pa.timestamp("us", "UTC"))
        table = pa.table({"flight_id": ids, "is_late": [True] * rows, "known_at": known})
        pq.write_table(table, folder / FILE)
        claim(folder.parent)

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
            "trained_as_of": open_deployment().moment_of(MODEL).isoformat(),
            "cpu_seconds": 60.0,
        }

    def window(
        self,
        week: int,
        loss: float,
        *,
        version: int = 1,
        mature: bool = True,
        labels_digest: str = "",
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
            outcomes_known=1000 if mature else 920,
            mature=mature,
            as_of=MONDAY + (week + 1) * WEEK,
            labels_digest=labels_digest,
            metrics={"log_loss": loss},
            losses=LossFigures(
                name="log loss",
                baseline_name="base rate",
                loss=loss,
                baseline_loss=0.6,
                test_loss=GOOD,
                test_baseline_loss=0.6,
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

    def tick(self, sensor: ModelSensor = RETRAIN) -> dg.SensorResult:
        """The daemon lets a sensor tick."""
        acting = sensor.over([self.model])
        with dg.build_sensor_context(
            self.instance, cursor=self.cursors.get(sensor.name)
        ) as context:
            answer = acting(context)
        assert isinstance(answer, dg.SensorResult)
        self.cursors[sensor.name] = answer.cursor
        return answer

    def asked(self) -> dg.RunRequest:
        (request,) = self.tick().run_requests or ()
        return request

    def waited(self) -> str:
        answer = self.tick()
        assert answer.skip_reason is not None, answer
        return str(answer.skip_reason.skip_message)

    def run(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The daemon starts a training that was asked for."""
        return self._create_run(candidate, request.tags)

    def run_by_hand(self) -> dg.DagsterRun:
        """A person materialises an asset of the training: the run has no tag."""
        return self._create_run(candidate)

    def run_window(self, request: dg.RunRequest) -> dg.DagsterRun:
        """The daemon starts the run of a window."""
        return self._create_run(predictions, request.tags)

    def _create_run(
        self, asset: dg.AssetsDefinition, tags: Mapping[str, str] | None = None
    ) -> dg.DagsterRun:
        return self.instance.create_run_for_job(
            ASSETS, tags=tags, asset_selection=frozenset(asset.keys)
        )

    def due(self) -> list[dg.RunRequest]:
        """Windows that are asked for, as if nobody had looked before."""
        self.cursors.pop(WATCH.name, None)
        return self.due_now()

    def due_now(self) -> list[dg.RunRequest]:
        """Windows that are asked for by the next look."""
        return list(self.tick(WATCH).run_requests or ())

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
