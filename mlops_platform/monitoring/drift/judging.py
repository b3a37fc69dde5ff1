"""Judging: which columns of a window differ from the reference more than its own windows do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.monitoring.drift.bins import bins_of
from mlops_platform.monitoring.drift.calibration import calibrate, drawn_windows
from mlops_platform.monitoring.drift.column_drift import ColumnDrift, GroupDrift, column_drift
from mlops_platform.monitoring.drift.judged_statistics import statistics_drawn, statistics_of
from mlops_platform.monitoring.drift.season import season_matched
from mlops_platform.spec import DriftSpec, FixedDriftSpec

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.calibration import Calibration
    from mlops_platform.monitoring.drift.histogram import Histogram
    from mlops_platform.monitoring.drift.profile import DailyCounts, Profile

    Deviation = tuple[float, str]


def compare(
    profile: Profile,
    window: Mapping[str, Histogram],
    days: Sequence[date],
    spec: DriftSpec,
    false_alarm_rate: float,
    importances: Mapping[str, float],
) -> GroupDrift:
    """Compare columns that share their reference days, and judge them together.

    Args:
        window: rows of each column.
        days: of the window.
    """
    daily = {name: profile.column(name) for name in window}
    dates = next(iter(daily.values())).dates
    chosen = season_matched(dates, days[0], len(days), spec.season_days)
    if len(chosen) < len(dates):
        daily = {name: counts.on(chosen) for name, counts in daily.items()}
    cells = profile.cells.by_name
    columns = [
        column_drift(cells[name], counts.total, window[name], importances.get(name, 0.0))
        for name, counts in daily.items()
    ]
    if spec.rule == "fixed":
        judged = [_by_threshold(one, spec.fixed) for one in columns]
        return _group(judged, None, chosen)
    calibration, deviations = _deviations(profile, daily, window, len(days), false_alarm_rate)
    threshold = calibration.threshold if calibration else None
    judged = [_by_deviation(one, deviations.get(one.column), threshold) for one in columns]
    return _group(judged, threshold, chosen)


def _deviations(
    profile: Profile,
    daily: Mapping[str, DailyCounts],
    window: Mapping[str, Histogram],
    length: int,
    false_alarm_rate: float,
) -> tuple[Calibration | None, dict[str, Deviation]]:
    """The calibrated threshold, and of each column the greatest deviation with its statistic."""
    drawn = drawn_windows(len(next(iter(daily.values())).dates), length)
    if drawn is None:
        return None, {}
    usual, found = {}, {}
    for name, counts in daily.items():
        reference = counts.total
        bins = bins_of(profile.cells.by_name[name], reference)
        of_window = statistics_of(bins, reference, window[name])
        of_drawn = statistics_drawn(bins, counts, drawn, window[name].total)
        for statistic, value in of_window.items():
            usual[name, statistic], found[name, statistic] = of_drawn[statistic], value
    calibration = calibrate(usual, drawn, false_alarm_rate)
    deviations: dict[str, Deviation] = {}
    for (name, statistic), value in found.items():
        deviation = calibration.usual[name, statistic].deviation(value)
        deviations[name] = max(deviations.get(name, (deviation, statistic)), (deviation, statistic))
    return calibration, deviations


def _by_deviation(
    column: ColumnDrift, deviation: Deviation | None, threshold: float | None
) -> ColumnDrift:
    if deviation is None or threshold is None:
        return column
    amount, cause = deviation
    return column.model_copy(
        update={"deviation": amount, "cause": cause, "drifted": amount > threshold}
    )


def _by_threshold(column: ColumnDrift, fixed: FixedDriftSpec) -> ColumnDrift:
    level = fixed.column_threshold
    drifted = {
        "jensen_shannon": column.statistic >= level,
        "psi": column.psi >= level,
        "kolmogorov_smirnov": (column.ks or 0.0) >= level,
        "p_value": column.p_value < level,
    }[fixed.statistic]
    return column.model_copy(update={"drifted": drifted})


def _group(
    columns: Sequence[ColumnDrift], threshold: float | None, days: Sequence[date]
) -> GroupDrift:
    return GroupDrift(
        columns=tuple(columns),
        threshold=threshold,
        reference_days=len(days),
        alarm=None if threshold is None else any(one.drifted for one in columns),
    )
