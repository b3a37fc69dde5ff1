"""From the ledger, the windows and the lake to the policy's decision about a retraining."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import UnionType
from typing import Final

from mlops_platform.data.features.labels import count_new_labels
from mlops_platform.data.features.published import published_digest
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision
from mlops_platform.monitoring.policy.decide import PolicyDecision, decide
from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import DataGrowthRule, DataVolumeRule, ModelSpec
from mlops_platform.spec.retraining.policy import single_rules
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.ledger.suggestion import open_suggestion, suggestion_text
from mlops_platform.usecases.retraining.attempts import (
    DECISIONS_READ,
    FEATURES_DIGEST,
    LABELS_DIGEST,
    attempts,
    last_verdict,
    trained_as_of,
)

POLICY: Final = "policy"
"""Evidence of every decision of the policy."""
BEFORE_ALL_DATA: Final = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class TrainingRuns:
    """What has become of the training runs of a model.

    Args:
        running: one runs or waits to run.
        abandoned: those of the open request failed too often for it to be tried again.
    """

    running: bool = False
    abandoned: bool = False


def decide_retraining(
    deployment: Deployment,
    spec: ModelSpec,
    windows: Sequence[WindowSignals],
    runs: TrainingRuns,
    ticked: frozenset[str] = frozenset(),
) -> PolicyDecision:
    """Ask the policy.

    Args:
        windows: every window, oldest first.
        ticked: cron schedules of the policy that are due.
    """
    ledger, published_root = deployment.ledger, deployment.settings.published
    now = deployment.moment_of(spec.name)
    release = ledger.current_release(spec.name)
    frozen = frozen_by(ledger, spec.name)
    suggestion = open_suggestion(ledger, spec.name)
    decisions = ledger.decisions(spec.name, limit=DECISIONS_READ)
    verdict = last_verdict(decisions)
    history = History(
        now=now,
        champion_version=None if release is None else release.version,
        released_at=None if release is None else release.released_at,
        windows=tuple(windows),
        retrainings=tuple(attempts(decisions, abandoned=runs.abandoned)),
        new_rows=_new_rows(spec, published_root, trained_as_of(verdict), now),
        trained_rows=_trained_rows(spec, published_root, trained_as_of(verdict)),
        running=runs.running,
        data_changed=_data_changed(spec, verdict, published_root),
        frozen=None if frozen is None else freeze_text(frozen),
        rollout=_rollout_text(ledger, spec.name),
        suggested=None if suggestion is None else suggestion_text(suggestion),
        ticked=ticked,
    )
    return decide(spec.retraining, history)


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


def _rollout_text(ledger: Ledger, model: str) -> str | None:
    """The challenger in words: another training would end its trial before its verdict."""
    standing = standing_challenger(ledger, model)
    if standing is None:
        return None
    return standing.told


def _new_rows(
    spec: ModelSpec, published_root: Path, trained: datetime | None, now: datetime
) -> int | None:
    """Labels since the last training, counted only where a rule asks for them."""
    if trained is None or not _asks(spec, DataVolumeRule | DataGrowthRule):
        return None
    return count_new_labels(spec, published_root, trained, now)


def _trained_rows(spec: ModelSpec, published_root: Path, trained: datetime | None) -> int | None:
    """Labels that the last training could read, counted only where a rule asks for them."""
    if trained is None or not _asks(spec, DataGrowthRule):
        return None
    days = spec.training.history.rolling_days
    after = trained - timedelta(days=days) if days else BEFORE_ALL_DATA
    return count_new_labels(spec, published_root, after, trained)


def _asks(spec: ModelSpec, rules: type | UnionType) -> bool:
    return any(isinstance(rule, rules) for rule in single_rules(spec.retraining.policy))


def _data_changed(spec: ModelSpec, verdict: Decision | None, published_root: Path) -> bool:
    """Whether features or labels were published since the last training that got a verdict."""
    if verdict is None:
        return True
    present = {
        FEATURES_DIGEST: published_digest(published_root, spec.features.table),
        LABELS_DIGEST: published_digest(published_root, spec.label.table),
    }
    return any(verdict.evidence.get(name) != digest for name, digest in present.items())
