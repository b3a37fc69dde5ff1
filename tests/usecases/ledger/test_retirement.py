"""A retired model: who says so, and what is refused from then on."""

from pathlib import Path

import pytest

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.training.judging.gate import Verdict
from mlops_platform.usecases.candidate.judge import JudgedCandidate, hold_back
from mlops_platform.usecases.ledger.retirement import (
    record_retirement,
    refuse_retired,
    reinstate,
    retired_by,
    retired_models,
)

MODEL = "churn"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create_schema()
    return ledger


def test_a_retirement_lasts_until_it_is_taken_back(ledger: Ledger) -> None:
    assert retired_by(ledger, MODEL) is None
    record_retirement(ledger, MODEL, "the shop closes", "alice")
    for _ in range(150):
        ledger.record_decision(MODEL, NewDecision(kind="wait", reason="-", actor="policy"))
    retired = retired_by(ledger, MODEL)
    assert retired is not None
    assert (retired.actor, retired.reason) == ("alice", "the shop closes")
    reinstate(ledger, MODEL, "it opens again", "bob")
    assert retired_by(ledger, MODEL) is None
    refuse_retired(ledger, MODEL)
    assert ledger.verify_chain(MODEL) is None


def test_a_refusal_names_who_when_why_and_the_way_back(ledger: Ledger) -> None:
    written = record_retirement(ledger, MODEL, "the shop closes", "alice")
    with pytest.raises(LedgerError) as refusal:
        refuse_retired(ledger, MODEL)
    assert str(refusal.value) == (
        f"'churn' is retired, by alice since {written.made_at:%Y-%m-%d %H:%M} UTC: the shop "
        'closes. `mlops retire churn --undo --reason "..."` takes it back.'
    )


def test_impossible_switches_are_refused(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="'churn' is not retired"):
        reinstate(ledger, MODEL, "why not", "alice")
    record_retirement(ledger, MODEL, "the shop closes", "alice")
    with pytest.raises(LedgerError, match="is retired, by alice"):
        record_retirement(ledger, MODEL, "again", "bob")


def test_each_model_is_retired_by_itself(ledger: Ledger) -> None:
    record_retirement(ledger, "churn", "the shop closes", "alice")
    record_retirement(ledger, "fraud", "sold", "bob")
    reinstate(ledger, "fraud", "bought", "bob")
    ledger.record_decision("delay", NewDecision(kind="wait", reason="-", actor="policy"))
    assert {model: by.actor for model, by in retired_models(ledger).items()} == {"churn": "alice"}


@pytest.mark.parametrize("automatic", [True, False])
def test_nobody_releases_a_retired_model(ledger: Ledger, automatic: bool) -> None:
    record_retirement(ledger, MODEL, "the shop closes", "alice")
    verdict = Verdict.model_validate({"outcome": "promote", "reason": "found", "criteria": ()})
    judged = JudgedCandidate.model_construct(evaluated=None, verdict=verdict)
    held = hold_back(judged, ledger, MODEL, automatic=automatic)
    assert held.verdict.outcome == "wait"
    assert "is retired by alice" in held.verdict.reason
