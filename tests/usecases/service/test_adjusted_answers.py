"""Answers of a release whose constants follow the outcomes, scored again under those in force."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.artifacts.allow_list import TRUSTED_TYPES
from mlops_platform.artifacts.model_store import save_model
from mlops_platform.cli import main
from mlops_platform.cli.service import replay_request as replay_command
from mlops_platform.column_kind import KINDS
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.windows import window_named
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewAdjustment, NewDecision, Release, VersionIdentity
from mlops_platform.registry.model_files import ModelDescription
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionLog
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.serving import PredictionLogSpec
from mlops_platform.tasks import Finished, Rows
from mlops_platform.tasks.regression.adaptation import AdaptationSpec
from mlops_platform.tasks.regression.columns import FACTOR
from mlops_platform.tasks.regression.task import Regression
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.release import Promotion, release_version
from mlops_platform.usecases.service.land_served import land_served
from mlops_platform.usecases.service.replay_request import replay_request
from mlops_platform.usecases.service.served_parity import ServedParity
from mlops_platform.usecases.window.served import take_served_window
from tests.data.features.claims import claim

NOW = datetime(2024, 3, 20, tzinfo=UTC)
EVENT = datetime(2024, 3, 5, 12, tzinfo=UTC)
NAMES = ["wind", "late"]
TASK = Regression(adaptation=AdaptationSpec())
FACTORS = {1: 2.0, 2: 5.0}
"""Of the adjustments of the release, by number."""


def spec_of(model: str, task: Regression = TASK) -> ModelSpec:
    candidate = {
        "name": "linear",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": "sklearn.linear_model.LinearRegression"},
    }
    return ModelSpec.model_validate(
        {
            "name": model,
            "description": "How late will it be?",
            "owners": ["team:flights"],
            "task": task.model_dump(),
            "features": {"table": "flights", "entity": "flight_id", "numeric": NAMES},
            "label": {"table": "labels", "column": "minutes"},
            "window": {"start": date(2024, 3, 4)},
            "training": {"candidates": [candidate]},
            "card": {"intended_use": "Tests.", "out_of_scope": "All else."},
        }
    )


@dataclass(frozen=True)
class Fitted:
    """A regression, the rows that it was fitted on, and a folder where it is stored."""

    finished: Finished
    rows: pd.DataFrame
    stored: Path
    digests: dict[str, str]


@pytest.fixture(scope="module")
def regression(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    random = np.random.default_rng(0)
    rows = pd.DataFrame(random.normal(size=(200, 2)), columns=NAMES)
    minutes = 10 * rows["late"].to_numpy() + random.normal(size=200)
    parts = [Rows(rows[part], minutes[part]) for part in (slice(0, 120), slice(120, 200))]
    finished = TASK.fit(make_pipeline(StandardScaler(), LinearRegression()), *parts)
    stored = tmp_path_factory.mktemp("stored")
    return Fitted(finished, rows, stored, save_model(finished.model, stored))


@dataclass
class Service:
    """Answers as the service does, under an adjustment, and logs it."""

    deployment: Deployment
    spec: ModelSpec
    release: Release
    finished: Finished
    rows: pd.DataFrame

    @property
    def landed(self) -> Path:
        return self.deployment.settings.landed_predictions(self.spec.name)

    def outputs(self, at: int, factor: float | None = None) -> dict[str, float | bool]:
        """What is answered for a row by a factor; by the version's own where None is given."""
        adjusted = {} if factor is None else {FACTOR: factor}
        [numbers] = TASK.numbers(self.finished.model, self.rows.iloc[[at]]).tolist()
        return TASK.answer(numbers, {**self.finished.constants, **adjusted})

    def answer(
        self, at: int, adjustment: int | None, factor: float | None = None, **other: Any
    ) -> None:
        """Answer a row by a factor, in the name of an adjustment."""
        row = self.rows.iloc[[at]]
        line = {
            "time": EVENT.timestamp() - 60,
            "request_id": f"request-{at}",
            "row": 0,
            "route": "predict",
            "entity": f"flight-{at}",
            "model": self.spec.name,
            "version": str(self.release.version),
            "sequence": self.release.sequence,
            "role": "champion",
            "features": {name: float(row[name].iloc[0]) for name in NAMES},
            "outputs": self.outputs(at, factor),
            "latency_ms": 1.0,
            "adjustment": adjustment,
        }
        folder = self.deployment.settings.prediction_log(self.spec.name)
        log = PredictionLog(folder, PredictionLogSpec(), "1", entity="flight_id")
        assert log.write([LoggedPrediction(**{**line, **other})])
        log.close()

    def land(self) -> ServedParity:
        return land_served(self.deployment, self.spec, NOW).parity


