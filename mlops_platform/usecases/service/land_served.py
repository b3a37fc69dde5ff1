"""Lands what a model served and proves that it is what the pipeline says offline."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.served.served import Landing, land_log
from mlops_platform.formats.home_path import HomePath
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.service.served_parity import ServedParity, judge_served_parity
from mlops_platform.usecases.version.offline import OfflineVersions

if TYPE_CHECKING:
    from mlops_platform.registry.registry import Registry


class LandedPredictions(Record):
    """What one landing brought, and whether it may be trusted.

    Args:
        folder: landed days of the model.
    """

    model: str
    folder: HomePath
    landing: Landing
    parity: ServedParity


def land_served(
    spec: ModelSpec, log: Path, landed: Path, ledger: Ledger, registry: Registry, now: datetime
) -> LandedPredictions:
    """Land the prediction log of a model, then score again what landed.

    Args:
        now: by the machine's clock, as the log is.
    """
    landing = land_log(spec, log, landed, now)
    parity = judge_served_parity(landed, OfflineVersions(ledger, registry, spec.name))
    return LandedPredictions(model=spec.name, folder=landed, landing=landing, parity=parity)
