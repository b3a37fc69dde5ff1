"""The statistics that the calibrated alarm judges, of one window and of many drawn ones alike.

Those that only grow are logarithms, to which a negligible amount is added first: what is smaller
may double without anybody minding, and the logarithm of nothing stays finite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.monitoring.drift.alarm.random_windows import at_most, new_rows_drawn
from mlops_platform.monitoring.drift.profile.coarse_bins import CATEGORIES
from mlops_platform.monitoring.drift.statistics import jensen_shannon, new_share

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.profile.coarse_bins import CoarseBins
    from mlops_platform.monitoring.drift.profile.histogram import Histogram
    from mlops_platform.monitoring.drift.profile.profile import DailyCounts

    Numbers = NDArray[np.float64]

DISTRIBUTION, NULLS, NEW_VALUES, MEAN, SPREAD = (
    "distribution",
    "nulls",
    "new values",
    "mean",
    "spread",
)
EITHER_WAY = frozenset({MEAN, SPREAD})
"""Statistics that may be too small as well as too large."""
NEGLIGIBLE_DISTANCE, NEGLIGIBLE_SHARE = 0.02, 0.005
NEGLIGIBLE_NEW_NUMBERS = 0.15
"""Of the rows: a heat wave has numbers that were never seen, and another unit has little else."""
NEGLIGIBLE_SPREAD = 0.02
"""Of the reference's standard deviation."""
SEED = 20130401


def statistics_of(coarse: CoarseBins, reference: Histogram, window: Histogram) -> dict[str, float]:
    """The statistics of a window by name."""
    import numpy as np

    expected, seen = (coarse.counts(histogram)[None] for histogram in (reference, window))
    new_shares = np.array([new_share(reference, window)])
    statistics = _statistics(coarse, reference, expected, seen, new_shares)
    return {name: float(values[0]) for name, values in statistics.items()}


def statistics_drawn(
    coarse: CoarseBins,
    counts: DailyCounts,
    days: Sequence[date],
    drawn: Numbers,
    rows: float,
    *,
    at_random: bool = False,
) -> dict[str, Numbers]:
    """The statistics of every window drawn, each compared with all other days.

    Args:
        days: of the reference, in order.
        drawn: 1.0 where a day belongs to a window, shape (windows, days).
        rows: of the window that will be judged. Windows drawn that have many more are thinned to
            it, for chance alone takes few rows further away.
        at_random: windows are no neighbouring days, but rows drawn at random.
    """
    import numpy as np

    if coarse.chosen_by_rows:
        others, windows = _by_most_frequent(counts, days, drawn)
    else:
        by_day = counts.by_day(days, coarse.places, coarse.size)
        windows = drawn @ by_day
        others = by_day.sum(axis=0) - windows
    totals = windows.sum(axis=1)
    if at_random:
        new_rows = new_rows_drawn(counts, counts.places_in(days), drawn)
        new = at_most(rows, np.stack([totals - new_rows, new_rows], axis=1))
        windows = at_most(rows, windows)
    else:
        new = _thinned(_new_counts(counts, days, drawn, totals), rows)
        windows = _thinned(windows, rows)
    new_shares = new[:, 1] / np.maximum(new.sum(axis=1), 1)
    return _statistics(coarse, counts.total, others, windows, new_shares)


def _by_most_frequent(
    counts: DailyCounts, days: Sequence[date], drawn: Numbers
) -> tuple[Numbers, Numbers]:
    """Rows of the other days and of every window drawn, by the most frequent of the other days.

    The most frequent categories are so by chance as well, and a window to come, from which they
    were not chosen, has fewer of them. So has a window drawn where it is left out of the choice.

    Returns:
        Of each window the categories with a bin of their own, the rest, and nulls, shape (windows,
        bins).
    """
    import numpy as np

    total, bins = np.append(counts.total.rows, counts.total.nulls), []
    for window in counts.of_windows(days, drawn):
        others = total - window
        chosen = np.argsort(-others[:-1], kind="stable")[:CATEGORIES]
        bins.append([_bins_of(chosen, rows) for rows in (others, window)])
    others_and_windows = np.array(bins)
    return others_and_windows[:, 0], others_and_windows[:, 1]