@pytest.fixture
def service(deployment: Deployment, regression: Fitted) -> Service:
    """A release with two adjustments, after one that never had any."""
    spec = spec_of(f"minutes_{uuid4().hex[:8]}")
    for expected in (None, 1):
        release = _release(deployment, spec.name, regression, expected)
    new = [
        NewAdjustment(
            sequence=release.sequence,
            version=release.version,
            constants={FACTOR: factor},
            facts={},
            labels_through=date(2024, 3, number),
            valid_from=datetime(2024, 3, number + 1, tzinfo=UTC),
            actor="adaptation",
        )
        for number, factor in FACTORS.items()
    ]
    deployment.ledger.record_adjustments(spec.name, new, after=0)
    return Service(deployment, spec, release, regression.finished, regression.rows)


def _release(
    deployment: Deployment,
    model: str,
    regression: Fitted,
    expected: int | None,
) -> Release:
    description = ModelDescription(
        input_example=regression.rows.head(2),
        kinds=dict.fromkeys(NAMES, KINDS["numeric"]),
        predict_method=TASK.predict_method,
        answers=TASK.answers_of_model,
        requirements=pinned_requirements(),
        trusted_types=TRUSTED_TYPES,
    )
    tags = {
        "fitted_through": "2024-02-29T22:00:00+00:00",
        "constants": json.dumps(regression.finished.constants),
        "training_set": "ab" * 32,
        "task": TASK.type,
    }
    with deployment.registry.training_run(model, "run", {}) as run:
        version = deployment.registry.register_version(
            model, run.run_id, regression.stored, regression.digests, description, tags
        )
    identity = VersionIdentity(
        version=version.version,
        run_id=run.run_id,
        digests=version.digests,
        schema_hash="5c",
        environment_hash="e4",
    )
    decision = NewDecision(kind="promote", reason="better", actor="gate")
    return release_version(deployment, Promotion(model, identity, decision, expected))


def test_each_row_is_scored_again_under_its_own_adjustment(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    adjustments = Ledger.adjustments

    def counted(ledger: Ledger, model: str, sequence: int) -> Any:
        asked.append(sequence)
        return adjustments(ledger, model, sequence)

    monkeypatch.setattr(Ledger, "adjustments", counted)
    service.answer(1, None)
    service.answer(2, 0)
    assert service.land().passed
    assert asked == []
    for at in range(3, 12):
        number = at % 3
        service.answer(at, number, FACTORS.get(number))
    parity = service.land()
    assert parity.passed, parity.reason
    assert (parity.compared, parity.versions) == (9, (service.release.version,))
    assert asked == [service.release.sequence]


@pytest.mark.parametrize(("said", "answered"), [(2, 1), (1, 0), (0, 2), (None, 1)])
def test_a_row_that_names_a_wrong_adjustment_is_found(
    service: Service, said: int | None, answered: int
) -> None:
    service.answer(1, 1, FACTORS[1])
    service.answer(2, said, FACTORS.get(answered))
    parity = service.land()
    assert not parity.passed
    assert (parity.compared, parity.worst) == (2, "request-2")


@pytest.mark.parametrize(
    ("adjustment", "other"),
    [
        (3, {}),
        (1, {"sequence": 1, "version": "1"}),
        (1, {"role": "shadow"}),
        (1, {"role": "challenger"}),
    ],
    ids=["later", "of another release", "of a shadow", "of a challenger"],
)
def test_an_adjustment_that_the_ledger_does_not_know_is_told(
    service: Service, adjustment: int, other: dict[str, Any]
) -> None:
    service.answer(1, 1, FACTORS[1])
    service.answer(2, adjustment, FACTORS[1], **other)
    parity = service.land()
    assert (parity.compared, len(parity.problems)) == (1, 1)
    assert f"under its adjustment {adjustment}, of which the ledger knows nothing" in parity.reason
    [row] = replay_request(service.deployment, service.spec, "request-2").rows
    assert row.replayed is None
    assert f"under its adjustment {adjustment}, of which the ledger" in row.verdict


def test_rows_that_landed_before_there_were_adjustments_are_scored_beside_later_ones(
    service: Service,
) -> None:
    service.answer(1, None)
    landing = land_served(service.deployment, service.spec, NOW).landing
    file = service.landed / landing.files[0]
    write_parquet(pq.ParquetFile(file).read().drop_columns(["release_adjustment"]), file)
    for path in service.landed.glob("landed.json"):
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps({**manifest, "unjudged": manifest["judged"]}))
    service.answer(2, 2, FACTORS[2])
    parity = service.land()
    assert parity.passed, parity.reason
    assert parity.compared == 2


