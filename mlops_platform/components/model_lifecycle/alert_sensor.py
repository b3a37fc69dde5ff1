"""alerts_<model>: turns what fails, and what no longer arrives, into incidents."""

import os
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from mlops_platform.clock import aware_moment
from mlops_platform.components.model_lifecycle.alert_arrivals import arrivals_of
from mlops_platform.components.model_lifecycle.alert_checks import (
    blocked_runs,
    check_observations,
)
from mlops_platform.components.model_lifecycle.alert_runs import run_observations
from mlops_platform.components.model_lifecycle.services import (
    open_incident_log,
    open_ledger,
    present_moment,
)
from mlops_platform.components.window_records import recorded_windows
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.alert import AlertDesk, alert
from mlops_platform.usecases.alert_metrics import write_metrics
from mlops_platform.usecases.incident_ticket import TOLD_WINDOWS
from mlops_platform.usecases.silences import silences

OVERLAP = timedelta(minutes=10)
"""Looked at once more, because the clocks of the machines that run may differ."""
TICK_SECONDS = 60


def alert_sensor(
    spec: ModelSpec,
    jobs: Collection[str],
    sensors: Collection[str],
    tables: Collection[dg.AssetKey],
) -> dg.SensorDefinition:
    """Looks at the model's checks, runs and silences once a minute; starts no run.

    Args:
        jobs: names of the model's jobs.
        sensors: names of its other sensors.
        tables: assets that it reads and that others may read, too.
    """

    @dg.sensor(
        name=f"alerts_{spec.name}",
        minimum_interval_seconds=TICK_SECONDS,
        default_status=(
            dg.DefaultSensorStatus.RUNNING
            if spec.schedules.alerts
            else dg.DefaultSensorStatus.STOPPED
        ),
        description="Turns what fails, and what no longer arrives, into incidents; tells people.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        began_at, keys = datetime.now(UTC), _check_keys(context, spec, tables)
        read_until = aware_moment(context.cursor or "")
        since = None if read_until is None else read_until - OVERLAP
        observations = _observations(context.instance, spec, jobs, keys, since)
        arrivals = arrivals_of(spec, context.instance, sensors)
        now = present_moment()
        observations += silences(spec, arrivals, now)
        alerted = alert(alert_desk(spec), observations, now)
        write_metrics(settings().alerts_metrics(spec.name), spec, alerted, began_at)
        context.update_cursor(began_at.isoformat())
        return dg.SkipReason(alerted.told)

    return alerts


def alert_desk(spec: ModelSpec) -> AlertDesk:
    """What the alerting of a model works with in this deployment."""
    return AlertDesk(
        spec=spec,
        ledger=open_ledger(),
        log=open_incident_log(),
        tickets=settings().incidents / spec.name,
        environment=os.environ,
        windows=lambda: recorded_windows(spec.name, latest=TOLD_WINDOWS),
    )


def _observations(
    instance: dg.DagsterInstance,
    spec: ModelSpec,
    jobs: Collection[str],
    keys: Sequence[dg.AssetCheckKey],
    since: datetime | None,
) -> list[Observation]:
    runs = run_observations(
        spec, instance, jobs, since, lambda run: blocked_runs(spec, instance, keys, run)
    )
    return [*check_observations(spec, instance, keys, since), *runs]


def _check_keys(
    context: dg.SensorEvaluationContext, spec: ModelSpec, tables: Collection[dg.AssetKey]
) -> list[dg.AssetCheckKey]:
    """Checks of the model's own assets, and of the tables that it reads."""
    repository = context.repository_def
    assert repository is not None
    keys = repository.asset_graph.asset_check_keys
    return [key for key in keys if key.asset_key.path[0] == spec.name or key.asset_key in tables]
