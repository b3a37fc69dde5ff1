"""A logged request, found and run again, as a use case and on the command line."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.cli.service import replay_request as replay_command
from mlops_platform.data.served.served import land_log
from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionLog
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.serving import PredictionLogSpec
from mlops_platform.usecases.service.replay_request import ReplayedRequest, replay_request

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle


@pytest.fixture
def spec(lifecycle: "Lifecycle") -> ModelSpec:
    return lifecycle.spec


@pytest.fixture
def record(lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]) -> LoggedPrediction:
    """What the champion answers to the first row."""
    release = lifecycle.promote(lifecycle.register())
    model, rows = fitted
    probability = float(model.predict_proba(rows[:1])[0, 1])
    return LoggedPrediction(
        time=1_709_640_000.0,
        request_id="incident-1",
        row=0,
        route="predict",
        entity="flight-1",
        model=lifecycle.model,
        version=str(release.version),
        sequence=release.sequence,
        role="champion",
        features={"wind": float(rows["wind"][0]), "late": float(rows["late"][0])},
        outputs={"probability": probability, "decision": probability >= 0.25},
        latency_ms=2.0,
    )


@pytest.fixture
def log(lifecycle: "Lifecycle") -> Path:
    return lifecycle.deployment.settings.prediction_log(lifecycle.model)


def write(folder: Path, *records: LoggedPrediction, redact: tuple[str, ...] = ()) -> Path:
    log = PredictionLog(folder, PredictionLogSpec(redact=redact), "1", entity="flight_id")
    assert log.write(records)
    log.close()
    return folder


def replay(lifecycle: "Lifecycle", spec: ModelSpec) -> ReplayedRequest:
    return replay_request(lifecycle.deployment, spec, "incident-1")


def test_a_request_is_answered_again_by_the_version_that_answered_it(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    lifecycle.promote(lifecycle.register())
    write(log, record, record._replace(row=1), record._replace(request_id="other"))
    replayed = replay(lifecycle, spec)
    assert replayed.agrees
    assert [(row.row, row.version, row.sequence) for row in replayed.rows] == [
        (0, "1", 1),
        (1, "1", 1),
    ]
    again = replayed.rows[0].replayed
    assert again is not None
    assert list(again.answer) == ["probability", "decision"]
    assert again.answer == pytest.approx(record.outputs, abs=1e-15)
    assert replayed.rows[0].features == record.features


def test_it_is_the_same_once_it_has_landed(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    from datetime import UTC, datetime

    write(log, record)
    before = replay(lifecycle, spec)
    landed = lifecycle.deployment.settings.landed_predictions(spec.name)
    land_log(spec, log, landed, datetime.now(UTC))
    assert replay(lifecycle, spec) == before


@pytest.mark.parametrize("field", ["probability", "decision"])
def test_another_answer_is_found(
    lifecycle: "Lifecycle",
    spec: ModelSpec,
    record: LoggedPrediction,
    log: Path,
    field: str,
) -> None:
    other = {"probability": 0.9999, "decision": not record.outputs["decision"]}
    write(log, record._replace(outputs={**record.outputs, field: other[field]}))
    replayed = replay(lifecycle, spec)
    assert not replayed.agrees
    assert "otherwise" in replayed.rows[0].verdict


def test_a_decision_that_rounding_turned_is_no_other_answer(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    probability, decision = record.outputs["probability"], record.outputs["decision"]
    turned = {"probability": probability + 1e-13, "decision": not decision}
    write(log, record._replace(outputs=turned))
    assert replay(lifecycle, spec).agrees


def test_what_was_redacted_cannot_be_run_again(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    write(log, record, redact=("wind",))
    [row] = replay(lifecycle, spec).rows
    assert not row.agrees
    assert "lacks features of version 1" in row.verdict
    assert row.redacted == ("wind",)


def test_features_may_be_named_as_what_is_told_of_a_row(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    odd = dict.fromkeys(("reason", "answer", "features", "replayed", "adjustment"), 1.0)
    write(log, record._replace(features={**record.features, **odd}))
    [row] = replay(lifecycle, spec).rows
    assert row.agrees
    assert row.features == record.features
    assert row.adjustment is None


def test_an_unknown_version_is_a_reason(
    lifecycle: "Lifecycle", spec: ModelSpec, record: LoggedPrediction, log: Path
) -> None:
    write(log, record._replace(version="77"))
    [row] = replay(lifecycle, spec).rows
    assert row.replayed is None
    assert "of which the ledger knows nothing" in row.verdict


@pytest.fixture
def command_line(
    lifecycle: "Lifecycle", spec: ModelSpec, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    """The command in a deployment that has this one model; its YAML is no file here."""
    monkeypatch.setattr(replay_command, "_specs", lambda model: [spec])
    monkeypatch.setattr(replay_command, "open_deployment", lambda: lifecycle.deployment)
    return CliRunner(env={"COLUMNS": "200"})


def test_the_command_shows_both_answers(
    command_line: CliRunner, log: Path, record: LoggedPrediction
) -> None:
    write(log, record._replace(entity="[bold]flight"))
    shown = command_line.invoke(main, ["replay-request", "incident-1"])
    assert shown.exit_code == 0, shown.output
    assert "version 1 as champion of release 1" in shown.output
    assert "[bold]flight" in shown.output
    assert "The pipeline answers the same." in shown.output
    assert repr(record.outputs["probability"]) in shown.output


def test_the_command_ends_with_1_where_answers_differ(
    command_line: CliRunner, log: Path, record: LoggedPrediction
) -> None:
    write(log, record._replace(outputs={**record.outputs, "probability": 0.99999}))
    shown = command_line.invoke(main, ["replay-request", "incident-1", "--json"])
    assert shown.exit_code == 1
    [row] = json.loads(shown.output)["rows"]
    assert row["replayed"]["difference"] > 1e-3


def test_the_command_says_why_a_request_may_be_unknown(command_line: CliRunner) -> None:
    shown = command_line.invoke(main, ["replay-request", "nobody"])
    assert shown.exit_code == 1
    assert "no request 'nobody' is in the prediction log" in shown.output