@pytest.mark.parametrize("number", [None, 0, 1, 2])
def test_a_request_is_replayed_under_the_adjustment_that_answered_it(
    service: Service, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    service.answer(1, number, FACTORS.get(number or 0))
    replayed = replay_request(service.deployment, service.spec, "request-1")
    assert replayed.agrees
    assert replayed.rows[0].adjustment == number
    [stored] = json.loads(replayed.model_dump_json())["rows"]
    assert stored.get("adjustment", "none") == ("none" if number is None else number)
    monkeypatch.setattr(replay_command, "_specs", lambda model: [service.spec])
    monkeypatch.setattr(replay_command, "open_deployment", lambda: service.deployment)
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(main, ["replay-request", "request-1"])
    assert shown.exit_code == 0, shown.output
    said = "" if number is None else f" under its adjustment {number}"
    assert f"as champion of release 2{said}, in " in shown.output


Take = Callable[..., Any]


@pytest.fixture
def take(service: Service) -> Take:
    """Take the served window of some flights, all of one day."""
    published = service.deployment.settings.published
    rows = pa.table(
        {
            "flight_id": [f"flight-{at}" for at in range(6)],
            "event_time": pa.array([EVENT] * 6, pa.timestamp("us", "UTC")),
            **dict.fromkeys(NAMES, [0.5] * 6),
        }
    )
    write_parquet(rows, published / "flights" / f"local_date={EVENT.date()}" / "data.parquet")
    claim(published / "flights")

    def taken(spec: ModelSpec = service.spec) -> Any:
        window = window_named(spec.window, "2024-03-04")
        return take_served_window(service.deployment, spec, window)

    return taken


def test_rows_of_a_served_window_say_under_which_adjustment_they_were_answered(
    service: Service, take: Take
) -> None:
    for at, number in enumerate((None, 0, 2, 1)):
        service.answer(at, number, FACTORS.get(number or 0))
    service.land()
    scored = take()
    assert (scored.release, scored.adjustments) == (service.release.sequence, 2)
    rows = read_parquet(scored.path)
    names = rows.column_names
    assert names[names.index("release") + 1] == "adjustment"
    assert rows.schema.field("adjustment").type == pa.int32()
    assert rows["adjustment"].to_pylist() == [0, 0, 2, 1]
    factors = (None, None, FACTORS[2], FACTORS[1])
    widths = [service.outputs(at, factor)["width"] for at, factor in enumerate(factors)]
    assert rows["width"].to_pylist() == widths
    assert take().feature_snapshot == scored.feature_snapshot


def test_a_window_of_constants_that_only_change_by_a_release_has_no_such_column(
    service: Service, take: Take
) -> None:
    plain = spec_of(service.spec.name, Regression())
    service.answer(1, None)
    service.land()
    scored = take(plain)
    assert "adjustment" not in read_parquet(scored.path).column_names
    assert "adjustments" not in scored.model_dump()
    # What landed before has no column of it; the snapshot is the same nevertheless.
    [file] = service.landed.glob("day=*/*.parquet")
    write_parquet(pq.ParquetFile(file).read().drop_columns(["release_adjustment"]), file)
    assert take(plain).feature_snapshot == scored.feature_snapshot


def test_the_snapshot_of_a_window_does_not_depend_on_when_its_files_landed(
    service: Service, take: Take
) -> None:
    service.answer(1, None)
    service.land()
    before = take().feature_snapshot
    [file] = service.landed.glob("day=*/*.parquet")
    write_parquet(pq.ParquetFile(file).read().drop_columns(["release_adjustment"]), file)
    assert take().feature_snapshot == before
    service.answer(1, 0, time=(EVENT + timedelta(days=40)).timestamp(), entity="other")
    service.land()
    assert take().feature_snapshot == before
