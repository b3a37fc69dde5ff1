"""Lands what a model served and proves that it is what the pipeline says offline."""

from __future__ import annotations

from datetime import datetime

from mlops_platform.data.served.served import Landing, land_log
from mlops_platform.formats.home_path import HomePath
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.service.served_parity import ServedParity, judge_served_parity
from mlops_platform.usecases.version.offline import OfflineVersions


class LandedPredictions(Record):
    """What one landing brought, and whether it may be trusted.

    Args:
        folder: landed days of the model.
    """

    model: str
    folder: HomePath
    landing: Landing
    parity: ServedParity


def land_served(deployment: Deployment, spec: ModelSpec, now: datetime) -> LandedPredictions:
    """Land the prediction log of a model, then score again what landed.

    Args:
        now: by the machine's clock, as the log is.
    """
    landed = deployment.settings.landed_predictions(spec.name)
    landing = land_log(spec, deployment.settings.prediction_log(spec.name), landed, now)
    parity = judge_served_parity(landed, OfflineVersions(deployment, spec))
    return LandedPredictions(model=spec.name, folder=landed, landing=landing, parity=parity)
