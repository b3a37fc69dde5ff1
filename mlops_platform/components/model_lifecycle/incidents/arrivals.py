"""What has arrived of a model, for its dead man's switch."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.sensor_cursor import SensorCursor
from mlops_platform.components.record_io_manager import recorded_partitions
from mlops_platform.data.served.served import LOG_FILES
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.incidents.heartbeats import Arrivals


def running_sensors(
    instance: dg.DagsterInstance, names: Collection[str]
) -> Mapping[str, SensorCursor]:
    """Cursors of those of the sensors that are switched on."""
    if instance.schedule_storage is None:
        # Of an instance without a scheduler: nothing ticks by itself.
        return {}
    return {
        state.instigator_name: SensorCursor.of(getattr(state.instigator_data, "cursor", None))
        for state in instance.all_instigator_state()
        if state.instigator_name in names and state.is_running
    }


def arrivals_of(
    model: str,
    deployment: Deployment,
    sensors: Mapping[str, SensorCursor],
    watched_since: datetime,
) -> Arrivals:
    """Windows, ticks and predictions.

    Args:
        sensors: cursors of the running sensors that should look at the model.
    """
    releases = deployment.ledger.releases(model)
    return Arrivals(
        machine_now=datetime.now(UTC),
        watched_since=watched_since,
        released_at=releases[0].released_at if releases else None,
        measured=set(recorded_partitions(dg.AssetKey([model, "performance"]))),
        ticked_at={
            name: cursor.well_until(model) or watched_since for name, cursor in sensors.items()
        },
        logged_at=_logged_at(deployment.settings.prediction_log(model)),
    )


def _logged_at(log: Path) -> datetime | None:
    written = [file.stat().st_mtime for file in log.glob(LOG_FILES)]
    return datetime.fromtimestamp(max(written), UTC) if written else None
