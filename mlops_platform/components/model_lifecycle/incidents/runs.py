"""Finished runs of a model's jobs, as observations."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from mlops_platform.components.model_lifecycle.incidents.checks import (
    MOST_CHARACTERS,
    PARTITION_TAG,
)
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import urgency

if TYPE_CHECKING:
    from mlops_platform.spec import ModelSpec

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
RETRIED_TAG = "dagster/will_retry"


def run_observations(
    spec: ModelSpec,
    instance: dg.DagsterInstance,
    jobs: Collection[str],
    since: datetime | None,
    is_covered_by_check: Callable[[str], bool],
) -> list[Observation]:
    """How runs have ended; a success is one of its job, whatever it failed of before.

    Args:
        since: look at runs that ended after it; at the latest of each job where it is None.
        is_covered_by_check: whether the failure of a run is that of a check, which tells it itself.
    """
    observations = [
        _observation(spec, instance, record)
        for record in _records(instance, jobs, since)
        if not _is_retried(record.dagster_run)
    ]
    return [
        observation
        for observation in observations
        if observation.severity is None
        or observation.run_id is None
        or not is_covered_by_check(observation.run_id)
    ]


def _records(
    instance: dg.DagsterInstance, jobs: Collection[str], since: datetime | None
) -> list[Any]:
    if since is not None:
        ended = dg.RunsFilter(statuses=FINISHED, updated_after=since)
        return [
            record
            for record in instance.get_run_records(ended)
            if record.dagster_run.job_name in jobs
        ]
    return [
        record
        for job in jobs
        for record in instance.get_run_records(
            dg.RunsFilter(job_name=job, statuses=FINISHED), limit=1
        )
    ]


def _is_retried(run: dg.DagsterRun) -> bool:
    return run.tags.get(RETRIED_TAG) == "true"


def _observation(spec: ModelSpec, instance: dg.DagsterInstance, record: Any) -> Observation:
    run: dg.DagsterRun = record.dagster_run
    shared: dict[str, Any] = {
        "check": f"run/{run.job_name}",
        "seen_at": _ended_at(record),
        "run_id": run.run_id,
        "window": run.tags.get(PARTITION_TAG),
    }
    if run.is_success:
        return Observation(**shared, cause=None, severity=None, summary="a run of it succeeded")
    step, error, message = _failure(instance, run)
    return Observation(
        **shared,
        cause=f"{step}: {error}",
        severity=urgency(spec.alerting.severities, "failed_runs", run.job_name),
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
