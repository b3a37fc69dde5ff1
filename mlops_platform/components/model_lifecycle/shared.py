"""What all models share: the sensors that act by themselves."""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.adjustment.automation import ADJUST
from mlops_platform.components.model_lifecycle.automation.model_sensor import ModelSensor
from mlops_platform.components.model_lifecycle.automation.rebuild import rebuild_sensor
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.windows import WATCH
from mlops_platform.components.model_lifecycle.incidents.sensor import alert_sensor
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.rollout.automation import PROBATION, ROLL_OUT
from mlops_platform.components.model_lifecycle.service.automation import EXPORT_ONLINE, LAND_SERVED

ACTING: Final[Sequence[ModelSensor]] = (
    WATCH,
    ADJUST,
    RETRAIN,
    LAND_SERVED,
    EXPORT_ONLINE,
    ROLL_OUT,
    PROBATION,
)
ALERTS: Final = alert_sensor(ACTING)


def shared_automation(models: Sequence[LifecycleModel]) -> dg.Definitions:
    """As many sensors for one model as for five hundred."""
    shared = [sensor.definition(models) for sensor in (*ACTING, ALERTS)]
    return dg.Definitions(sensors=[*shared, rebuild_sensor(models)])
