"""Evaluations of asset checks, as observations of one model."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlops_platform.components.model_lifecycle.candidate.judging_assets import GATE_COMPUTED
from mlops_platform.components.model_lifecycle.incidents.evaluations import Evaluations
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import FaultKind, urgency

if TYPE_CHECKING:
    from mlops_platform.spec import AlertSeverity, ModelSpec


def check_observations(
    spec: ModelSpec, evaluations: Evaluations, since: datetime | None
) -> list[Observation]:
    """What checks have found.

    Args:
        since: look at what was evaluated after it; at the latest of each check where it is None.
    """
    return [
        evaluation.observation(
            _name(spec, evaluation.check),
            None if evaluation.check.passed else _severity(spec, evaluation.check),
        )
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


def _name(spec: ModelSpec, check: dg.AssetCheckEvaluation) -> str:
    """Asset and check, without the name of the model where the asset is one of its own."""
    path = check.asset_key.path
    own = path[0] == spec.name
    return "/".join([*(path[1:] if own else path), check.check_name])


def _severity(spec: ModelSpec, check: dg.AssetCheckEvaluation) -> AlertSeverity | None:
    kind: FaultKind = "warn" if check.severity == dg.AssetCheckSeverity.WARN else "error"
    is_gate = list(check.asset_key.path) == [spec.name, "gate"]
    if is_gate and check.check_name != GATE_COMPUTED:
        kind = "gate_criteria"
    return urgency(spec.alerting.severities, kind, check.check_name)
