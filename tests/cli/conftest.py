"""A model's past, as ledger and records keep it: two champions, three windows, one retraining."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import main
from mlops_platform.clock import move_to
from mlops_platform.data.windows import Window
from mlops_platform.files import write_text
from mlops_platform.ledger.challenger import CHALLENGER
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, Release, VersionIdentity
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift
from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.record import Record
from mlops_platform.settings import Settings
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.score import ScoredWindow

MODEL = "flight_delay"
MODELS = (MODEL, "arrival_delay")
Mlops = Callable[..., Result]


@pytest.fixture
def mlops() -> Mlops:
    """Run a command on a wide terminal."""
    return lambda *arguments: CliRunner(env={"COLUMNS": "400"}).invoke(main, list(arguments))


@dataclass
class Past:
    """Writes decisions and windows of one model at moments of its past."""

    home: Settings
    now: datetime = datetime(2013, 4, 1, 4, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.home.ledger_url, moment_of=lambda model: self.now)
        self.ledger.create_schema()

    def at(self, moment: str) -> "Past":
        self.now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        for model in MODELS:
            move_to(self.home.replay_clock(model), self.now)
        return self

    def decide(self, kind: str, reason: str, **other: object) -> None:
        decision = {"kind": kind, "reason": reason, "actor": "sensor retrain", **other}
        self.ledger.record_decision(MODEL, NewDecision.model_validate(decision))

    def release(self, version: int, reason: str, kind: str = "promote") -> Release:
        current = self.ledger.current_release(MODEL)
        decision = {"kind": kind, "reason": reason, "actor": "gate"}
        return self.ledger.release(
            MODEL,
            identity_of(version),
            NewDecision.model_validate(decision | {"evidence": {"mlflow_run": f"{version:032}"}}),
            expected_sequence=current.sequence if current else None,
        )

    def challenge(self, version: int, mode: str, share: float) -> None:
        current = self.ledger.current_release(MODEL)
        assert current is not None
        trial = {
            CHALLENGER: identity_of(version).model_dump(),
            "mode": mode,
            "share": share,
            "champion_sequence": current.sequence,
        }
        self.decide("challenge", "Better on its test.", actor="gate", evidence=trial)

    def score(self, start: date, release: Release) -> Window:
        window = window_from(start)
        scored = ScoredWindow(
            window=window,
            version=release.version,
            constants={"threshold": 0.25},
            release=release.sequence,
            feature_snapshot="f",
            rows=1000,
            means={"score": 0.25, "decision": 0.3},
            scored_at=self.now,
            path=self.home.predictions / MODEL / f"window={window.name}" / "data.parquet",
        )
        self.write(MODEL, "predictions", window, scored)
        return window

    def measure(self, start: date, loss: float | None, *, mature: bool = True) -> None:
        window = window_from(start)
        measured = WindowPerformance(
            window=window.name,
            start=window.start,
            end=window.end,
            version=1,
            release=1,
            rows=1000,
            labelled=900 if mature else 400,
            outcomes_known=1000 if mature else 500,
            mature=mature,
            as_of=self.now,
            metrics={} if loss is None else {"log_loss": loss},
            losses=LossFigures(
                name="log loss",
                baseline_name="base rate",
                loss=loss,
                baseline_loss=0.55,
                test_loss=0.45,
                test_baseline_loss=0.52,
            ),
        )
        self.write(MODEL, "performance", window, measured)

    def watch(self, start: date) -> None:
        window = window_from(start)
        wind, temperature, score = (
            ColumnDrift(
                column=name,
                statistic=statistic,
                drifted=statistic >= 0.1,
                psi=0.0,
                p_value=0.5,
                null_share_reference=0.0,
                null_share=0.0,
                importance=0.1,
            )
            for name, statistic in (("wind", 0.05), ("temperature", 0.4), ("score", 0.07))
        )
        judged = {"threshold": 3.0, "reference_days": 90}
        drift = WindowDrift(
            rows=1000,
            rule="calibrated",
            features=GroupDrift(columns=(wind, temperature), alarm=True, **judged),
            scores=GroupDrift(columns=(score,), alarm=False, **judged),
            share_of_columns=0.5,
            importance_share=0.5,
            prediction=0.07,
        )
        watched = WatchedWindow(
            window=window,
            version=1,
            release=1,
            drift=drift,
            run_id="r",
            report="r.html",
        )
        self.write(MODEL, "drift_report", window, watched)

    def write(self, model: str, asset: str, window: Window, record: Record) -> None:
        folder = self.home.records / "latest" / f"{model}__{asset}"
        write_text(folder / f"{window.name}.json", record.to_stored())


def identity_of(version: int) -> VersionIdentity:
    return VersionIdentity(
        version=version,
        run_id=f"{version:032}",
        digests={},
        schema_hash="5",
        environment_hash="e",
    )


def window_from(start: date) -> Window:
    return Window(start=start, end=start + timedelta(days=7), timezone="America/New_York")


@pytest.fixture
def new(home: Settings) -> Past:
    """A deployment in which nothing has happened yet."""
    return Past(home)


@pytest.fixture
def past(new: Past) -> Past:
    """Version 1 fails in its first week and is followed by version 2 on Friday 19 April."""
    first = new.at("2013-04-01T04:00").release(1, "There is no champion yet.")
    new.at("2013-04-08T10:00").score(date(2013, 4, 1), first)
    new.measure(date(2013, 4, 1), 0.5, mature=False)
    new.decide("wait", "No window that version 1 served is mature yet.")
    new.at("2013-04-15T10:00").score(date(2013, 4, 8), first)
    new.measure(date(2013, 4, 1), 0.5)
    new.watch(date(2013, 4, 1))
    evidence = {"policy": "performance", "loss": 0.5, "labelled": 900}
    new.decide("retrain", "Too bad.", window="2013-04-01", evidence=evidence)
    new.at("2013-04-19T16:30").release(2, "Better by far.")
    new.at("2013-04-22T10:00").score(date(2013, 4, 15), new.ledger.releases(MODEL)[1])
    new.measure(date(2013, 4, 15), None, mature=False)
    return new
