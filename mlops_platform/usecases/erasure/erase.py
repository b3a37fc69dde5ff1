"""Erasing landed facts, with a decision in the ledger of every model that is made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from mlops_platform.data.landing.erasing import (
    Erasure,
    planned_erasure,
)
from mlops_platform.data.traces import Trace, traces_of
from mlops_platform.errors import DataError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import DecisionKind, NewDecision
from mlops_platform.usecases.deployment import Deployment

IDENTITY = "erasure"
"""In the evidence of a decision: what tells an erasure from any other."""


@dataclass(frozen=True)
class ErasureRequest:
    """What a person wants to have erased.

    Args:
        condition: SQL on the columns of the table and its `day`.
        models: that are made from the table.
    """

    table: str
    condition: str
    reason: str
    actor: str
    models: Sequence[str]


@dataclass(frozen=True)
class ErasureReport:
    """What an erasure takes out, or would, and what is still there of it.

    Args:
        identity: the same for the same facts of the same landing.
        has_key: something says what identifies a fact, so that it could be looked for.
        traces: what was made of the facts before; empty where it could not be looked for.
        decisions: id of the decision by model; none of a mere plan.
    """

    identity: str
    rows: int
    facts: int
    days: tuple[date, ...]
    has_key: bool
    traces: tuple[Trace, ...]
    decisions: dict[str, int]


def plan_erasure(deployment: Deployment, request: ErasureRequest) -> ErasureReport:
    """Tell what would be erased; nothing changes.

    Raises:
        DataError: there is no such table, the condition cannot be read, or a day is damaged.
    """
    landing = deployment.settings.landing
    with planned_erasure(landing, request.table, request.condition) as erasure:
        pass
    return _report(deployment, erasure, {})


def erase(deployment: Deployment, request: ErasureRequest, identity: str) -> ErasureReport:
    """Take facts out of every delivery, and leave a tombstone and decisions.

    The decisions come first: what is gone without a decision could never be explained. Whoever is
    killed after them calls it again, and the decisions that are there count.

    Args:
        identity: of the plan that a person has seen.

    Raises:
        DataError: what would be erased is not what the plan told, or is nothing.
    """
    landing = deployment.settings.landing
    with planned_erasure(landing, request.table, request.condition) as erasure:
        if erasure.identity != identity:
            raise DataError(
                f"{request.table} has changed since the plan was made: {erasure.rows} rows would "
                "be erased now. Nothing was erased: call it again."
            )
        _refuse_nothing(request, erasure)
        decisions = {
            model: _decided(deployment.ledger, model, request, erasure) for model in request.models
        }
        erasure.commit(decisions, request.reason, request.actor, datetime.now(UTC))
    return _report(deployment, erasure, decisions)


def _refuse_nothing(request: ErasureRequest, erasure: Erasure) -> None:
    if not erasure.rows:
        raise DataError(
            f"no row of {request.table} meets the condition. Nothing was erased: write another one."
        )


def _decided(ledger: Ledger, model: str, request: ErasureRequest, erasure: Erasure) -> int:
    """The decision of this erasure, written unless it is there."""
    kinds: tuple[DecisionKind, ...] = ("erase",)
    for written in ledger.decisions(model, limit=None, kinds=kinds):
        if written.evidence.get(IDENTITY) == erasure.identity:
            return written.id
    evidence = {
        IDENTITY: erasure.identity,
        "table": request.table,
        "rows": erasure.rows,
        "facts": erasure.facts,
        "days": len(erasure.days),
        "first_day": str(erasure.days[0]),
        "last_day": str(erasure.days[-1]),
        "condition_sha256": erasure.condition_sha256,
    }
    decision = NewDecision(
        kind="erase", reason=request.reason, actor=request.actor, evidence=evidence
    )
    return ledger.record_decision(model, decision).id


def _report(deployment: Deployment, erasure: Erasure, decisions: dict[str, int]) -> ErasureReport:
    keys = erasure.keys
    return ErasureReport(
        identity=erasure.identity,
        rows=erasure.rows,
        facts=erasure.facts,
        days=erasure.days,
        has_key=keys is not None,
        traces=() if keys is None else tuple(traces_of(deployment.settings.lake, keys)),
        decisions=decisions,
    )
