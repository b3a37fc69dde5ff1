"""What was served against the pipeline offline, with a real ledger and registry."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.windows import window_named
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import CHALLENGER
from mlops_platform.ledger.records import NewDecision
from mlops_platform.serving.watching.prediction_log import LoggedPrediction, PredictionLog
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.serving import PredictionLogSpec, ServingSpec
from mlops_platform.usecases.service import served_parity
from mlops_platform.usecases.service.land_served import LandedPredictions, land_served
from mlops_platform.usecases.window.drift import open_window
from mlops_platform.usecases.window.score import ScoredWindow
from mlops_platform.usecases.window.served import take_served_window
from tests.data.features.claims import claim
from tests.registry.fetched import fetched_version

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

NOW = datetime(2024, 3, 20, tzinfo=UTC)
EVENT = datetime(2024, 3, 5, 12, tzinfo=UTC)


@dataclass
class Service:
    """Answers as the service does, logs, and lands; `off_by` makes it answer something else."""

    lifecycle: "Lifecycle"
    model: Any
    rows: pd.DataFrame
    redact: tuple[str, ...] = ()

    @property
    def log(self) -> Path:
        return self.lifecycle.deployment.settings.prediction_log(self.lifecycle.model)

    @property
    def spec(self) -> ModelSpec:
        return self.lifecycle.spec

    def answer(self, at: int, sequence: int, version: int, **other: Any) -> None:
        row = self.rows.iloc[[at]]
        off_by = other.pop("off_by", 0.0)
        features = {name: float(row[name].iloc[0]) for name in ("wind", "late")}
        probability = float(self.model.predict_proba(row)[0, 1]) + off_by
        line = {
            "time": EVENT.timestamp(),
            "request_id": f"request-{at}",
            "row": 0,
            "route": "predict",
            "entity": f"flight-{at}",
            "model": self.lifecycle.model,
            "version": str(version),
            "sequence": sequence,
            "role": "champion",
            "features": features,
            "outputs": {"probability": probability, "decision": probability >= 0.25},
            "latency_ms": 1.0,
        }
        log = PredictionLog(
            self.log, PredictionLogSpec(redact=self.redact), "1", entity="flight_id"
        )
        assert log.write([LoggedPrediction(**{**line, **other})])
        log.close()

    def land(self) -> LandedPredictions:
        return land_served(self.lifecycle.deployment, self.spec, NOW)


@pytest.fixture
def service(lifecycle: "Lifecycle", fitted: tuple[Any, pd.DataFrame]) -> Service:
    return Service(lifecycle, *fitted)


def test_what_was_served_equals_the_pipeline_offline(service: Service) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    for at in range(20):
        service.answer(at, release.sequence, release.version)
    landed = service.land()
    assert landed.landing.rows == 20
    assert landed.parity.passed
    assert landed.parity.compared == 20
    assert landed.parity.max_difference <= 1e-15
    assert landed.parity.versions == (release.version,)


def test_a_difference_names_the_worst_request_until_other_rows_agree(service: Service) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, release.sequence, release.version)
    service.answer(2, release.sequence, release.version, off_by=1e-9)
    service.answer(3, release.sequence, release.version, off_by=1e-10)
    parity = service.land().parity
    assert not parity.passed
    assert parity.worst == "request-2"
    assert "request-2 was answered 1e-09 away" in parity.reason
    assert service.land().parity.worst == "request-2"
    service.answer(4, release.sequence, release.version)
    assert service.land().parity.passed


def test_a_decision_is_compared_where_its_probability_is_the_same(service: Service) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    for at, off_by in ((1, 1e-13), (2, 0.0)):
        probability = float(service.model.predict_proba(service.rows.iloc[[at]])[0, 1])
        turned = {"probability": probability + off_by, "decision": probability < 0.25}
        service.answer(at, release.sequence, release.version, outputs=turned)
        parity = service.land().parity
        assert parity.passed == (off_by > 0)
    assert (parity.worst, parity.max_difference) == ("request-2", 1.0)


def test_a_landing_that_died_before_its_verdict_is_judged_by_the_next(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, release.sequence, release.version, off_by=0.1)
    with monkeypatch.context() as patch:
        patch.setattr(served_parity, "sample_served", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            service.land()
    service.answer(2, release.sequence, release.version)
    parity = service.land().parity
    assert (parity.compared, parity.worst) == (2, "request-1")


def test_only_a_bounded_sample_is_scored_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served_parity, "MOST_ROWS", 5)
    release = service.lifecycle.promote(service.lifecycle.register())
    for at in range(8):
        service.answer(at, release.sequence, release.version)
    parity = service.land().parity
    assert (parity.rows, parity.compared) == (8, 5)


def test_rows_without_a_redacted_feature_are_left_out(service: Service) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, release.sequence, release.version)
    service.redact = ("wind", "flight_id")
    service.answer(2, release.sequence, release.version, off_by=1e-3)
    service.redact = ("flight_id",)
    service.answer(3, release.sequence, release.version)
    parity = service.land().parity
    assert parity.passed
    assert (parity.compared, parity.left_out) == (2, 1)


def test_a_version_that_the_ledger_does_not_know_fails(service: Service) -> None:
    first = service.lifecycle.promote(service.lifecycle.register())
    second = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, second.sequence, second.version)
    assert service.land().parity.passed
    service.answer(2, first.sequence, second.version)
    service.answer(3, 9, first.version)
    service.answer(4, 1, 99)
    parity = service.land().parity
    assert not parity.passed
    assert len(parity.problems) == 3
    assert "of which the ledger knows nothing" in parity.reason


def test_challengers_and_shadows_are_scored_by_the_version_of_their_challenge(
    service: Service,
) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    identity = service.lifecycle.register()
    evidence = {CHALLENGER: identity.model_dump(), "champion_sequence": 1, "share": 0.0}
    service.lifecycle.ledger.record_decision(
        service.lifecycle.model,
        NewDecision(kind="challenge", reason="t", actor="gate", evidence=evidence),
    )
    service.answer(1, release.sequence, release.version)
    service.answer(1, 2, identity.version, role="shadow")
    service.answer(2, 2, identity.version, role="challenger", off_by=1e-6)
    parity = service.land().parity
    assert parity.versions == (release.version, identity.version)
    assert (parity.compared, parity.worst) == (3, "request-2")


def test_nothing_was_served(service: Service) -> None:
    landed = service.land()
    assert landed.landing.rows == 0
    assert landed.parity.passed


def test_a_changed_artifact_is_a_problem_and_no_crash(service: Service) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    fetched = fetched_version(service.lifecycle.registry, release.model, release.version)
    service.answer(1, release.sequence, release.version)
    (fetched.directory / "model.skops").write_bytes(b"forged")
    assert "SHA-256" in service.land().parity.reason


def publish(root: Path, flights: dict[int, datetime]) -> Path:
    """Publish the features of flights by the day of their event."""
    for day in {moment.date() for moment in flights.values()}:
        of_day = {at: moment for at, moment in flights.items() if moment.date() == day}
        rows = pa.table(
            {
                "flight_id": [f"flight-{at}" for at in of_day],
                "event_time": pa.array([*of_day.values()], pa.timestamp("us", "UTC")),
                "wind": [0.5] * len(of_day),
                "late": [0.5] * len(of_day),
            }
        )
        write_parquet(rows, root / "flights" / f"local_date={day}" / "data.parquet")
    claim(root / "flights")
    return root


Take = Callable[..., Any]


@pytest.fixture
def take(service: Service) -> Take:
    deployment = replace(service.lifecycle.deployment, moment_of=lambda model: NOW)
    publish(deployment.settings.published, dict.fromkeys(range(6), EVENT))

    def take_window(window: str = "2024-03-04", spec: ModelSpec | None = None) -> Any:
        named = window_named(service.spec.window, window)
        return take_served_window(deployment, spec or service.spec, named)

    return take_window


def test_a_window_is_what_its_users_were_answered(service: Service, take: Take) -> None:
    first = service.lifecycle.promote(service.lifecycle.register())
    second = service.lifecycle.promote(service.lifecycle.register())
    before = EVENT.timestamp() - 60
    service.answer(0, first.sequence, first.version, time=before)
    for at in (1, 2, 3):
        service.answer(at, second.sequence, second.version, time=before)
    service.answer(3, second.sequence, second.version, time=before + 120, off_by=0.1)
    service.answer(4, second.sequence, second.version, role="shadow")
    service.land()
    scored = take()
    assert (scored.release, scored.version) == (second.sequence, second.version)
    assert (scored.rows, scored.constants, scored.source) == (4, {"threshold": 0.25}, "served")
    rows = read_parquet(scored.path)
    assert rows.column_names == [
        *("flight_id", "event_time", "local_date", "version", "release", "training_set"),
        *("feature_snapshot", "score", "decision", "sent_wind", "sent_late"),
    ]
    assert rows["flight_id"].to_pylist() == [f"flight-{at}" for at in range(4)]
    assert rows["release"].to_pylist() == [first.sequence, *[second.sequence] * 3]
    expected = service.model.predict_proba(service.rows.iloc[:4])[:, 1]
    assert rows["score"].to_pylist() == pytest.approx(expected.tolist(), abs=1e-15)
    assert scored.means == pytest.approx(
        {"score": expected.mean(), "decision": (expected >= 0.25).mean()}
    )
    assert set(rows["training_set"].to_pylist()) == {"ab" * 32}
    metadata = pq.read_schema(scored.path).metadata
    assert metadata[b"entity"] == b"flight_id"


def test_taking_a_window_again_changes_nothing(service: Service, take: Take) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    before = EVENT.timestamp() - 60
    service.answer(1, release.sequence, release.version, time=before)
    service.land()
    scored = take()
    service.answer(1, release.sequence, release.version, time=before + 600)
    service.land()
    assert take() == scored


def test_a_window_in_which_no_champion_answered_is_not_taken(service: Service, take: Take) -> None:
    assert take() is None
    release = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, release.sequence, release.version, role="challenger")
    service.land()
    assert take() is None
    assert take("2024-03-11") is None


def test_a_release_of_another_deployment_is_refused(service: Service, take: Take) -> None:
    service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, 7, 1)
    service.land()
    with pytest.raises(LedgerError, match="name release 7"):
        take()


def test_days_of_answers_before_the_window_are_looked_at(service: Service, take: Take) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    for at, days in ((1, 20), (2, 60)):
        moment = EVENT - timedelta(days=days)
        service.answer(at, release.sequence, release.version, time=moment.timestamp())
    service.land()
    assert read_parquet(take().path)["flight_id"].to_pylist() == ["flight-1"]


def test_drift_is_that_of_what_was_sent(service: Service, take: Take) -> None:
    release = service.lifecycle.promote(service.lifecycle.register())
    service.answer(1, release.sequence, release.version)
    service.redact = ("late",)
    service.answer(2, release.sequence, release.version)
    service.land()
    published = service.lifecycle.deployment.settings.published
    sent = service.rows["wind"][1:3].tolist()
    rows = _watched(service.spec, take(), published)
    assert rows["wind"].to_pylist() == sent
    assert rows["late"].to_pylist() == [service.rows["late"][1], None]
    redacted = service.spec.model_copy(
        update={"serving": ServingSpec(log=PredictionLogSpec(redact=("late",)))}
    )
    rows = _watched(redacted, take(spec=redacted), published)
    assert rows["wind"].to_pylist() == sent
    assert rows["late"].to_pylist() == [0.5, 0.5]


def _watched(spec: ModelSpec, scored: ScoredWindow, published: Path) -> pa.Table:
    with open_window(spec, scored, published) as rows:
        return rows.sample(spec.features.entity, 100)
