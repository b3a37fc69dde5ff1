"""Two people answer the same thing at once: one of them does, and the other is told who it was."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from mlops_platform.errors import ReleaseConflict
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, DecisionKind, NewDecision, Seen
from mlops_platform.usecases.ledger.freeze import freeze, unfreeze
from mlops_platform.usecases.ledger.retirement import record_retirement, reinstate
from mlops_platform.usecases.ledger.suggestion import (
    approve_suggestion,
    decline_suggestion,
    require_suggestion,
)

MODEL = "churn"
Act = Callable[[Ledger, str], object]


class LateLedger(Ledger):
    """Another person acts between what is seen here and what is written."""

    def __init__(self, url: str, other: Callable[[], object]) -> None:
        super().__init__(url)
        self.other = other

    def record_decision(
        self, model: str, decision: NewDecision, *, after: Iterable[Seen] = ()
    ) -> Decision:
        self.other()
        return super().record_decision(model, decision, after=after)


def _decision(kind: DecisionKind) -> Act:
    decision = NewDecision(kind=kind, reason="before", actor="policy")
    return lambda ledger, actor: ledger.record_decision(MODEL, decision)


def _by(act: Callable[..., object]) -> Act:
    return lambda ledger, actor: act(ledger, MODEL, "the radar is down", actor)


def _answer(act: Callable[..., object]) -> Act:
    return lambda ledger, actor: act(
        ledger, require_suggestion(ledger, MODEL), reason="the radar is down", actor=actor
    )


@pytest.mark.fault(
    "two people answer the same at once: freeze, unfreeze, retire, reinstate, approve, decline",
    "one of them does; the other is told, and has written nothing",
)
@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        (_decision("wait"), _by(freeze), _by(freeze)),
        (_decision("freeze"), _by(unfreeze), _by(unfreeze)),
        (_decision("wait"), _by(record_retirement), _by(record_retirement)),
        (_decision("retire"), _by(reinstate), _by(reinstate)),
        (_decision("suggest"), _answer(approve_suggestion), _answer(approve_suggestion)),
        (_decision("suggest"), _answer(decline_suggestion), _answer(approve_suggestion)),
        (_decision("suggest"), _answer(approve_suggestion), _answer(decline_suggestion)),
    ],
    ids=["freeze", "unfreeze", "retire", "reinstate", "approve", "decline, approve", "reverse"],
)
def test_the_second_is_told_and_writes_nothing(
    tmp_path: Path, before: Act, first: Act, second: Act, observe: Callable[[str], None]
) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.create_schema()
    before(ledger, "policy")
    late = LateLedger(f"sqlite:///{tmp_path / 'ledger.db'}", lambda: first(ledger, "alice"))
    with pytest.raises(ReleaseConflict, match=r"by alice: the radar is down.* nothing was written"):
        second(late, "bob")
    assert [decision.actor for decision in ledger.decisions(MODEL)] == ["alice", "policy"]
    observe("`... by alice: the radar is down ... nothing was written`")
