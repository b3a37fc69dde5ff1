"""Drives the very jobs of production from a program."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

import dagster as dg

from mlops_platform.components.garbage_collection import freeze_what_was_loaded
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.replays import replay_tags
from mlops_platform.driving.code_location import list_under_location, location_tags
from mlops_platform.errors import MlopsError
from mlops_platform.interrupts import heeded_interrupts
from mlops_platform.usecases.deployment import Deployment

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
RUN_KEY_TAG, SENSOR_TAG = "dagster/run_key", "dagster/sensor_name"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""The event log has every line; the console belongs to the program."""

ReportStep = Callable[[str], None]
"""Told the step that runs now, each time it changes."""


@dataclass(frozen=True)
class JobDriver:
    """Executes jobs of the loaded definitions in this process, on this deployment's instance.

    Args:
        tags: of every run.
    """

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    tags: Mapping[str, str] = field(default_factory=dict)

    def on_behalf_of(self, deployment: Deployment, model: str) -> Self:
        """The same for what one model asks for now: its runs say so where it is replayed."""
        return replace(self, tags=replay_tags(deployment, model))

    def run(
        self,
        job: str,
        *,
        partition: str | None = None,
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        assets: Sequence[dg.AssetKey] = (),
        report: ReportStep = lambda step: None,
    ) -> str:
        """Execute one job and return its run id.

        Args:
            partition: the one partition of the run; of several, `day_range` makes tags.
            assets: only these assets of the job; all of them where empty.
            report: told which step runs.

        Raises:
            MlopsError: the run failed; names the failing steps and their errors.
            KeyboardInterrupt: somebody stopped it.
        """
        run_id, repository = str(uuid4()), self.definitions.get_repository_def().name
        freeze_what_was_loaded()
        _report_steps(self.instance, run_id, report)
        try:
            with heeded_interrupts():
                result = self.definitions.resolve_job_def(job).execute_in_process(
                    run_id=run_id,
                    instance=self.instance,
                    run_config={**QUIET, **(config or {})},
                    partition_key=partition,
                    tags={**location_tags(repository), **self.tags, **(tags or {})},
                    asset_selection=list(assets) or None,
                    raise_on_error=False,
                )
        finally:
            list_under_location(self.instance, run_id, repository)
        if not result.success:
            raise MlopsError(_describe_failure(job, result))
        return run_id

    def execute(
        self,
        request: dg.RunRequest,
        *,
        tags: Mapping[str, str] = MappingProxyType({}),
        report: ReportStep = lambda step: None,
    ) -> str:
        """Execute what an automation would ask for, and return the run id."""
        return self.run(
            str(request.job_name),
            partition=request.partition_key,
            config=request.run_config,
            tags={**request.tags, **tags, **_key_tag(request)},
            assets=request.asset_selection or (),
            report=report,
        )

    def tick(
        self, sensor: dg.SensorDefinition, report: ReportStep = lambda step: None
    ) -> list[str]:
        """Evaluate a sensor as the daemon does, and execute what it asks for.

        Returns:
            Run ids, none where it skipped.
        """
        repository = self.definitions.get_repository_def()
        with dg.build_sensor_context(self.instance, repository_def=repository) as context:
            requests = sensor.evaluate_tick(context).run_requests or ()
        tags = {SENSOR_TAG: sensor.name}
        return [self.execute(request, tags=tags, report=report) for request in requests]


def run_config(op: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Run configuration of a job that configures one of its ops."""
    return {"ops": {op: {"config": dict(config)}}}


def day_range(days: Sequence[date]) -> dict[str, str]:
    """Tags of a run that builds contiguous daily partitions."""
    return {RANGE_START: min(days).isoformat(), RANGE_END: max(days).isoformat()}


def _key_tag(request: dg.RunRequest) -> dict[str, str]:
    return {} if request.run_key is None else {RUN_KEY_TAG: request.run_key}


def _describe_failure(job: str, result: dg.ExecuteInProcessResult) -> str:
    of_job = "" if job == ANY_ASSETS else f" of the job {job}"
    lines = [f"run {result.run_id}{of_job} failed:"]
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.STEP_FAILURE and event.step_failure_data.error:
            error = event.step_failure_data.error
            lines.append(f"- {event.step_key}: {(error.cause or error).message.strip()}")
    return "\n".join(lines)


def _report_steps(instance: dg.DagsterInstance, run_id: str, report: ReportStep) -> None:
    """Follow a run by its events as this process stores them: nothing is read again."""

    def follow(entry: dg.EventLogEntry) -> None:
        event = entry.dagster_event
        if event is None:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            report(str(event.step_key))
        elif event.event_type == dg.DagsterEventType.STEP_UP_FOR_RETRY:
            report(f"{event.step_key} waits for a lock")

    instance.add_event_listener(run_id, follow)
