"""From the prediction log and the labels to the end of a trial: real files, ledger and registry."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.served.served import land_log
from mlops_platform.errors import DataError, ReleaseConflict
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.ledger.records import BentoIdentity, Decision
from mlops_platform.monitoring.rollout.rollout import RolloutEvidence, RolloutVerdict
from mlops_platform.serving.watching.objectives import Objectives
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.ledger.freeze import freeze
from mlops_platform.usecases.release.bento import record_bento
from mlops_platform.usecases.rollout.begin import release_or_challenge
from mlops_platform.usecases.rollout.end import abort_challenger
from mlops_platform.usecases.rollout.judge import (
    conclude,
    gather_evidence,
    judge_challenger,
    last_matured_day,
)
from tests.data.features.claims import claim

if TYPE_CHECKING:
    from tests.usecases.conftest import Lifecycle

FIRST = date(2024, 3, 4)
ROWS = 120
"""Entities of one day."""
LATE = datetime(2024, 3, 20, tzinfo=UTC)
"""Every label of a week has matured."""

Predicts = Callable[[np.ndarray], np.ndarray]


def exact(truth: np.ndarray) -> np.ndarray:
    return truth


def dull(truth: np.ndarray) -> np.ndarray:
    return 0.5 + 0.3 * (truth - 0.5)


def _spec(model: str, release: dict[str, Any], **sections: Any) -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": model,
            "description": "Will the patient return?",
            "owners": ["team:ward"],
            "features": {"table": "visits", "entity": "visit_id", "numeric": ["age"]},
            "label": {"table": "visit_labels", "column": "returned"},
            "window": {"start": FIRST},
            "training": {
                "history": {"split": {"validation_days": 2, "test_days": 2}},
                "candidates": [
                    {
                        "name": "linear",
                        "preprocessing": [{"columns": "numeric"}],
                        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                    }
                ],
            },
            "release": {"min_labelled": 300, **release},
            "card": {"intended_use": "Tests.", "out_of_scope": "Patients."},
            **sections,
        }
    )


@dataclass
class Trial:
    """A champion, a challenger, and days of traffic with their labels."""

    lifecycle: "Lifecycle"
    spec: ModelSpec
    generator: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))

    @property
    def lake(self) -> Settings:
        return self.lifecycle.deployment.settings

    @property
    def prediction_log(self) -> Path:
        return self.lake.prediction_log(self.spec.name)

    @property
    def challenger(self) -> Challenger:
        challenger = standing_challenger(self.lifecycle.ledger, self.spec.name)
        assert challenger is not None
        return challenger

    def day(self, number: int, champion: Predicts, challenger: Predicts) -> None:
        """One day is served, labelled a day later, and landed."""
        day = FIRST + timedelta(days=number)
        truth = self.generator.choice([0.1, 0.9], ROWS)
        entities = [f"v{number}-{at}" for at in range(ROWS)]
        labels = self.generator.random(ROWS) < truth
        self._label(day, entities, labels)
        for at, entity in enumerate(entities):
            for arm in self._arms(entity):
                predicted = (champion if arm == "champion" else challenger)(truth)[at]
                self.log(day, entity, arm, float(predicted))
        self.land()

    def _arms(self, entity: str) -> list[str]:
        if self.spec.release.mode == "shadow":
            return ["champion", "shadow"]
        first = hashlib.sha256(entity.encode()).digest()[0]
        return ["challenger" if first < 64 else "champion"]

    def log(self, day: date, entity: str, role: str, probability: float, **changed: Any) -> None:
        line = {
            "time": f"{day}T10:00:00.{'500' if role == 'shadow' else '100'}Z",
            "request_id": f"r-{entity}",
            "row": 0,
            "route": "predict",
            "entity": entity or None,
            "model": self.spec.name,
            "version": "1" if role == "champion" else "2",
            "sequence": 1 if role == "champion" else 2,
            "role": role,
            "features": {"age": 50.0},
            "probability": probability,
            "decision": probability >= 0.5,
            "latency_ms": 1.5,
        }
        self.prediction_log.mkdir(parents=True, exist_ok=True)
        with (self.prediction_log / "predictions-w1-1.jsonl").open("a") as file:
            file.write(json.dumps(line | changed) + "\n")

    def land(self) -> None:
        landed = self.lake.landed_predictions(self.spec.name)
        landing = land_log(self.spec, self.prediction_log, landed, LATE)
        assert landing.malformed == 0

    def _label(self, day: date, entities: list[str], labels: np.ndarray) -> None:
        known = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1)
        table = pa.table(
            {
                "visit_id": entities,
                "returned": labels,
                "known_at": pa.array([known] * len(entities), pa.timestamp("us", "UTC")),
            }
        )
        path = self.lake.published / f"visit_labels/local_date={day}/data.parquet"
        write_parquet(table, path)
        claim(path.parent.parent)

    def evidence(self, now: datetime = LATE) -> RolloutEvidence:
        return gather_evidence(self.lifecycle.deployment, self.spec, self.challenger, now)

    def verdict(self, now: datetime = LATE, *, automatic: bool = True) -> RolloutVerdict:
        ledger, evidence = self.lifecycle.ledger, self.evidence(now)
        return judge_challenger(self.spec, ledger, evidence, now, automatic=automatic)

    def conclude(self, verdict: RolloutVerdict) -> None:
        deployment = self.lifecycle.deployment
        conclude(deployment, self.challenger, verdict, "sensor rollout", automatic=True)

    def decisions(self) -> list[Decision]:
        return self.lifecycle.ledger.decisions(self.spec.name)


@pytest.fixture
def begin(lifecycle: "Lifecycle") -> Callable[..., Trial]:
    def begun(
        mode: str = "shadow", release: dict[str, Any] | None = None, **sections: Any
    ) -> Trial:
        spec = _spec(lifecycle.model, {"mode": mode, **(release or {})}, **sections)
        lifecycle.promote(lifecycle.register())
        identity = lifecycle.register()
        standing = release_or_challenge(
            lifecycle.deployment, lifecycle.promotion(identity, 1), spec.release
        )
        record_bento(lifecycle.ledger, standing, BentoIdentity(tag="m:v2"), "bento")
        return Trial(lifecycle, spec)

    return begun


@pytest.mark.parametrize("mode", ["shadow", "canary"])
def test_the_better_challenger_is_promoted_on_matured_labels(
    begin: Callable[..., Trial], mode: str
) -> None:
    trial = begin(mode, {"min_labelled": 100})
    for number in range(6):
        trial.day(number, champion=dull, challenger=exact)
    verdict = trial.verdict()
    assert verdict.kind == "promote", verdict.reason
    assert verdict.evidence["days"] == 6
    trial.conclude(verdict)
    release = trial.lifecycle.ledger.current_release(trial.spec.name)
    assert (release.version, release.sequence, release.bento_tag) == (2, 2, "m:v2")
    assert trial.decisions()[0].evidence["difference"] == verdict.evidence["difference"] < 0


@pytest.mark.parametrize("mode", ["shadow", "canary"])
def test_the_worse_challenger_is_aborted(begin: Callable[..., Trial], mode: str) -> None:
    trial = begin(mode, {"min_labelled": 100})
    for number in range(6):
        trial.day(number, champion=exact, challenger=dull)
    verdict = trial.verdict()
    assert verdict.kind == "abort", verdict.reason
    trial.conclude(verdict)
    assert trial.lifecycle.ledger.current_release(trial.spec.name).version == 1
    assert standing_challenger(trial.lifecycle.ledger, trial.spec.name) is None


def test_the_figures_are_those_of_the_rows(begin: Callable[..., Trial]) -> None:
    trial = begin()
    for number in range(4):
        trial.day(number, champion=dull, challenger=exact)
    found = trial.evidence().comparison
    assert found is not None
    assert found.champion_rows == found.challenger_rows == 4 * ROWS
    # Entropy of a coin of 0.9, and cross entropy of it with one of 0.62.
    assert found.challenger_loss == pytest.approx(0.325, abs=0.06)
    assert found.champion_loss == pytest.approx(0.527, abs=0.03)
    assert found.difference == pytest.approx(found.challenger_loss - found.champion_loss)


def test_only_days_whose_labels_are_complete_count(begin: Callable[..., Trial]) -> None:
    trial = begin()
    for number in range(5):
        trial.day(number, champion=dull, challenger=exact)
    # The labels of the 4th to the 6th of March are known on the 8th, those of the 5th complete.
    now = datetime(2024, 3, 8, 6, tzinfo=UTC)
    assert last_matured_day(trial.spec, now) == date(2024, 3, 5)
    found = trial.evidence(now).comparison
    assert found is not None
    assert found.days == 2
    assert trial.verdict(now).kind == "wait"


def test_labels_that_are_reported_late_are_not_known_yet(begin: Callable[..., Trial]) -> None:
    label = {"table": "visit_labels", "column": "returned", "reporting_delay_days": 10}
    trial = begin(label=label)
    for number in range(5):
        trial.day(number, champion=dull, challenger=exact)
    assert trial.evidence(datetime(2024, 3, 12, tzinfo=UTC)).comparison is None
    assert trial.evidence(LATE).comparison.days == 4


def test_a_corrected_label_counts_once_and_from_its_correction_on(
    begin: Callable[..., Trial],
) -> None:
    trial = begin()
    trial.day(0, champion=dull, challenger=exact)
    before, corrected_at = trial.evidence().comparison, LATE - timedelta(days=1)
    path = trial.lake.published / f"visit_labels/local_date={FIRST}/data.parquet"
    rows = read_parquet(path).to_pylist()
    corrected = [{**row, "returned": not row["returned"], "known_at": corrected_at} for row in rows]
    superseded = [{**row, "superseded_at": corrected_at} for row in rows]
    write_parquet(pa.Table.from_pylist([*superseded, *corrected]), path)
    claim(path.parent.parent)

    assert trial.evidence(corrected_at - timedelta(seconds=1)).comparison == before
    after = trial.evidence(corrected_at).comparison
    assert after.challenger_rows == before.challenger_rows == ROWS
    assert after.challenger_loss > before.challenger_loss


def test_in_the_shadow_only_what_both_predicted_is_compared(begin: Callable[..., Trial]) -> None:
    trial = begin()
    trial.day(0, champion=dull, challenger=exact)
    before = trial.evidence().comparison
    # The shadow was too busy; an entity was asked again, once with and once without it.
    trial.log(FIRST, "v0-0", "champion", 0.001, request_id="again", time=f"{FIRST}T11:00:00.0Z")
    for role, time in (("champion", "12:00:00.0"), ("shadow", "12:00:00.4")):
        trial.log(FIRST, "v0-1", role, 0.5, request_id="b", time=f"{FIRST}T{time}Z")
    trial.land()
    after = trial.evidence().comparison
    assert before is not None
    assert after is not None
    assert before.champion_rows == after.champion_rows == after.challenger_rows == ROWS
    assert after.challenger_loss != before.challenger_loss


def test_other_versions_and_releases_are_not_part_of_the_trial(
    begin: Callable[..., Trial],
) -> None:
    trial = begin("canary")
    trial.day(0, champion=dull, challenger=exact)
    before = trial.evidence().comparison
    for at in range(20):
        trial.log(FIRST, f"v0-{at}", "champion", 0.99, sequence=7, time=f"{FIRST}T13:00:00Z")
        trial.log(FIRST, f"v0-{at}", "challenger", 0.99, version="9", time=f"{FIRST}T13:00:00Z")
    trial.log(FIRST, "", "champion", 0.99, time=f"{FIRST}T13:00:00Z")
    trial.land()
    assert trial.evidence().comparison == before


def test_before_anything_has_landed_it_waits_and_says_so_once(begin: Callable[..., Trial]) -> None:
    trial = begin()
    now = trial.challenger.since + timedelta(days=1)
    for _ in range(3):
        verdict = trial.verdict(now)
        assert verdict.kind == "wait"
        trial.conclude(verdict)
    waits = [decision for decision in trial.decisions() if decision.kind == "wait"]
    assert len(waits) == 1
    assert waits[0].evidence["challenge"] == trial.challenger.challenge


def test_a_challenger_without_evidence_is_aborted_in_the_end(begin: Callable[..., Trial]) -> None:
    trial = begin(release={"max_days": 3})
    verdict = trial.verdict(trial.challenger.since + timedelta(days=3))
    trial.conclude(verdict)
    assert trial.decisions()[0].kind == "abort"
    assert "3 days of the trial are over" in trial.decisions()[0].reason


def test_a_challenger_that_fails_requests_is_aborted_at_once(begin: Callable[..., Trial]) -> None:
    trial = begin("canary")
    counting = Objectives(trial.prediction_log, "w1", trial.spec.name)
    for at in range(300):
        counting.observe("2", "challenger", 500 if at % 10 == 0 else 200, 0.01)
        counting.observe("1", "champion", 500, 0.01)
    counting.close()
    verdict = trial.verdict(trial.challenger.since + timedelta(minutes=5))
    assert verdict.kind == "abort"
    assert "30 of 300 requests failed" in verdict.reason


def test_a_frozen_model_is_promoted_by_a_person_only(begin: Callable[..., Trial]) -> None:
    trial = begin()
    for number in range(6):
        trial.day(number, champion=dull, challenger=exact)
    freeze(trial.lifecycle.ledger, trial.spec.name, "runway works", "alice")
    held = trial.verdict()
    assert held.kind == "wait"
    assert "alice" in held.reason
    assert trial.verdict(automatic=False).kind == "promote"


def test_where_a_person_has_to_decide_by_now_no_verdict_promotes(
    begin: Callable[..., Trial],
) -> None:
    trial = begin()
    for number in range(6):
        trial.day(number, champion=dull, challenger=exact)
    assert trial.verdict().kind == "promote"
    manual = trial.spec.release.model_copy(update={"mode": "manual"})
    trial.spec = trial.spec.model_copy(update={"release": manual})
    for automatic in (True, False):
        held = trial.verdict(automatic=automatic)
        assert held.kind == "wait"
        assert "mlops approve" in held.reason


def test_a_verdict_that_comes_too_late_changes_nothing(begin: Callable[..., Trial]) -> None:
    trial = begin()
    for number in range(6):
        trial.day(number, champion=dull, challenger=exact)
    verdict, challenger = trial.verdict(), trial.challenger
    deployment = trial.lifecycle.deployment
    abort_challenger(deployment, challenger, reason="no", actor="alice")
    before = trial.decisions()
    for kind in ("promote", "abort", "wait"):
        late = verdict.model_copy(update={"kind": kind})
        with pytest.raises(ReleaseConflict):
            conclude(deployment, challenger, late, "sensor rollout", automatic=True)
    assert trial.decisions() == before


def test_without_published_labels_the_fix_is_named(begin: Callable[..., Trial]) -> None:
    trial = begin()
    trial.log(FIRST, "v0", "champion", 0.5)
    trial.land()
    with pytest.raises(DataError, match=r"Build .* first"):
        trial.evidence()
