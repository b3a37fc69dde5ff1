"""Judging: which columns of a window differ from the reference more than its own windows do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.monitoring.drift.alarm.alarm_threshold import drawn_windows, fit_alarm_threshold
from mlops_platform.monitoring.drift.alarm.drawn_rows import drawn_units
from mlops_platform.monitoring.drift.alarm.judged_statistics import statistics_drawn, statistics_of
from mlops_platform.monitoring.drift.alarm.season import season_matched
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift, column_drift
from mlops_platform.monitoring.drift.profile.coarse_bins import coarse_bins
from mlops_platform.spec import DriftSpec, FixedDriftSpec, ResamplingUnit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.alarm.alarm_threshold import AlarmThreshold, Statistic
    from mlops_platform.monitoring.drift.profile.histogram import Histogram
    from mlops_platform.monitoring.drift.profile.profile import DailyCounts, Profile

    Numbers = NDArray[np.float64]


class WindowExtent(NamedTuple):
    """What a window covers."""

    days: Sequence[date]
    rows: float


@dataclass(frozen=True)
class ComparedColumns:
    """Columns that come from the same rows, compared and not yet judged.

    Args:
        drawn: windows of the reference; None where it is too short, or the rule is fixed.
        unit: what the reference is drawn from; `reference_days` counts them.
        of_drawn: statistics of the windows drawn.
        of_window: statistics of the window; of a segment without rows there are none.
    """

    columns: Sequence[ColumnDrift]
    reference_days: int
    unit: ResamplingUnit
    drawn: Numbers | None
    of_drawn: Mapping[Statistic, Numbers]
    of_window: Mapping[Statistic, float]

    @property
    def can_be_judged(self) -> bool:
        """Whether the reference says what is usual."""
        return self.drawn is not None and bool(self.of_window)


def compare_columns(
    profile: Profile,
    window: Mapping[str, Histogram],
    rows_of: str,
    extent: WindowExtent,
    spec: DriftSpec,
    importances: Mapping[str, float],
) -> ComparedColumns:
    """Compare columns of a window with those of the reference.

    Args:
        window: rows of each column.
        rows_of: a column that has every one of these rows.
        extent: of the window.
    """
    bins_by_name, unit = profile.bins.by_name, profile.bins.unit
    dates = profile.column(rows_of).dates
    chosen = _chosen_days(profile, dates, extent, spec)
    drawn = None
    if spec.rule == "calibrated":
        drawn = _drawn(profile.column(rows_of), unit, len(chosen), extent)
    columns: list[ColumnDrift] = []
    of_drawn: dict[Statistic, Numbers] = {}
    of_window: dict[Statistic, float] = {}
    for name, rows in window.items():
        bins, counts = bins_by_name[name], profile.column(name)
        if len(chosen) < len(dates):
            counts = counts.on(chosen)
        columns.append(column_drift(bins, counts.total, rows, importances.get(name, 0.0)))
        if drawn is not None and rows.total:
            coarse = coarse_bins(bins, counts.total)
            many = statistics_drawn(
                coarse, counts, chosen, drawn, rows.total, at_random=unit != "day"
            )
            of_drawn |= {(name, statistic): values for statistic, values in many.items()}
            single = statistics_of(coarse, counts.total, rows)
            of_window |= {(name, statistic): value for statistic, value in single.items()}
    size = int(profile.column(rows_of).rows.sum()) if unit == "row" else len(chosen)
    return ComparedColumns(columns, size, unit, drawn, of_drawn, of_window)


def _chosen_days(
    profile: Profile, dates: Sequence[date], extent: WindowExtent, spec: DriftSpec
) -> Sequence[date]:
    """Days of the reference that the window is compared with; rows or groups have no season."""
    if profile.bins.unit != "day":
        return dates
    return season_matched(dates, extent.days[0], len(extent.days), spec.season_days)


def _drawn(
    rows: DailyCounts, unit: ResamplingUnit, units: int, extent: WindowExtent
) -> Numbers | None:
    if unit == "day":
        return drawn_windows(units, len(extent.days))
    return drawn_units(units, extent.rows * units / max(float(rows.rows.sum()), 1.0))


def judge_columns(
    compared: ComparedColumns, spec: DriftSpec, false_alarm_rate: float
) -> GroupDrift:
    """Judge columns together, by the rule of the spec."""
    columns = compared.columns
    if spec.rule == "fixed":
        return _group([_by_threshold(column, spec.fixed) for column in columns], None, compared)
    if compared.drawn is None or not compared.can_be_judged:
        return _group(columns, None, compared)
    threshold = fit_alarm_threshold(
        compared.of_drawn, compared.drawn, false_alarm_rate, at_random=compared.unit != "day"
    )
    deviations = _greatest(threshold, compared.of_window)
    judged = [
        _by_deviation(column, deviations.get(column.column), threshold.deviation)
        for column in columns
    ]
    return _group(judged, threshold.deviation, compared)


def _greatest(
    threshold: AlarmThreshold, statistics: Mapping[Statistic, float]
) -> dict[str, tuple[float, str]]:
    """Of each column the greatest deviation with its statistic."""
    greatest: dict[str, tuple[float, str]] = {}
    for (name, statistic), value in statistics.items():
        deviation = threshold.statistics[name, statistic].deviation(value), statistic
        greatest[name] = max(greatest.get(name, deviation), deviation)
    return greatest


def _by_deviation(
    column: ColumnDrift, deviation: tuple[float, str] | None, threshold: float
) -> ColumnDrift:
    if deviation is None:
        return column
    amount, cause = deviation
    return column.model_copy(
        update={"deviation": amount, "cause": cause, "drifted": amount > threshold}
    )


def _by_threshold(column: ColumnDrift, fixed: FixedDriftSpec) -> ColumnDrift:
    figure, level = column.figure(fixed.statistic), fixed.column_threshold
    drifted = figure < level if fixed.statistic == "p_value" else figure >= level
    return column.model_copy(update={"drifted": drifted})


def _group(
    columns: Sequence[ColumnDrift], threshold: float | None, compared: ComparedColumns
) -> GroupDrift:
    return GroupDrift(
        columns=tuple(columns),
        threshold=threshold,
        reference_days=compared.reference_days,
        unit=compared.unit,
        alarm=None if threshold is None else any(column.drifted for column in columns),
    )
