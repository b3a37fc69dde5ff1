"""What the ledger says of every retraining that was asked for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.usecases.retraining.attempts import attempts, open_request, trained_as_of

MODEL = "flight_delay"
BEGAN = datetime(2013, 4, 1, 4, tzinfo=UTC)
VERDICT = {"mlflow_run": "r", "cpu_seconds": 60.0}
Decide = Callable[..., None]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    days = iter(range(100))
    moment_of = lambda model: BEGAN + timedelta(days=next(days))  # noqa: E731
    created = Ledger(f"sqlite:///{tmp_path}/ledger.db", moment_of=moment_of)
    created.create_schema()
    return created


@pytest.fixture
def decide(ledger: Ledger) -> Decide:
    def decide(kind: str, window: str | None = None, **evidence: Any) -> None:
        decision = {"kind": kind, "reason": "so", "actor": "a", "window": window}
        ledger.record_decision(MODEL, NewDecision(**decision, evidence=evidence))

    return decide


def told(ledger: Ledger, *, abandoned: bool = False) -> list[tuple[int, str | None, str]]:
    """Day, window and outcome of every attempt."""
    found = attempts(ledger.decisions(MODEL), abandoned=abandoned)
    return [((one.at - BEGAN).days, one.window, one.outcome) for one in found]


def test_a_verdict_ends_the_request_before_it(ledger: Ledger, decide: Decide) -> None:
    decide("retrain", "w1")
    decide("wait", "w2")
    decide("reject", **VERDICT)
    assert told(ledger) == [(2, "w1", "reject")]
    assert open_request(ledger, MODEL) is None
    assert [one.cpu_seconds for one in attempts(ledger.decisions(MODEL), abandoned=False)] == [60]


def test_a_training_that_a_person_started_rests_on_no_window(
    ledger: Ledger, decide: Decide
) -> None:
    decide("retrain", "w1")
    decide("reject", **VERDICT)
    decide("wait", **VERDICT)
    assert told(ledger) == [(1, "w1", "reject"), (2, None, "wait")]


def test_a_request_that_another_follows_has_failed(ledger: Ledger, decide: Decide) -> None:
    decide("retrain", "w1")
    decide("retrain", "w2")
    assert told(ledger) == [(0, "w1", "failed")]
    assert told(ledger, abandoned=True) == [(0, "w1", "failed"), (1, "w2", "failed")]


def test_a_declined_suggestion_is_an_attempt_and_an_open_one_is_not(
    ledger: Ledger, decide: Decide
) -> None:
    decide("suggest", "w1")
    assert told(ledger) == []
    decide("decline", "w1")
    assert told(ledger) == [(1, "w1", "declined")]


def test_the_end_of_a_trial_is_no_verdict_of_the_gate(ledger: Ledger, decide: Decide) -> None:
    decide("challenge", **VERDICT)
    decide("abort", challenge=1)
    assert told(ledger) == [(0, None, "challenge")]


def test_the_moment_of_a_training_is_read_from_its_verdict(ledger: Ledger, decide: Decide) -> None:
    decide("reject", **VERDICT, trained_as_of=BEGAN.isoformat())
    (verdict,) = ledger.decisions(MODEL)
    assert trained_as_of(verdict) == BEGAN
    assert trained_as_of(None) is None
