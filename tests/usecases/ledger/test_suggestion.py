"""A suggested retraining waits for one answer."""

from pathlib import Path

import pytest

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision
from mlops_platform.usecases.ledger.freeze import freeze
from mlops_platform.usecases.ledger.suggestion import (
    approve_suggestion,
    decline_suggestion,
    open_suggestion,
    require_suggestion,
)
from mlops_platform.usecases.retraining.attempts import open_request

MODEL = "churn"


def decide(ledger: Ledger, kind: str) -> Decision:
    decision = {"kind": kind, "reason": "so", "actor": "sensor", "window": "w1"}
    return ledger.record_decision(MODEL, NewDecision.model_validate(decision))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    created = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    created.create_schema()
    return created


def test_a_suggestion_stays_open_however_often_the_policy_waits(ledger: Ledger) -> None:
    suggestion = decide(ledger, "suggest")
    for _ in range(150):
        decide(ledger, "wait")
    assert open_suggestion(ledger, MODEL) == suggestion


@pytest.mark.parametrize("kind", ["retrain", "decline", "reject", "challenge"])
def test_an_answer_or_a_verdict_ends_it(ledger: Ledger, kind: str) -> None:
    decide(ledger, "suggest")
    decide(ledger, kind)
    assert open_suggestion(ledger, MODEL) is None
    with pytest.raises(LedgerError, match="suggest_only: true"):
        require_suggestion(ledger, MODEL)


def test_an_approval_is_a_request_of_the_person_on_the_same_window(ledger: Ledger) -> None:
    suggestion = decide(ledger, "suggest")
    approve_suggestion(ledger, suggestion, reason="yes", actor="alice")
    request = open_request(ledger, MODEL)
    assert request is not None
    assert (request.actor, request.reason, request.window) == ("alice", "yes", "w1")
    assert request.evidence == {"suggestion": suggestion.id}


def test_a_refusal_asks_for_nothing(ledger: Ledger) -> None:
    decline_suggestion(ledger, decide(ledger, "suggest"), reason="no", actor="alice")
    assert open_request(ledger, MODEL) is None


def test_a_frozen_model_is_not_retrained_by_an_approval(ledger: Ledger) -> None:
    suggestion = decide(ledger, "suggest")
    freeze(ledger, MODEL, "runway works", "bob")
    with pytest.raises(LedgerError, match="mlops unfreeze churn"):
        approve_suggestion(ledger, suggestion, reason="yes", actor="alice")
    assert open_suggestion(ledger, MODEL) == suggestion
