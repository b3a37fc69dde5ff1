"""alerts_<model>: turns what fails, and what no longer arrives, into incidents."""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import dagster as dg
from pydantic import ValidationError

from mlops_platform.components.model_lifecycle.incidents.arrivals import arrivals_of
from mlops_platform.components.model_lifecycle.incidents.checks import (
    blocked_runs,
    check_observations,
)
from mlops_platform.components.model_lifecycle.incidents.runs import run_observations
from mlops_platform.components.model_lifecycle.switches import sensor_status
from mlops_platform.components.window_records import recorded_windows
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.incidents.alert import AlertDesk, alert
from mlops_platform.usecases.incidents.heartbeats import missed_heartbeats
from mlops_platform.usecases.incidents.metrics import write_metrics
from mlops_platform.usecases.incidents.ticket import LATEST_WINDOWS

OVERLAP = timedelta(minutes=10)
"""Looked at once more, because the clocks of the machines that run may differ."""
LONGEST_PAUSE = timedelta(minutes=5)
"""After a longer one the daemon was down, and with it all that is said to be silent."""
TICK_SECONDS = 60


class AlertCursor(Record):
    """What one tick leaves to the next.

    Args:
        looked_at: when it began.
        watched_since: the first of the ticks that followed each other without a long pause.
    """

    looked_at: datetime
    watched_since: datetime

    @classmethod
    def of(cls, text: str | None) -> Self | None:
        """The cursor of the tick before; None at the first one, and where it is none of ours."""
        try:
            return cls.from_stored(text or "")
        except ValidationError:
            return None

    @classmethod
    def after(cls, before: Self | None, now: datetime) -> Self:
        """The cursor of a tick."""
        if before is None or now - before.looked_at >= LONGEST_PAUSE:
            return cls(looked_at=now, watched_since=now)
        return cls(looked_at=now, watched_since=before.watched_since)


@dataclass(frozen=True)
class Surroundings:
    """What belongs to a model.

    Args:
        jobs: names of its jobs.
        sensors: names of its other sensors.
        tables: assets that it reads and that others may read, too.
    """

    jobs: Collection[str]
    sensors: Collection[str]
    tables: Collection[dg.AssetKey]


def alert_sensor(spec: ModelSpec, around: Surroundings) -> dg.SensorDefinition:
    """Looks at the model's checks, runs and heartbeats once a minute; starts no run."""

    @dg.sensor(
        name=f"alerts_{spec.name}",
        minimum_interval_seconds=TICK_SECONDS,
        default_status=sensor_status(spec.schedules.alerts),
        description="Turns what fails, and what no longer arrives, into incidents; tells people.",
    )
    def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        before = AlertCursor.of(context.cursor)
        cursor = AlertCursor.after(before, datetime.now(UTC))
        since = None if before is None else before.looked_at - OVERLAP
        deployment = open_deployment()
        observations, now = _failures(context, spec, around, since), deployment.clock()
        arrivals = arrivals_of(spec, context.instance, around.sensors, cursor.watched_since)
        desk = alert_desk(deployment, spec)
        alerted = alert(desk, [*observations, *missed_heartbeats(spec, arrivals, now)], now)
        metrics = deployment.settings.alerts_metrics(spec.name)
        write_metrics(metrics, spec, alerted, cursor.looked_at)
        context.update_cursor(cursor.to_stored(indent=None))
        return dg.SkipReason(alerted.text)

    return alerts


def alert_desk(deployment: Deployment, spec: ModelSpec) -> AlertDesk:
    """What the alerting of a model works with."""
    return AlertDesk(
        deployment=deployment,
        spec=spec,
        environment=os.environ,
        windows=lambda: recorded_windows(spec.name, latest=LATEST_WINDOWS),
    )


def _failures(
    context: dg.SensorEvaluationContext,
    spec: ModelSpec,
    around: Surroundings,
    since: datetime | None,
) -> list[Observation]:
    """Checks of the model's own assets and of the tables that it reads, and its runs."""
    instance, repository = context.instance, context.repository_def
    assert repository is not None
    keys = [
        key
        for key in repository.asset_graph.asset_check_keys
        if key.asset_key.path[0] == spec.name or key.asset_key in around.tables
    ]
    checks = check_observations(spec, instance, keys, since)
    runs = run_observations(
        spec, instance, around.jobs, since, lambda run: blocked_runs(spec, instance, keys, run)
    )
    return [*checks, *runs]
