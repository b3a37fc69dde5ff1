"""Requests for a retraining and what became of them, read from the ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision
from mlops_platform.monitoring.policy.history import Attempt

MLFLOW_RUN: Final = "mlflow_run"
FEATURES_DIGEST: Final = "features_digest"
LABELS_DIGEST: Final = "labels_digest"
TRAINED_AS_OF: Final = "trained_as_of"
"""Moment whose knowledge the training set holds."""
CPU_SECONDS: Final = "cpu_seconds"
"""Of search, fit and calibration. All of these are evidence of every verdict of the gate."""
DECISIONS_READ: Final = 1000
"""Newest decisions that are looked at: years of windows."""


def is_verdict(decision: Decision) -> bool:
    """Whether the gate made this decision, about a candidate."""
    return MLFLOW_RUN in decision.evidence


def last_verdict(newest_first: Sequence[Decision]) -> Decision | None:
    """The newest verdict of the gate."""
    return next((decision for decision in newest_first if is_verdict(decision)), None)


def open_request(ledger: Ledger, model: str) -> Decision | None:
    """The retraining that was decided and has no verdict yet."""
    for decision in ledger.decisions(model, limit=DECISIONS_READ):
        if is_verdict(decision):
            return None
        if decision.kind == "retrain":
            return decision
    return None


def trained_as_of(verdict: Decision | None) -> datetime | None:
    """Moment whose knowledge the training behind a verdict had."""
    as_of = verdict.evidence.get(TRAINED_AS_OF) if verdict else None
    return None if as_of is None else datetime.fromisoformat(as_of)


def attempts(newest_first: Sequence[Decision], *, abandoned: bool) -> Iterator[Attempt]:
    """What became of every retraining, and of every suggestion that was declined, oldest first.

    Args:
        abandoned: the request that is open failed too often to be tried again.
    """
    request: Decision | None = None
    for decision in reversed(newest_first):
        if is_verdict(decision):
            yield _judged(decision, request)
            request = None
        elif decision.kind == "retrain":
            if request is not None:
                yield _failed(request)
            request = decision
        elif decision.kind == "decline":
            yield Attempt(at=decision.made_at, window=decision.window, outcome="declined")
    if abandoned and request is not None:
        yield _failed(request)


def _judged(verdict: Decision, request: Decision | None) -> Attempt:
    return Attempt.model_validate(
        {
            "at": verdict.made_at,
            "window": request.window if request else None,
            "outcome": verdict.kind,
            "cpu_seconds": verdict.evidence.get(CPU_SECONDS),
        }
    )


def _failed(request: Decision) -> Attempt:
    return Attempt(at=request.made_at, window=request.window, outcome="failed")
