"""The statistics that the calibrated alarm judges, of one window and of many drawn ones alike.

A negligible amount is added to each: what is smaller may double without anybody minding, and the
logarithm of nothing stays finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.monitoring.drift.statistics import jensen_shannon, new_share

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.bins import Bins
    from mlops_platform.monitoring.drift.histogram import Histogram
    from mlops_platform.monitoring.drift.profile import DailyCounts

    Numbers = NDArray[np.float64]

DISTRIBUTION, NULLS, NEW_CATEGORIES = "distribution", "nulls", "new categories"
NEGLIGIBLE_DISTANCE, NEGLIGIBLE_SHARE = 0.02, 0.005
SEED = 20130401


def statistics_of(bins: Bins, reference: Histogram, window: Histogram) -> dict[str, float]:
    """The statistics of a window by name, all positive."""
    counts = [bins.counts(one)[None] for one in (reference, window)]
    found = {name: float(values[0]) for name, values in _binned(*counts).items()}
    # Of numbers it would cost more than it finds: a heat wave is full of new ones.
    if bins.edges is None:
        found[NEW_CATEGORIES] = new_share(reference, window) + NEGLIGIBLE_SHARE
    return found


def statistics_drawn(
    bins: Bins, counts: DailyCounts, drawn: Numbers, rows: float
) -> dict[str, Numbers]:
    """The statistics of every window drawn, each compared with all other days.

    Args:
        drawn: 1.0 where a day belongs to a window, shape (windows, days).
        rows: of the window that will be judged. Windows drawn that have many more are thinned to
            it, for chance alone takes few rows further away.
    """
    import numpy as np

    by_day = counts.by_day(bins.places, bins.size)
    windows = drawn @ by_day
    found = _binned(by_day.sum(axis=0) - windows, _thinned(windows, rows))
    if bins.edges is None:
        new = _thinned(_new_counts(counts, drawn, windows.sum(axis=1)), rows)
        found[NEW_CATEGORIES] = new[:, 1] / np.maximum(new.sum(axis=1), 1) + NEGLIGIBLE_SHARE
    return found


def _new_counts(counts: DailyCounts, drawn: Numbers, totals: Numbers) -> Numbers:
    """Rows of every window drawn whose key another day holds, and those whose key none does."""
    import numpy as np

    first, last = counts.first_and_last
    starts, length = drawn.argmax(axis=1), int(drawn[0].sum())
    short = last - first < length
    within = (first[short] >= starts[:, None]) & (last[short] < starts[:, None] + length)
    new = within @ counts.total.rows[short]
    return np.stack([totals - new, new], axis=1)


def _binned(reference: Numbers, windows: Numbers) -> dict[str, Numbers]:
    """Statistics of counts per bin, nulls last, shape (windows, bins)."""
    import numpy as np

    nulls = [one[:, -1] / np.maximum(one.sum(axis=1), 1) for one in (reference, windows)]
    # An empty window, or a column that had no row on the other days, has no distance.
    distances = np.nan_to_num(jensen_shannon(reference, windows), nan=1.0)
    return {
        DISTRIBUTION: distances + NEGLIGIBLE_DISTANCE,
        NULLS: np.abs(nulls[1] - nulls[0]) + NEGLIGIBLE_SHARE,
    }


def _thinned(windows: Numbers, rows: float) -> Numbers:
    import numpy as np

    totals = windows.sum(axis=1)
    if not rows or not totals.all() or rows > 0.8 * float(np.median(totals)):
        return windows
    random = np.random.default_rng(SEED)
    return random.multinomial(int(rows), windows / totals[:, None]).astype(np.float64)
