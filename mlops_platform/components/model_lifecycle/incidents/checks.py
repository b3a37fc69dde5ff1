"""Evaluations of asset checks, as observations of one model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.candidate.judging_assets import GATE_COMPUTED
from mlops_platform.components.model_lifecycle.incidents.evaluations import Evaluation, Evaluations
from mlops_platform.components.model_lifecycle.window.alarm_checks import CONCLUSIVE, WINDOW
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import FaultKind, urgency

if TYPE_CHECKING:
    from mlops_platform.spec import AlertSeverity, ModelSpec

REASONS: Final = ("reason", "found", "reasons")
"""Metadata in which our checks say what they have found."""


def check_observations(
    spec: ModelSpec, evaluations: Evaluations, since: datetime | None
) -> list[Observation]:
    """What checks have found.

    Args:
        since: look at what was evaluated after it; at the latest of each check where it is None.
    """
    return [
        _observation(spec, evaluation)
        for evaluation in evaluations.after(since)
        if evaluation.is_conclusive
    ]


def blocked_runs(
    spec: ModelSpec, instance: dg.DagsterInstance, keys: Sequence[dg.AssetCheckKey], run_id: str
) -> bool:
    """Whether a check of a run has stopped it: its own incident tells why the run failed."""
    evaluations = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    for entry in evaluations:
        event = entry.dagster_event
        evaluation: Any = event.event_specific_data if event else None
        stops = evaluation.blocking or evaluation.asset_key.path[0] != spec.name
        error = evaluation.severity == dg.AssetCheckSeverity.ERROR
        if not evaluation.passed and error and stops and evaluation.asset_check_key in keys:
            return True
    return False


def _observation(spec: ModelSpec, evaluation: Evaluation) -> Observation:
    check, facts = evaluation.check, evaluation.facts
    reason = next((str(facts[name]) for name in REASONS if facts.get(name)), None)
    return Observation(
        check="/".join([*_place(spec, check.asset_key), check.check_name]),
        severity=None if check.passed else _severity(spec, check),
        seen_at=evaluation.evaluated_at,
        window=facts.get(WINDOW) or evaluation.partition,
        run_id=evaluation.run_id,
        summary=reason or check.description or ("passed" if check.passed else "failed"),
        facts={name: value for name, value in facts.items() if name not in (CONCLUSIVE, *REASONS)},
    )


def _place(spec: ModelSpec, asset: dg.AssetKey) -> Sequence[str]:
    """The asset, without the name of the model where it is one of its own."""
    return asset.path[1:] if asset.path[0] == spec.name else asset.path


def _severity(spec: ModelSpec, check: dg.AssetCheckEvaluation) -> AlertSeverity | None:
    kind: FaultKind = "warn" if check.severity == dg.AssetCheckSeverity.WARN else "error"
    is_gate = list(check.asset_key.path) == [spec.name, "gate"]
    if is_gate and check.check_name != GATE_COMPUTED:
        kind = "gate_criteria"
    return urgency(spec.alerting.severities, kind, check.check_name)
