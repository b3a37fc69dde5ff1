"""How far one column of a window is from the reference, in every unit people ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from mlops_platform.monitoring.drift.profile.coarse_bins import coarse_bins
from mlops_platform.monitoring.drift.profile.histogram import Histogram
from mlops_platform.monitoring.drift.statistics import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    mean_and_deviation,
    new_share,
    population_stability,
    smirnov_p_value,
    wasserstein,
)
from mlops_platform.record import Record, left_out_where
from mlops_platform.spec import ResamplingUnit
from mlops_platform.spec.monitoring.drift import FixedStatistic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.profile.bins import ColumnBins

    Numbers = NDArray[np.float64]

DECILES = 10


class ColumnDrift(Record):
    """One column of a window against the reference; NaN and None where there is no figure.

    Args:
        statistic: Jensen-Shannon distance over at most 30 bins or 50 categories, nulls being a
            bin of their own.
        deviation: of the most unusual statistic, in standard deviations of the reference's own
            windows, above their mean or, of mean and spread, to either side; None where it cannot
            be said.
        cause: name of that statistic.
        psi: population stability index over the reference's deciles, or its categories.
        ks, ks_bound: Kolmogorov-Smirnov distance of the values, which lies between `ks` and
            `ks + ks_bound`.
        p_value: of Kolmogorov-Smirnov, or of chi-square for categories, as if rows were
            independent.
        wasserstein: earth mover's distance in standard deviations of the reference.
        mean_shift: in standard deviations of the reference.
        deviation_ratio: the window's standard deviation over the reference's.
        new_share: share of the rows with a value or category that the reference never held.
        importance: the model's own, permuted; 0 where it is not known.
    """

    column: str
    statistic: float
    drifted: bool = False
    deviation: float | None = None
    cause: str | None = None
    psi: float
    ks: float | None = None
    ks_bound: float | None = None
    p_value: float
    wasserstein: float | None = None
    mean_shift: float | None = None
    deviation_ratio: float | None = None
    null_share_reference: float
    null_share: float
    new_share: float = 0.0
    importance: float = 0.0

    def figure(self, name: FixedStatistic) -> float:
        """What a fixed threshold is held against."""
        return {
            "jensen_shannon": self.statistic,
            "psi": self.psi,
            "kolmogorov_smirnov": self.ks or 0.0,
            "p_value": self.p_value,
        }[name]


class GroupDrift(Record):
    """Drift of columns that are judged together: the features, or the predictions.

    Args:
        threshold: deviation beyond which a column alarms; None where no column can be judged
            (the reference is too short) or the rule is fixed.
        reference_days: days that the window was compared with, or what `unit` says.
        unit: what the reference was drawn from.
        alarm: None where it cannot be said.
    """

    columns: tuple[ColumnDrift, ...]
    threshold: float | None
    reference_days: int
    alarm: bool | None
    unit: ResamplingUnit = Field(default="day", exclude_if=left_out_where("day"))

    @property
    def furthest(self) -> ColumnDrift | None:
        """The column of the greatest distance; None where none has one."""
        measured = [column for column in self.columns if column.statistic == column.statistic]
        return max(measured, key=lambda column: column.statistic, default=None)

    @property
    def greatest_deviation(self) -> float | None:
        """Of any column; None where none was judged."""
        judged = [column.deviation for column in self.columns if column.deviation is not None]
        return max(judged, default=None)


def column_drift(
    bins: ColumnBins, reference: Histogram, window: Histogram, importance: float = 0.0
) -> ColumnDrift:
    """Every statistic of one column; nothing is judged yet."""
    coarse, deciles = coarse_bins(bins, reference), coarse_bins(bins, reference, DECILES)
    expected, seen = coarse.counts(reference), coarse.counts(window)
    common: dict[str, Any] = {
        "column": bins.column,
        "statistic": float(jensen_shannon(expected, seen)),
        "psi": population_stability(deciles.counts(reference), deciles.counts(window)),
        "null_share_reference": reference.null_share,
        "null_share": window.null_share,
        "new_share": new_share(reference, window),
        "importance": importance,
    }
    if bins.is_categorical:
        return ColumnDrift(**common, p_value=chi_square(expected, seen)[1])
    exact = known_values(bins, reference)
    ks = kolmogorov_smirnov(reference, window, exact)
    (mean, deviation), (shifted, spread) = map(mean_and_deviation, (reference, window))
    unit = deviation or float("nan")
    return ColumnDrift(
        **common,
        ks=ks.value,
        ks_bound=ks.bound,
        p_value=smirnov_p_value(ks.value, reference.present, window.present),
        wasserstein=wasserstein(reference, window) / unit,
        mean_shift=(shifted - mean) / unit,
        deviation_ratio=spread / unit,
    )


def known_values(bins: ColumnBins, reference: Histogram) -> Numbers:
    """Keys that are values themselves and no centres of bins."""
    import numpy as np

    return np.asarray(bins.point_masses) if bins.kind == "uniform" else reference.keys
