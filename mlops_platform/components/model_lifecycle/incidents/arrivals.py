"""What has arrived of a model, for its dead man's switch."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg

from mlops_platform.components.record_io_manager import recorded_partitions
from mlops_platform.data.served.served import LOG_FILES
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.incidents.heartbeats import Arrivals

WELL = ("SUCCESS", "SKIPPED")
LATEST_TICKS = 50


def arrivals_of(
    spec: ModelSpec,
    instance: dg.DagsterInstance,
    sensors: Collection[str],
    watched_since: datetime,
) -> Arrivals:
    """Windows, ticks and predictions.

    Args:
        sensors: names of the model's sensors.
    """
    deployment = open_deployment()
    releases = deployment.ledger.releases(spec.name)
    return Arrivals(
        machine_now=datetime.now(UTC),
        watched_since=watched_since,
        released_at=releases[0].released_at if releases else None,
        measured=set(recorded_partitions(dg.AssetKey([spec.name, "performance"]))),
        ticked_at=_ticked_at(instance, sensors),
        logged_at=_logged_at(deployment.settings.prediction_log(spec.name)),
    )


def _ticked_at(instance: dg.DagsterInstance, sensors: Collection[str]) -> dict[str, datetime]:
    """Last tick without an error of the sensors that are on, or else when they were switched on."""
    ticked_at: dict[str, datetime] = {}
    if instance.schedule_storage is None:
        # Of an instance without a scheduler: nothing ticks by itself.
        return ticked_at
    for state in instance.all_instigator_state():
        if state.instigator_name in sensors and state.is_running:
            latest = _last_good_tick(instance, state)
            if latest is not None:
                ticked_at[state.instigator_name] = datetime.fromtimestamp(latest, UTC)
    return ticked_at


def _last_good_tick(instance: dg.DagsterInstance, state: Any) -> float | None:
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=LATEST_TICKS)
    good = [tick.timestamp for tick in ticks if tick.status.value in WELL]
    if good:
        return max(good)
    # None of the latest was good: silent since the first of them, or since it was switched on.
    if ticks:
        return min(tick.timestamp for tick in ticks)
    return getattr(state.instigator_data, "last_sensor_start_timestamp", None)


def _logged_at(log: Path) -> datetime | None:
    written = [file.stat().st_mtime for file in log.glob(LOG_FILES)]
    return datetime.fromtimestamp(max(written), UTC) if written else None
