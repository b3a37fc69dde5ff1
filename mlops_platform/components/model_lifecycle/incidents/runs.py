"""Finished runs of a model, as observations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import dagster as dg

from mlops_platform.components.model_lifecycle.incidents.evaluations import (
    MOST_CHARACTERS,
    PARTITION_TAG,
)
from mlops_platform.components.stages import (
    MODEL_TAG,
    Stage,
    models_of,
    stage_keys,
    stage_of,
)
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.monitoring.alerting.routing import urgency

if TYPE_CHECKING:
    from mlops_platform.spec import ModelSpec

FINISHED: Final = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
RETRIED_TAG: Final = "dagster/will_retry"
LATEST_RUNS: Final = 100
"""Finished runs of a model in which a first look searches the latest of each stage."""


@dataclass(frozen=True)
class RunFailure:
    """Step, class and message of the error that a run failed with."""

    step: str
    error: str
    message: str

    def is_of_another(self, run: dg.DagsterRun, model: str) -> bool:
        """Whether the step is one of other assets of the run than those of the model."""
        prefixes = {key.path[0] for key in run.asset_selection or ()} - {model}
        return any(self.step.startswith(f"{prefix}__") for prefix in prefixes)


@dataclass(frozen=True)
class FinishedRun:
    """A run that ended by itself.

    Args:
        stage: the first one of its model that it is about.
        failure: None where it succeeded.
    """

    run: dg.DagsterRun
    stage: Stage
    ended_at: datetime
    failure: RunFailure | None


def finished_runs(
    instance: dg.DagsterInstance, models: Collection[str], since: datetime
) -> Mapping[str, Sequence[FinishedRun]]:
    """Runs of each model that ended after a moment, newest first."""
    runs: dict[str, list[FinishedRun]] = {}
    for record in instance.get_run_records(dg.RunsFilter(statuses=FINISHED, updated_after=since)):
        for model in models_of(record.dagster_run, models):
            if (finished := _finished(instance, record, model)) is not None:
                runs.setdefault(model, []).append(finished)
    return runs


def latest_runs(instance: dg.DagsterInstance, model: str) -> Sequence[FinishedRun]:
    """The latest runs that the platform has started for a model, newest first."""
    ended = dg.RunsFilter(statuses=FINISHED, tags={MODEL_TAG: model})
    records = instance.get_run_records(ended, limit=LATEST_RUNS)
    runs = (_finished(instance, record, model) for record in records)
    return [run for run in runs if run is not None]


def _finished(instance: dg.DagsterInstance, record: Any, model: str) -> FinishedRun | None:
    """A finished run, where its end says something of a stage of the model.

    What a person selects is a stage where all of it succeeds, or where a step of it fails.
    """
    run: dg.DagsterRun = record.dagster_run
    stage = None if run.tags.get(RETRIED_TAG) == "true" else stage_of(run, model)
    if stage is None:
        return None
    by_hand, own = MODEL_TAG not in run.tags, set(stage_keys(model, stage))
    if by_hand and run.is_success and not own <= set(run.asset_selection or ()):
        return None
    failure = None if run.is_success else _failure(instance, run)
    if by_hand and failure is not None and failure.is_of_another(run, model):
        return None
    return FinishedRun(run, stage, _ended_at(record), failure)


def run_observations(
    spec: ModelSpec,
    runs: Sequence[FinishedRun],
    is_covered_by_check: Callable[[str], bool],
) -> list[Observation]:
    """How runs of a model have ended; a success is one of its stage, whatever it failed of before.

    Args:
        is_covered_by_check: whether the failure of a run is that of a check, which tells it itself.
    """
    observations = [_observation(spec, finished) for finished in runs]
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


def _observation(spec: ModelSpec, finished: FinishedRun) -> Observation:
    run, failure = finished.run, finished.failure
    shared: dict[str, Any] = {
        "check": f"run/{finished.stage}",
        "seen_at": finished.ended_at,
        "run_id": run.run_id,
        "window": run.tags.get(PARTITION_TAG),
    }
    if failure is None:
        return Observation(**shared, cause=None, severity=None, summary="a run of it succeeded")
    summary = f"a run failed at {failure.step} with {failure.error}: {failure.message}"
    return Observation(
        **shared,
        cause=f"{failure.step}: {failure.error}",
        severity=urgency(spec.alerting.severities, "failed_runs", finished.stage),
        summary=summary[:MOST_CHARACTERS],
        facts=asdict(failure),
    )


def _ended_at(record: Any) -> datetime:
    if record.end_time is not None:
        return datetime.fromtimestamp(record.end_time, UTC)
    updated: datetime = record.update_timestamp
    return updated


def _failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> RunFailure:
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        error = event.step_failure_data.error if event else None
        if event is not None and error is not None:
            root = error.cause or error
            name = str(root.cls_name or "Error")
            message = root.message.strip().removeprefix(f"{name}: ")
            return RunFailure(str(event.step_key), name, message[:MOST_CHARACTERS])
    return RunFailure(
        "its process", "RunFailure", "it ended without an error of a step; see its log"
    )
