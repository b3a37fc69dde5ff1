"""The sensors of what is served: they land the prediction log, and export to the online store."""

from datetime import UTC, datetime
from typing import Final

from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.served.served import has_unlanded
from mlops_platform.usecases.service.export_online import due_snapshot

BY_HOUR: Final = "%Y-%m-%dT%H"
"""Part of a run's key: what is asked for again within an hour starts no second run."""


def _begin_landing(tick: Tick) -> LookAtModel:
    settings, now = tick.deployment.settings, datetime.now(UTC)
    hour = f"{now:{BY_HOUR}}"

    def look(model: LifecycleModel, memory: str | None) -> Look:
        log, landed = settings.prediction_log(model.name), settings.landed_predictions(model.name)
        if memory == hour or not has_unlanded(log, landed, now):
            return Look("Nothing was served since the last landing.", memory=memory)
        request = stage_request(model.name, "land_served", f"{model.name} {hour}")
        return Look(requests=[request], memory=hour)

    return look


def _begin_export(tick: Tick) -> LookAtModel:
    hour = f"{datetime.now(UTC):{BY_HOUR}}"

    def look(model: LifecycleModel, memory: str | None) -> Look:
        snapshot = due_snapshot(tick.deployment, model.spec)
        if snapshot is None:
            return Look("Nothing is published that is not in the store.")
        # An export that failed is tried again in the next hour, not at every tick.
        request = stage_request(model.name, "export_online", f"{model.name} {snapshot}@{hour}")
        return Look(requests=[request])

    return look


LAND_SERVED: Final = ModelSensor(
    name="land_served",
    description="Lands the prediction log every hour in which something was served.",
    switch="schedules.windows",
    is_on=lambda spec: spec.schedules.windows,
    begin=_begin_landing,
)
EXPORT_ONLINE: Final = ModelSensor(
    name="export_online",
    description="Exports the features to the online store once they are published anew.",
    switch="schedules.windows",
    is_on=lambda spec: spec.schedules.windows and spec.serving.online_store is not None,
    begin=_begin_export,
)
