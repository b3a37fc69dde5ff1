"""What a year in a home came to: its predictions with their outcomes, and its own records."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.adaptation.live import MODEL
from benchmarks.intervals.flights import Predicted, predicted_columns
from benchmarks.intervals.weeks import Served
from benchmarks.policy.year import ALL_KNOWN
from mlops_platform.components.models import declared_spec
from mlops_platform.components.window_records import recorded_windows
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.release.reference import load_reference
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants
from mlops_platform.usecases.version.fitted import fitted_values

ADJUSTED, OWN, PLAIN = "adjusted daily", "the release's own factor", "quantile regression"
WEEKLY = "adjusted by the weekly runs alone"
UNCONDITIONAL = "unconditional quantiles"


@dataclass(frozen=True, eq=False)
class Lived:
    """One deployment.

    Attributes:
        ways: its rows with the intervals that it gave, and with others that it might have given.
        performance: what it recorded of its windows.
        adjustments: how many there were.
    """

    ways: Mapping[str, Served]
    performance: Mapping[str, WindowPerformance]
    releases: tuple[Release, ...]
    adjustments: int


def read_lived(home: Path) -> Lived:
    """Read a home that has lived through the year."""
    os.environ["MLOPS_HOME"] = str(home)
    settings.cache_clear()
    deployment = open_deployment()
    releases = tuple(deployment.ledger.releases(MODEL))
    rows = _rows(deployment)
    written = {r.sequence: deployment.ledger.adjustments(MODEL, r.sequence) for r in releases}
    factors, weekly, own = (np.empty(len(rows)) for _ in range(3))
    unconditional = np.empty((len(rows), 2))
    for release in releases:
        at = (rows["release"] == release.sequence).to_numpy()
        version = deployment.registry.version(MODEL, release.version)
        constants = AdjustedConstants(
            fitted_values(version, release).constants, written[release.sequence]
        )
        own[at] = constants.own["factor"]
        used = [constants.under(number)["factor"] for number in rows["adjustment"][at]]
        factors[at] = used
        weekly[at] = _recorded_by(constants, rows["event_time"][at])
        baseline = load_reference(deployment.registry, release).figures.baseline
        unconditional[at] = baseline["lower"], baseline["upper"]
    return Lived(
        ways=_ways(rows, factors, {WEEKLY: weekly, OWN: own}, unconditional),
        performance=recorded_windows(MODEL).performance,
        releases=releases,
        adjustments=sum(map(len, written.values())),
    )


def _rows(deployment: Deployment) -> pd.DataFrame:
    """Every prediction that has an outcome, by event time."""
    spec, place = declared_spec(MODEL), deployment.settings
    files = sorted((place.predictions / MODEL).glob("window=*/data.parquet"))
    predicted = pd.concat([pd.read_parquet(file) for file in files])
    stated = ["flight_id", "release", "adjustment", *(output.name for output in spec.task.outputs)]
    history = spec.training.history.with_days(None)
    everything = spec.model_copy(
        update={"training": spec.training.model_copy(update={"history": history})}
    )
    labelled = read_training_rows(everything, place.published, ALL_KNOWN).to_pandas()
    return labelled.merge(predicted[stated], on="flight_id", validate="one_to_one")


def _recorded_by(constants: AdjustedConstants, moments: pd.Series) -> list[float]:
    """Factor of the newest adjustment that was recorded by each moment: what a service knew."""
    recorded = [adjustment.recorded_at for adjustment in constants.adjustments]
    numbers = np.searchsorted(pd.DatetimeIndex(recorded), moments, side="right")
    return [constants.under(int(number))["factor"] for number in numbers]


def _ways(
    rows: pd.DataFrame,
    factors: np.ndarray,
    others: Mapping[str, np.ndarray],
    unconditional: np.ndarray,
) -> dict[str, Served]:
    predictions = rows["prediction"].to_numpy(float)
    below, above = (
        np.abs(rows[end].to_numpy(float) - predictions) / factors for end in ("lower", "upper")
    )
    of_rows = Predicted(
        **predicted_columns(rows, declared_spec(MODEL)),
        predictions=predictions,
        lower=predictions - below,
        upper=predictions + above,
        estimated_loss=rows["expected_loss"].to_numpy(float),
    )

    def by(factor: np.ndarray | float) -> Served:
        return Served(of_rows, predictions - factor * below, predictions + factor * above)

    adjusted = Served(of_rows, rows["lower"].to_numpy(float), rows["upper"].to_numpy(float))
    return {
        UNCONDITIONAL: Served(of_rows, *unconditional.T),
        PLAIN: by(1.0),
        **{name: by(factor) for name, factor in others.items()},
        ADJUSTED: adjusted,
    }
