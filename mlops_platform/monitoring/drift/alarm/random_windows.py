"""Counts of windows drawn at random: cut to a size, and of values that nothing else has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.profile.profile import DailyCounts

    Numbers = NDArray[np.float64]

SEED: Final = 20130401


def at_most(rows: float, windows: Numbers) -> Numbers:
    """Windows of no more rows than that, which are drawn from those that they have.

    Without replacement: a part of rows drawn at random is itself drawn at random, and varies no
    more than so many rows do.

    Args:
        windows: rows per bin, shape (windows, bins).
    """
    import numpy as np

    random, cut = np.random.default_rng(SEED), windows.copy()
    for at in np.flatnonzero(windows.sum(axis=1) > rows):
        counts = windows[at].astype(np.int64)
        cut[at] = random.multivariate_hypergeometric(counts, int(rows), method="marginals")
    return cut


def new_rows_drawn(counts: DailyCounts, units: NDArray[np.intp], drawn: Numbers) -> Numbers:
    """Rows of every window drawn whose key no unit outside of it holds, shape (windows,).

    Args:
        units: the place of the unit of each entry of the counts, among those that are drawn from.
    """
    import numpy as np

    present = ~np.isnan(counts.keys)
    order = np.argsort(counts.keys[present], kind="stable")
    keys, rows = counts.keys[present][order], counts.rows[present][order]
    if not len(keys):
        return np.zeros(len(drawn))
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    totals = np.add.reduceat(rows, begins).astype(np.float64)
    within = np.add.reduceat(drawn[:, units[present][order]] * rows, begins, axis=1)
    new: Numbers = (within == totals) @ totals
    return new
