"""Quality of a window's data: is everything there, once, and within what was seen before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Final

from pydantic import Field

from mlops_platform.monitoring.quality.day_volume import DayVolume, WindowVolume
from mlops_platform.record import Record, left_out_where_empty

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.profile.bins import ColumnBins
    from mlops_platform.monitoring.drift.profile.histogram import Histogram
    from mlops_platform.monitoring.drift.profile.profile import DailyCounts, Profile

BY_CHANCE: Final = 0.001
"""With which probability a column may have no value in a window, and nobody is told."""


class WindowQuality(Record):
    """What was found of one window.

    Args:
        rows_ratio: published rows over those of comparable days; None where none of the reference's
            days is published any longer, or where no rows are usual.
        day_volumes: of each of its days; none in what was recorded before they were compared.
        repeated: rows whose entity another row has too.
        missing_days: days of the window that were not built; a day that was built and has no rows
            is none of them.
        empty_columns: features without any value, that had some in the reference; without those
            that many of its days had none of, such as the days from the nearest holiday.
        out_of_range: share of rows with a number beyond the reference's smallest and greatest, of
            the columns that have any; with uniform bins, beyond them by a bin or more.
    """

    rows_ratio: float | None
    day_volumes: tuple[DayVolume, ...] = Field(default=(), exclude_if=left_out_where_empty)
    repeated: int
    missing_days: tuple[date, ...]
    empty_columns: tuple[str, ...]
    out_of_range: dict[str, float]

    @property
    def furthest(self) -> tuple[str | None, float]:
        """The column with most rows out of range, and their share."""
        return max(self.out_of_range.items(), key=lambda share: share[1], default=(None, 0.0))


def measure_quality(
    profile: Profile, window: Mapping[str, Histogram], volume: WindowVolume, repeated: int
) -> WindowQuality:
    """Compare a window with the reference.

    Args:
        window: features of the window, counted in the bins of the profile; none where it is empty.
        volume: of the feature table: how many rows were labelled, or asked for, is no matter of
            quality.
    """
    empty, beyond, days = [], {}, len(volume.days) if profile.bins.unit == "day" else 0
    for bins in profile.bins.columns:
        if bins.column not in window:
            continue
        counts, seen = profile.column(bins.column), window[bins.column]
        reference = counts.total
        if reference.present and not seen.present and not _may_be_empty(counts, days):
            empty.append(bins.column)
        if not bins.is_categorical:
            beyond[bins.column] = _share_beyond(bins, reference, seen)
    return WindowQuality(
        rows_ratio=volume.ratio,
        day_volumes=volume.days,
        repeated=repeated,
        missing_days=volume.missing,
        empty_columns=tuple(empty),
        out_of_range={name: share for name, share in beyond.items() if share},
    )


def _may_be_empty(reference: DailyCounts, days: int) -> bool:
    """Whether so many days have no value now and then, as often as the reference's own have none.

    Args:
        days: of the window; 0 where nobody knows them.
    """
    import numpy as np

    filled = np.unique(reference.days[~np.isnan(reference.keys)])
    share_without = 1 - len(filled) / len(reference.dates)
    return bool(days) and share_without**days >= BY_CHANCE


def _share_beyond(bins: ColumnBins, reference: Histogram, window: Histogram) -> float:
    if not reference.present or not window.total:
        return 0.0
    tolerance = bins.width if bins.kind == "uniform" else 0.0
    low, high = bins.transform(reference.keys[[0, -1]])
    keys = bins.transform(window.keys)
    beyond = window.rows[(keys < low - tolerance) | (keys > high + tolerance)].sum()
    return float(beyond / window.total)
