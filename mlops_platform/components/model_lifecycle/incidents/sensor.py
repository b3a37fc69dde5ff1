"""The sensor `alerts`: turns what fails, and what no longer arrives, into incidents."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Final, Self

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.memory import Memory
from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.sensor_cursor import SensorCursor
from mlops_platform.components.model_lifecycle.incidents.arrivals import (
    arrivals_of,
    running_sensors,
)
from mlops_platform.components.model_lifecycle.incidents.checks import (
    blocked_runs,
    check_observations,
)
from mlops_platform.components.model_lifecycle.incidents.evaluations import Evaluations
from mlops_platform.components.model_lifecycle.incidents.runs import (
    FinishedRun,
    finished_runs,
    latest_of_each_stage,
    latest_runs,
    run_observations,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.window_records import recorded_windows
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.incidents.alert import AlertDesk, alert
from mlops_platform.usecases.incidents.heartbeats import missed_heartbeats
from mlops_platform.usecases.incidents.metrics import write_metrics
from mlops_platform.usecases.incidents.ticket import LATEST_WINDOWS

OVERLAP: Final = timedelta(minutes=10)
"""Looked at once more, because the clocks of the machines that run may differ."""
LONGEST_LOOK_BACK: Final = timedelta(days=1)
"""Runs that ended before are not looked for, however long a model could not be looked at."""


class AlertLook(Memory):
    """What one look leaves to the next.

    Args:
        looked_at: when it began.
        watched_since: the first look at the model.
    """

    looked_at: datetime
    watched_since: datetime

    @classmethod
    def after(cls, before: Self | None, now: datetime) -> Self:
        """The look that begins now."""
        return cls(looked_at=now, watched_since=now if before is None else before.watched_since)

    @property
    def since(self) -> datetime:
        """From when on the next look sees what has happened."""
        return self.looked_at - OVERLAP


def alert_sensor(others: Sequence[ModelSensor]) -> ModelSensor:
    """Looks at checks, runs and heartbeats of every model once a minute; starts no run.

    Args:
        others: the sensors whose ticks are heartbeats.
    """
    return ModelSensor(
        name="alerts",
        description="Turns what fails, and what no longer arrives, into incidents; tells people.",
        switch="schedules.alerts",
        is_on=lambda spec: spec.schedules.alerts,
        begin=lambda tick: _AlertTick(tick, others).look,
    )


def alert_desk(deployment: Deployment, spec: ModelSpec) -> AlertDesk:
    """What the alerting of a model works with."""
    return AlertDesk(
        deployment=deployment,
        spec=spec,
        environment=os.environ,
        windows=lambda: recorded_windows(spec.name, latest=LATEST_WINDOWS),
    )


class _AlertTick:
    """One tick: what is read once for all models, and the looks at them."""

    def __init__(self, tick: Tick, others: Sequence[ModelSensor]) -> None:
        self.tick, self.others = tick, others
        repository = tick.context.repository_def
        assert repository is not None
        self.checks: dict[dg.AssetKey, list[dg.AssetCheckKey]] = {}
        for key in repository.asset_graph.asset_check_keys:
            self.checks.setdefault(key.asset_key, []).append(key)
        self.own_assets: dict[str, list[dg.AssetKey]] = {}
        for asset in self.checks:
            self.own_assets.setdefault(asset.path[0], []).append(asset)
        self.running = running_sensors(tick.instance, {sensor.name for sensor in others})
        self.store_evaluations: dict[Sequence[dg.AssetKey], Evaluations] = {}

    def look(self, model: LifecycleModel, memory: str | None) -> Look:
        """Alert about one model."""
        before, deployment = AlertLook.of(memory), self.tick.deployment
        current = AlertLook.after(before, datetime.now(UTC))
        observations, now = self._failures(model, before), deployment.moment_of(model.name)
        watched_since = max(current.watched_since, self.tick.unbroken_since)
        sensors = self._sensors_of(model.spec)
        arrivals = arrivals_of(model.name, deployment, sensors, watched_since)
        heartbeats = missed_heartbeats(model.spec, arrivals, now)
        alerted = alert(alert_desk(deployment, model.spec), [*observations, *heartbeats], now)
        metrics = deployment.settings.alerts_metrics(model.name)
        write_metrics(metrics, model.spec, alerted, current.looked_at)
        return Look(alerted.text, memory=current.text)

    def _failures(self, model: LifecycleModel, before: AlertLook | None) -> list[Observation]:
        """Checks of the model's own assets and of the tables that it reads, and its runs."""
        spec, instance = model.spec, self.tick.instance
        own, of_store = self.own_assets.get(model.name, ()), tuple(model.store.assets)
        if of_store not in self.store_evaluations:
            # All models that read a store are told of it: it is read once for all of them.
            self.store_evaluations[of_store] = Evaluations(instance, self._checks_of(of_store))
        keys = [*self._checks_of(own), *self._checks_of(of_store)]
        since = None if before is None else before.since
        checks = [
            *check_observations(spec, Evaluations(instance, self._checks_of(own)), since),
            *check_observations(spec, self.store_evaluations[of_store], since),
        ]
        if before is None:
            runs = latest_of_each_stage(latest_runs(instance, model.name))
        else:
            recent = self.recent_runs.get(model.name, ())
            runs = [run for run in recent if run.ended_at > before.since]
        covered = partial(blocked_runs, spec, instance, keys)
        return [*checks, *run_observations(spec, runs, covered)]

    def _checks_of(self, assets: Sequence[dg.AssetKey]) -> list[dg.AssetCheckKey]:
        return [key for asset in assets for key in self.checks.get(asset, ())]

    def _sensors_of(self, spec: ModelSpec) -> Mapping[str, SensorCursor]:
        names = {sensor.name for sensor in self.others if sensor.is_on(spec)}
        return {name: cursor for name, cursor in self.running.items() if name in names}

    @cached_property
    def recent_runs(self) -> Mapping[str, Sequence[FinishedRun]]:
        """Since the earliest of the looks before."""
        looks = (AlertLook.of(memory) for memory in self.tick.memories.values())
        earliest = min(look.since for look in looks if look is not None)
        since = max(earliest, datetime.now(UTC) - LONGEST_LOOK_BACK)
        return finished_runs(self.tick.instance, self.tick.names, since)
