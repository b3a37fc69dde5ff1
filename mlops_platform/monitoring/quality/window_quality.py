"""Quality of a window's data: is everything there, once, and within what was seen before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.record import Record

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.profile.bins import ColumnBins
    from mlops_platform.monitoring.drift.profile.histogram import Histogram
    from mlops_platform.monitoring.drift.profile.profile import Profile


class WindowQuality(Record):
    """What was found of one window.

    Args:
        rows_ratio: published rows per day over those of the reference's median day; None where
            none of the reference's days is published any longer.
        repeated: rows whose entity another row has too.
        missing_days: days of the window without published rows.
        empty_columns: features without any value, that had some in the reference.
        out_of_range: share of rows with a number beyond the reference's smallest and greatest, of
            the columns that have any; with uniform bins, beyond them by a bin or more.
    """

    rows_ratio: float | None
    repeated: int
    missing_days: tuple[date, ...]
    empty_columns: tuple[str, ...]
    out_of_range: dict[str, float]

    @property
    def furthest(self) -> tuple[str | None, float]:
        """The column with most rows out of range, and their share."""
        return max(self.out_of_range.items(), key=lambda share: share[1], default=(None, 0.0))


def measure_quality(
    profile: Profile,
    window: Mapping[str, Histogram],
    published: Mapping[date, int],
    repeated: int,
    days: Sequence[date],
) -> WindowQuality:
    """Compare a window with the reference.

    Args:
        window: features of the window, counted in the bins of the profile.
        published: rows of every published day, of the window and of the reference. They are of the
            feature table: how many of them were labelled, or asked for, is no matter of quality.
        days: that the window should have.
    """
    empty, beyond = [], {}
    for bins in profile.bins.columns:
        if bins.column not in window:
            continue
        reference, seen = profile.column(bins.column).total, window[bins.column]
        if reference.present and not seen.present:
            empty.append(bins.column)
        if bins.kind != "categories":
            beyond[bins.column] = _share_beyond(bins, reference, seen)
    dates = profile.column(next(iter(window))).dates
    if profile.bins.unit != "day":
        # What landed before on whatever day, for its rows are not told apart by day.
        dates = [day for day in published if day < days[0]]
    usual = _median_day(published, dates)
    return WindowQuality(
        rows_ratio=sum(published.get(day, 0) for day in days) / len(days) / usual
        if usual
        else None,
        repeated=repeated,
        missing_days=tuple(day for day in days if not published.get(day)),
        empty_columns=tuple(empty),
        out_of_range={name: share for name, share in beyond.items() if share},
    )


def _median_day(published: Mapping[date, int], days: Sequence[date]) -> float:
    from statistics import median

    return median(rows) if (rows := [published[day] for day in days if day in published]) else 0.0


def _share_beyond(bins: ColumnBins, reference: Histogram, window: Histogram) -> float:
    if not reference.present or not window.total:
        return 0.0
    tolerance = bins.width if bins.kind == "uniform" else 0.0
    low, high = bins.transform(reference.keys[[0, -1]])
    keys = bins.transform(window.keys)
    beyond = window.rows[(keys < low - tolerance) | (keys > high + tolerance)].sum()
    return float(beyond / window.total)
