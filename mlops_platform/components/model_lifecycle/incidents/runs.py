"""Finished runs of a model, as observations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.incidents.evaluations import (
    MOST_CHARACTERS,
    PARTITION_TAG,
)
from mlops_platform.components.stages import Stage, models_of, stage_of
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import urgency

if TYPE_CHECKING:
    from mlops_platform.spec import ModelSpec

FINISHED: Final = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
RETRIED_TAG: Final = "dagster/will_retry"
LATEST_RUNS: Final = 1000
"""Finished runs in which a first look searches the latest of each stage of its model."""


@dataclass(frozen=True)
class FinishedRun:
    """A run that ended by itself.

    Args:
        stage: the first one of its model that it is about.
    """

    run: dg.DagsterRun
    stage: Stage
    ended_at: datetime


def finished_runs(
    instance: dg.DagsterInstance, models: Collection[str], since: datetime | None
) -> Mapping[str, Sequence[FinishedRun]]:
    """Finished runs of each model, newest first.

    Args:
        since: those that ended after it; the latest ones where it is None.
    """
    ended = dg.RunsFilter(statuses=FINISHED, updated_after=since)
    runs: dict[str, list[FinishedRun]] = {}
    for record in instance.get_run_records(ended, limit=LATEST_RUNS if since is None else None):
        run = record.dagster_run
        for model in set() if _is_retried(run) else models_of(run, models):
            if (stage := stage_of(run, model)) is not None:
                runs.setdefault(model, []).append(FinishedRun(run, stage, _ended_at(record)))
    return runs


def run_observations(
    spec: ModelSpec,
    instance: dg.DagsterInstance,
    runs: Sequence[FinishedRun],
    is_covered_by_check: Callable[[str], bool],
) -> list[Observation]:
    """How runs of a model have ended; a success is one of its stage, whatever it failed of before.

    Args:
        is_covered_by_check: whether the failure of a run is that of a check, which tells it itself.
    """
    observations = [_observation(spec, instance, finished) for finished in runs]
    return [
        observation
        for observation in observations
        if observation.severity is None
        or observation.run_id is None
        or not is_covered_by_check(observation.run_id)
    ]


def latest_of_each_stage(newest_first: Sequence[FinishedRun]) -> list[FinishedRun]:
    """One run of each stage."""
    latest: dict[Stage, FinishedRun] = {}
    for finished in newest_first:
        latest.setdefault(finished.stage, finished)
    return list(latest.values())


def _is_retried(run: dg.DagsterRun) -> bool:
    return run.tags.get(RETRIED_TAG) == "true"


def _observation(
    spec: ModelSpec, instance: dg.DagsterInstance, finished: FinishedRun
) -> Observation:
    run = finished.run
    shared: dict[str, Any] = {
        "check": f"run/{finished.stage}",
        "seen_at": finished.ended_at,
        "run_id": run.run_id,
        "window": run.tags.get(PARTITION_TAG),
    }
    if run.is_success:
        return Observation(**shared, cause=None, severity=None, summary="a run of it succeeded")
    step, error, message = _failure(instance, run)
    return Observation(
        **shared,
        cause=f"{step}: {error}",
        severity=urgency(spec.alerting.severities, "failed_runs", finished.stage),
        summary=f"a run failed at {step} with {error}: {message}"[:MOST_CHARACTERS],
        facts={"step": step, "error": error, "message": message},
    )


def _ended_at(record: Any) -> datetime:
    if record.end_time is not None:
        return datetime.fromtimestamp(record.end_time, UTC)
    updated: datetime = record.update_timestamp
    return updated


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[str, str, str]:
    """Step, class and message of the error that a run failed with."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        error = event.step_failure_data.error if event else None
        if event is not None and error is not None:
            root = error.cause or error
            name = str(root.cls_name or "Error")
            message = root.message.strip().removeprefix(f"{name}: ")
            return str(event.step_key), name, message[:MOST_CHARACTERS]
    return "its process", "RunFailure", "it ended without an error of a step; see its log"
