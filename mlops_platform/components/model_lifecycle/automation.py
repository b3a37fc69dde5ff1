"""What acts by itself: the schedule of windows, the retraining sensor, the periodic retraining."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.switches import schedule_status, sensor_status
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_history
from mlops_platform.components.window_records import recorded_signals
from mlops_platform.data.windows import Window, ended_windows, window_named
from mlops_platform.ledger.records import Decision
from mlops_platform.monitoring.policy.rules import single_rules
from mlops_platform.spec import ModelSpec, ScheduleRule
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.ledger.freeze import frozen_by
from mlops_platform.usecases.retraining.attempts import open_request
from mlops_platform.usecases.retraining.decide import (
    TrainingRuns,
    decide_retraining,
    record_policy_decision,
)
from mlops_platform.usecases.window.maturity import labels_built_through, matured_since

HOUR = 6
"""Local hour after which a window that ended at midnight is scored."""
MOST_WINDOWS_AT_ONCE = 8
"""Windows that one tick asks for, so that a long outage is caught up in steps."""
DECISION_TAG = "mlops/decision"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def window_schedule(spec: ModelSpec, build_op: str) -> dg.ScheduleDefinition:
    """Asks for every window that has ended and is not scored, and for performance that matured.

    Args:
        build_op: op of the job that builds the features of the days it is configured with.
    """

    @dg.schedule(
        name=f"watch_{spec.name}",
        job_name=f"watch_{spec.name}",
        cron_schedule=f"0 {HOUR} * * " + ("1" if spec.window.cadence == "weekly" else "*"),
        execution_timezone=spec.window.timezone,
        default_status=schedule_status(spec.schedules.windows),
        description=(
            "After every window: features, predictions, drift report and performance of what has "
            "ended since, and the performance of windows whose labels have matured."
        ),
    )
    def watch() -> list[dg.RunRequest] | dg.SkipReason:
        requests = list(_due(open_deployment(), spec, build_op))
        return requests or dg.SkipReason("No window has ended or matured since the last tick.")

    return watch


def retraining_sensor(spec: ModelSpec) -> dg.SensorDefinition:
    """Asks the policy at every tick, and asks for a retraining at most once per decision."""

    @dg.sensor(
        name=f"retrain_{spec.name}",
        job_name=f"train_{spec.name}",
        minimum_interval_seconds=60,
        default_status=sensor_status(spec.schedules.retraining),
        description="Retrains when the policy says so; every decision is in the ledger.",
    )
    def retrain(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _ask_the_policy(spec, context.instance, f"sensor retrain_{spec.name}")

    return retrain


def periodic_retraining(spec: ModelSpec) -> list[dg.ScheduleDefinition]:
    """One schedule for every `cron` in the policy: at its moments the policy is asked with it."""
    rules = single_rules(spec.retraining.policy)
    crons = dict.fromkeys(rule.cron for rule in rules if isinstance(rule, ScheduleRule))
    return [
        _cron_schedule(
            spec, cron, f"retrain_{spec.name}_periodically" + (f"_{number}" * (number > 1))
        )
        for number, cron in enumerate(filter(None, crons), start=1)
    ]


def _cron_schedule(spec: ModelSpec, cron: str, name: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        job_name=f"train_{spec.name}",
        cron_schedule=cron,
        execution_timezone=spec.window.timezone,
        default_status=schedule_status(spec.schedules.retraining),
        description="Retrains by the clock, where nothing in the policy speaks against it.",
    )
    def retrain(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return _ask_the_policy(spec, context.instance, f"schedule {name}", ticked=cron)

    return retrain


def _due(deployment: Deployment, spec: ModelSpec, build_op: str) -> Iterator[dg.RunRequest]:
    """Windows to score, oldest first; then windows whose performance is to be measured again."""
    now, releases = deployment.clock(), deployment.ledger.releases(spec.name)
    if not releases:
        return
    measured = performance_history(spec)
    ended = [
        window
        for window in ended_windows(spec.window, now)
        if window.ends_at > releases[0].released_at
    ]
    missing = [window for window in ended if window.name not in measured]
    for window in missing[:MOST_WINDOWS_AT_ONCE]:
        yield dg.RunRequest(
            run_key=f"{window.name}@{now.isoformat()}",
            partition_key=window.name,
            run_config=build_config(build_op, window),
        )
    if missing:
        # Their runs measure again what matures with the labels that they build.
        return
    built = [window_named(spec.window, name) for name in measured]
    for name in matured_since(spec, measured, labels_built_through(spec, built, now)):
        yield dg.RunRequest(
            run_key=f"{name}@{now.isoformat()}",
            partition_key=name,
            asset_selection=[dg.AssetKey([spec.name, "performance"])],
        )


def build_config(build_op: str, window: Window) -> dict[str, Any]:
    """Run configuration that builds the features of one window."""
    days = {"start_day": str(window.start), "end_day": str(window.last_day)}
    return {"ops": {build_op: {"config": days}}}


def _ask_the_policy(
    spec: ModelSpec, instance: dg.DagsterInstance, actor: str, ticked: str | None = None
) -> dg.RunRequest | dg.SkipReason:
    deployment = open_deployment()
    ledger = deployment.ledger
    request = open_request(ledger, spec.name)
    running = _is_training(instance, spec)
    runs = len(_runs_of(instance, request))
    abandoned = request is not None and not running and runs >= spec.retraining.max_attempts
    if request is not None and not (running or abandoned or frozen_by(ledger, spec.name)):
        # Decided, but no run got as far as a verdict: the daemon or the run died in between.
        return _run_request(request, runs + 1)
    decision = decide_retraining(
        deployment, spec, recorded_signals(spec), TrainingRuns(running, abandoned), ticked
    )
    written = record_policy_decision(ledger, spec.name, decision, actor)
    if written is None or written.kind != "retrain":
        return dg.SkipReason(decision.reason)
    return _run_request(written, 1)


def _run_request(decision: Decision, attempt: int) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"decision {decision.id}, attempt {attempt}",
        tags={DECISION_TAG: str(decision.id)},
    )


def _runs_of(instance: dg.DagsterInstance, request: Decision | None) -> Sequence[dg.DagsterRun]:
    if request is None:
        return []
    return instance.get_runs(dg.RunsFilter(tags={DECISION_TAG: str(request.id)}))


def _is_training(instance: dg.DagsterInstance, spec: ModelSpec) -> bool:
    unfinished = dg.RunsFilter(job_name=f"train_{spec.name}", statuses=UNFINISHED)
    return bool(instance.get_runs(unfinished, limit=1))