def _bins_of(chosen: NDArray[np.intp], rows: Numbers) -> Numbers:
    """Rows of the chosen keys, of all others, and nulls, which are last."""
    import numpy as np

    own = rows[chosen]
    return np.concatenate([own, [rows[:-1].sum() - own.sum()], rows[-1:]])


def _new_counts(
    counts: DailyCounts, days: Sequence[date], drawn: Numbers, totals: Numbers
) -> Numbers:
    """Rows of every window drawn whose key another day holds, and those whose key none does."""
    import numpy as np

    first, last = counts.first_and_last(days)
    starts, length = drawn.argmax(axis=1), int(drawn[0].sum())
    short = last - first < length
    within = (first[short] >= starts[:, None]) & (last[short] < starts[:, None] + length)
    new = within @ counts.total.rows[short]
    return np.stack([totals - new, new], axis=1)


def _statistics(
    coarse: CoarseBins, known: Histogram, reference: Numbers, windows: Numbers, new_shares: Numbers
) -> dict[str, Numbers]:
    """Statistics of counts per bin, nulls last, shape (windows, bins).

    Args:
        known: all of the reference, which says what the rows of a bin amount to.
    """
    import numpy as np

    nulls = [counts[:, -1] / np.maximum(counts.sum(axis=1), 1) for counts in (reference, windows)]
    # An empty window, or a column that had no row on the other days, has no distance.
    distances = np.nan_to_num(jensen_shannon(reference, windows), nan=1.0)
    numeric = coarse.edges is not None
    negligible_new = NEGLIGIBLE_NEW_NUMBERS if numeric else NEGLIGIBLE_SHARE
    statistics = {
        DISTRIBUTION: np.log(distances + NEGLIGIBLE_DISTANCE),
        NULLS: np.log(np.abs(nulls[1] - nulls[0]) + NEGLIGIBLE_SHARE),
        NEW_VALUES: np.log(new_shares + negligible_new),
    }
    if not numeric:
        return statistics
    return statistics | _moments(coarse.bin_centres(known), reference, windows)


def _moments(centres: Numbers, reference: Numbers, windows: Numbers) -> dict[str, Numbers]:
    """Shift of the mean in the reference's standard deviations, and logarithm of their ratio.

    Of bins, so that no single outlier governs them; 0 where there are no numbers to compare.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        (mean, unit), (shifted, spread) = (
            _moments_of(centres, counts) for counts in (reference, windows)
        )
        shifts = (shifted - mean) / unit
        ratios = np.log((spread / unit + NEGLIGIBLE_SPREAD) / (1 + NEGLIGIBLE_SPREAD))
    return {
        MEAN: np.nan_to_num(shifts, nan=0.0, posinf=0.0, neginf=0.0),
        SPREAD: np.nan_to_num(ratios, nan=0.0, posinf=0.0, neginf=0.0),
    }


def _moments_of(centres: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
    import numpy as np

    rows = counts[:, :-1]
    shares = rows / rows.sum(axis=1, keepdims=True)
    mean = shares @ centres
    variance = (shares * (centres - mean[:, None]) ** 2).sum(axis=1)
    return mean, np.sqrt(variance)


def _thinned(windows: Numbers, rows: float) -> Numbers:
    import numpy as np

    totals = windows.sum(axis=1)
    filled = totals > 0
    if not rows or not filled.any() or rows > 0.8 * float(np.median(totals[filled])):
        return windows
    random, thinned = np.random.default_rng(SEED), windows.copy()
    shares = windows[filled] / totals[filled, None]
    thinned[filled] = random.multinomial(int(rows), shares)
    return thinned
