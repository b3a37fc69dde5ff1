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
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.calibration import Calibration, Statistic
    from mlops_platform.monitoring.drift.histogram import Histogram
    from mlops_platform.monitoring.drift.profile import Profile

    Numbers = NDArray[np.float64]


def compare(
    profile: Profile,
    window: Mapping[str, Histogram],
    rows_of: str,
    days: Sequence[date],
    spec: DriftSpec,
    false_alarm_rate: float,
    importances: Mapping[str, float],
) -> GroupDrift:
    """Compare columns that come from the same rows, and judge them together.

    Args:
        window: rows of each column.
        rows_of: a column that has every one of these rows.
        days: of the window.
    """
    dates = profile.column(rows_of).dates
    chosen = season_matched(dates, days[0], len(days), spec.season_days)
    drawn = drawn_windows(len(chosen), len(days)) if spec.rule == "calibrated" else None
    columns: list[ColumnDrift] = []
    usual: dict[Statistic, Numbers] = {}
    found: dict[Statistic, float] = {}
    for name, rows in window.items():
        cells, counts = profile.cells.by_name[name], profile.column(name)
        if len(chosen) < len(dates):
            counts = counts.on(chosen)
        columns.append(column_drift(cells, counts.total, rows, importances.get(name, 0.0)))
        if drawn is not None:
            bins = bins_of(cells, counts.total)
            of_drawn = statistics_drawn(bins, counts, chosen, drawn, rows.total)
            usual |= {(name, statistic): values for statistic, values in of_drawn.items()}
            of_window = statistics_of(bins, counts.total, rows)
            found |= {(name, statistic): value for statistic, value in of_window.items()}
    if spec.rule == "fixed":
        return _group([_by_threshold(one, spec.fixed) for one in columns], None, chosen)
    if drawn is None:
        return _group(columns, None, chosen)
    calibration = calibrate(usual, drawn, false_alarm_rate)
    deviations = _greatest(calibration, found)
    judged = [_by_deviation(one, deviations[one.column], calibration.threshold) for one in columns]
    return _group(judged, calibration.threshold, chosen)


def _greatest(
    calibration: Calibration, found: Mapping[Statistic, float]
) -> dict[str, tuple[float, str]]:
    """Of each column the greatest deviation with its statistic."""
    greatest: dict[str, tuple[float, str]] = {}
    for (name, statistic), value in found.items():
        deviation = calibration.usual[name, statistic].deviation(value), statistic
        greatest[name] = max(greatest.get(name, deviation), deviation)
    return greatest


def _by_deviation(
    column: ColumnDrift, deviation: tuple[float, str], threshold: float
) -> ColumnDrift:
    amount, cause = deviation
    return column.model_copy(
        update={"deviation": amount, "cause": cause, "drifted": amount > threshold}
    )


def _by_threshold(column: ColumnDrift, fixed: FixedDriftSpec) -> ColumnDrift:
    figure, level = column.figure(fixed.statistic), fixed.column_threshold
    drifted = figure < level if fixed.statistic == "p_value" else figure >= level
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
