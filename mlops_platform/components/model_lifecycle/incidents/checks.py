"""Evaluations of asset checks in Dagster's event log, as observations."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlops_platform.components.model_lifecycle.candidate.judging_assets import GATE_COMPUTED
from mlops_platform.components.model_lifecycle.window.alarm_checks import CONCLUSIVE, WINDOW
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import FaultKind, urgency

if TYPE_CHECKING:
    from mlops_platform.spec import AlertSeverity, ModelSpec

PARTITION_TAG = "dagster/partition"
MOST_EVALUATIONS = 200
"""Latest evaluations of one check that one tick looks at."""
MOST_CHARACTERS = 500
REASONS = ("reason", "found", "reasons")
"""Metadata in which our checks say what they have found."""


def check_observations(
    spec: ModelSpec,
    instance: dg.DagsterInstance,
    keys: Sequence[dg.AssetCheckKey],
    since: datetime | None,
) -> list[Observation]:
    """What checks have found.

    Args:
        keys: the checks.
        since: look at what was evaluated after it; at the latest of each check where it is None.
    """
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    observations: list[Observation] = []
    for key, newest in latest.items():
        news = _news(instance, key, newest, since)
        observations += [
            _observation(spec, instance, record) for record in news if _is_conclusive(record)
        ]
    return observations


def _news(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey, newest: Any, since: datetime | None
) -> list[Any]:
    """Evaluations of one check after a moment; the latest one where that is None.

    Args:
        newest: its newest record, which alone often tells, without a look at its history.
    """
    if since is None and _is_evaluated(newest):
        return [newest]
    if since is not None and _is_settled(newest, since):
        return []
    storage = instance.event_log_storage
    history = storage.get_asset_check_execution_history(key, limit=MOST_EVALUATIONS)
    evaluated = [record for record in history if _is_evaluated(record)]
    return (
        evaluated[:1]
        if since is None
        else [record for record in evaluated if _evaluated_at(record) > since]
    )


def _is_evaluated(record: Any) -> bool:
    """Not so where a run has ended before it came to the check, which it leaves planned."""
    return record.event is not None and isinstance(record.evaluation, dg.AssetCheckEvaluation)


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


def _is_settled(record: Any, since: datetime) -> bool:
    """Whether the newest record of a check was evaluated before; a planned one hides others."""
    return _is_evaluated(record) and _evaluated_at(record) <= since


def _evaluated_at(record: Any) -> datetime:
    return datetime.fromtimestamp(record.event.timestamp, UTC)


def _is_conclusive(record: Any) -> bool:
    conclusive = record.evaluation.metadata.get(CONCLUSIVE)
    return conclusive is None or bool(conclusive.value)


def _observation(spec: ModelSpec, instance: dg.DagsterInstance, record: Any) -> Observation:
    evaluation = record.evaluation
    facts = _facts(evaluation.metadata)
    reason = next((str(facts[name]) for name in REASONS if facts.get(name)), None)
    return Observation(
        check="/".join([*_place(spec, evaluation.asset_key), evaluation.check_name]),
        severity=None if evaluation.passed else _severity(spec, evaluation),
        seen_at=_evaluated_at(record),
        window=facts.get(WINDOW) or _partition(instance, record.run_id),
        run_id=record.run_id or None,
        summary=reason or evaluation.description or ("passed" if evaluation.passed else "failed"),
        facts={name: value for name, value in facts.items() if name not in (CONCLUSIVE, *REASONS)},
    )


def _place(spec: ModelSpec, asset: dg.AssetKey) -> Sequence[str]:
    """The asset, without the name of the model where it is one of its own."""
    return asset.path[1:] if asset.path[0] == spec.name else asset.path


def _severity(spec: ModelSpec, evaluation: dg.AssetCheckEvaluation) -> AlertSeverity | None:
    kind: FaultKind = "warn" if evaluation.severity == dg.AssetCheckSeverity.WARN else "error"
    is_gate = list(evaluation.asset_key.path) == [spec.name, "gate"]
    if is_gate and evaluation.check_name != GATE_COMPUTED:
        kind = "gate_criteria"
    return urgency(spec.alerting.severities, kind, evaluation.check_name)


def _partition(instance: dg.DagsterInstance, run_id: str | None) -> str | None:
    run = instance.get_run_by_id(run_id) if run_id else None
    return run.tags.get(PARTITION_TAG) if run else None


def _facts(metadata: Mapping[str, dg.MetadataValue[Any]]) -> dict[str, Any]:
    return dict(_plain(metadata))


def _plain(metadata: Mapping[str, dg.MetadataValue[Any]]) -> Iterator[tuple[str, Any]]:
    """Texts and numbers; pictures and tables stay on the page of the asset."""
    for name, entry in metadata.items():
        value = entry.value
        if isinstance(value, float) and not math.isfinite(value):
            yield name, str(value)
        elif isinstance(value, bool | int | float):
            yield name, value
        elif isinstance(value, str):
            yield name, value[:MOST_CHARACTERS]
