"""A frozen model is released by people only."""

from pathlib import Path

import pytest

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.training.judging.gate import Verdict
from mlops_platform.usecases.candidate.judge import JudgedCandidate, hold_back
from mlops_platform.usecases.ledger.freeze import freeze, frozen_by, unfreeze

MODEL = "churn"


@pytest.fixture
def decided(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create_schema()
    ledger.record_decision(MODEL, NewDecision(kind="wait", reason="new", actor="policy"))
    return ledger


def _judged(outcome: str) -> JudgedCandidate:
    verdict = Verdict.model_validate({"outcome": outcome, "reason": "found", "criteria": ()})
    return JudgedCandidate.model_construct(evaluated=None, verdict=verdict)


def test_a_freeze_lasts_until_it_is_lifted_however_much_is_decided_between(decided: Ledger) -> None:
    assert frozen_by(decided, MODEL) is None
    freeze(decided, MODEL, "runway works", "alice")
    for _ in range(150):
        decided.record_decision(MODEL, NewDecision(kind="wait", reason="frozen", actor="policy"))
    frozen = frozen_by(decided, MODEL)
    assert frozen is not None
    assert (frozen.actor, frozen.reason) == ("alice", "runway works")
    unfreeze(decided, MODEL, "done", "bob")
    assert frozen_by(decided, MODEL) is None


def test_no_automation_promotes_what_is_frozen(decided: Ledger) -> None:
    freeze(decided, MODEL, "runway works", "alice")
    held = hold_back(_judged("promote"), decided, MODEL, automatic=True)
    assert held.verdict.outcome == "wait"
    assert "frozen by alice" in held.verdict.reason
    assert "runway works" in held.verdict.reason


def test_a_person_releases_all_the_same(decided: Ledger) -> None:
    freeze(decided, MODEL, "runway works", "alice")
    judged = _judged("promote")
    assert hold_back(judged, decided, MODEL, automatic=False) is judged


@pytest.mark.parametrize("outcome", ["reject", "wait"])
def test_what_lost_anyway_keeps_its_own_reason(decided: Ledger, outcome: str) -> None:
    freeze(decided, MODEL, "runway works", "alice")
    judged = _judged(outcome)
    assert hold_back(judged, decided, MODEL, automatic=True) is judged


def test_what_is_not_frozen_is_promoted(decided: Ledger) -> None:
    judged = _judged("promote")
    assert hold_back(judged, decided, MODEL, automatic=True) is judged


def test_impossible_switches_are_refused(decided: Ledger) -> None:
    with pytest.raises(LedgerError, match="nothing is known of 'chrun'"):
        freeze(decided, "chrun", "typo", "alice")
    with pytest.raises(LedgerError, match="is not frozen"):
        unfreeze(decided, MODEL, "why not", "alice")
    freeze(decided, MODEL, "runway works", "alice")
    with pytest.raises(LedgerError, match="frozen already, by alice"):
        freeze(decided, MODEL, "again", "bob")
