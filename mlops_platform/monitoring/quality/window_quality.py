"""Quality of a window's data: is everything there, once, and within what was seen before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.record import Record

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.cells import Cells
    from mlops_platform.monitoring.drift.histogram import Histogram
    from mlops_platform.monitoring.drift.profile import Profile


class WindowQuality(Record):
    """What was found of one window.

    Args:
        rows_ratio: rows per day over those of the reference's median day.
        repeated: rows whose entity another row has too.
        missing_days: days of the window without rows.
        empty_columns: features without any value, that had some in the reference.
        out_of_range: share of rows with a number beyond the reference's smallest and greatest, of
            the columns that have any; in a grid, beyond them by a cell or more.
    """

    rows_ratio: float
    repeated: int
    missing_days: tuple[date, ...]
    empty_columns: tuple[str, ...]
    out_of_range: dict[str, float]

    @property
    def furthest(self) -> tuple[str | None, float]:
        """The column with most rows out of range, and their share."""
        return max(self.out_of_range.items(), key=lambda one: one[1], default=(None, 0.0))


def measure_quality(
    profile: Profile,
    window: Mapping[str, Histogram],
    rows_by_day: Mapping[date, int],
    repeated: int,
    days: Sequence[date],
) -> WindowQuality:
    """Compare a window with the reference.

    Args:
        window: features of the window, counted in the cells of the profile.
        rows_by_day: rows of each of its days that has some.
        days: that it should have.
    """
    totals = {name: profile.column(name).total for name in window}
    cells = profile.cells.by_name
    beyond = {
        name: _share_beyond(cells[name], totals[name], window[name])
        for name in window
        if cells[name].kind != "categories"
    }
    return WindowQuality(
        rows_ratio=sum(rows_by_day.values()) / len(days) / _median_day(profile, next(iter(window))),
        repeated=repeated,
        missing_days=tuple(day for day in days if not rows_by_day.get(day)),
        empty_columns=tuple(
            name for name in window if totals[name].present and not window[name].present
        ),
        out_of_range={name: share for name, share in beyond.items() if share},
    )


def _median_day(profile: Profile, column: str) -> float:
    import numpy as np

    counts = profile.column(column)
    _, on = np.unique(counts.days, return_inverse=True)
    return float(np.median(np.bincount(on, weights=counts.rows.astype(np.float64))))


def _share_beyond(cells: Cells, reference: Histogram, window: Histogram) -> float:
    if not reference.present or not window.total:
        return 0.0
    tolerance = cells.width if cells.kind == "grid" else 0.0
    low, high = reference.keys[0] - tolerance, reference.keys[-1] + tolerance
    beyond = window.rows[(window.keys < low) | (window.keys > high)].sum()
    return float(beyond / window.total)
