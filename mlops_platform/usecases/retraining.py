"""From the ledger, the windows and the lake to the policy's decision about a retraining."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from mlops_platform.data.published import published_digest
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.policy.decide import Attempt, History, PolicyDecision, decide
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.freeze import frozen_by, told

MLFLOW_RUN: Final = "mlflow_run"
FEATURES_DIGEST: Final = "features_digest"
LABELS_DIGEST: Final = "labels_digest"
"""Evidence of every verdict of the gate."""
POLICY: Final = "policy"
"""Evidence of every decision of the policy."""


def open_request(ledger: Ledger, model: str) -> Decision | None:
    """The retraining that was decided and has no verdict yet."""
    for decision in ledger.decisions(model):
        if is_verdict(decision):
            return None
        if decision.kind == "retrain":
            return decision
    return None


def is_verdict(decision: Decision) -> bool:
    """Whether the gate made this decision, about a candidate."""
    return MLFLOW_RUN in decision.evidence


def decide_retraining(
    spec: ModelSpec,
    ledger: Ledger,
    windows: Iterable[WindowPerformance],
    published_root: Path,
    now: datetime,
    *,
    running: bool,
    abandoned: Decision | None,
) -> PolicyDecision:
    """Ask the policy.

    Args:
        windows: every measured window, oldest first.
        running: a training of this model runs or waits to run.
        abandoned: a request whose runs failed too often to be tried again.
    """
    release = ledger.current_release(spec.name)
    frozen = frozen_by(ledger, spec.name)
    decisions = ledger.decisions(spec.name)
    history = History(
        now=now,
        champion_version=None if release is None else release.version,
        released_at=None if release is None else release.released_at,
        windows=tuple(windows),
        last_attempt=_last_attempt(decisions, abandoned),
        running=running,
        data_changed=_data_changed(spec, decisions, published_root),
        frozen=None if frozen is None else told(frozen),
        on_trial=_trial(ledger, spec.name),
    )
    return decide(spec.retraining, history)


def decide_scheduled_retraining(
    spec: ModelSpec, ledger: Ledger, *, running: bool
) -> PolicyDecision:
    """Retrain because it is time, unless the model is frozen, trains or tries a challenger."""
    frozen = frozen_by(ledger, spec.name)
    if frozen is not None:
        kind, reason = "wait", f"It is time, but {spec.name} is frozen {told(frozen)}."
    elif running:
        kind, reason = "wait", "It is time, but a training of this model runs or is queued."
    elif (trial := _trial(ledger, spec.name)) is not None:
        kind, reason = "wait", f"It is time, but a challenger is on trial: {trial}."
    else:
        kind, reason = "retrain", f"It is time: `{spec.retraining.cron}`."
    return PolicyDecision.model_validate(
        {
            "kind": kind,
            "reason": reason,
            "trigger": "schedule" if kind == "retrain" else None,
            "window": None,
            "evidence": {},
        }
    )


def record_policy_decision(
    ledger: Ledger, model: str, decision: PolicyDecision, actor: str
) -> Decision | None:
    """Write a decision of the policy; None where the policy said the same the last time."""
    last = next((d for d in ledger.decisions(model) if POLICY in d.evidence), None)
    same = last is not None and (last.kind, last.reason, last.window) == (
        decision.kind,
        decision.reason,
        decision.window,
    )
    if same and decision.kind == "wait":
        return None
    evidence = {**decision.evidence, POLICY: decision.trigger or "none"}
    return ledger.record_decision(
        model,
        NewDecision(
            kind=decision.kind,
            reason=decision.reason,
            actor=actor,
            evidence=evidence,
            window=decision.window,
        ),
    )


def _trial(ledger: Ledger, model: str) -> str | None:
    """The challenger in words: another training would end its trial before its verdict."""
    standing = standing_challenger(ledger, model)
    if standing is None:
        return None
    return f"version {standing.version}, in {standing.mode} since {standing.since:%Y-%m-%d}"


def _last_attempt(decisions: Sequence[Decision], abandoned: Decision | None) -> Attempt | None:
    if abandoned is not None:
        return Attempt(at=abandoned.made_at, window=abandoned.window, outcome="failed")
    verdict = next((decision for decision in decisions if is_verdict(decision)), None)
    if verdict is None:
        return None
    asked = next((d for d in decisions if d.kind == "retrain" and d.id < verdict.id), None)
    return Attempt.model_validate(
        {
            "at": verdict.made_at,
            "window": asked.window if asked else None,
            "outcome": verdict.kind,
        }
    )


def _data_changed(spec: ModelSpec, decisions: Sequence[Decision], published_root: Path) -> bool:
    """Whether features or labels were published since the last training that got a verdict."""
    verdict = next((decision for decision in decisions if is_verdict(decision)), None)
    if verdict is None:
        return True
    present = {
        FEATURES_DIGEST: published_digest(published_root, spec.features.table),
        LABELS_DIGEST: published_digest(published_root, spec.label.table),
    }
    return any(verdict.evidence.get(name) != digest for name, digest in present.items())
