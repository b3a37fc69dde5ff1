"""How sure a mean over the rows of a window is, when rows of one day resemble each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESAMPLES = 2000
FEWEST_DAYS = 3
"""With fewer blocks a bootstrap knows next to nothing of how much days differ."""


class Interval(Record):
    """Where a mean lies with some confidence, from whole days drawn with replacement."""

    lower: float
    upper: float


def day_block_interval(
    values: NDArray[Any], days: NDArray[Any], confidence: float, seed: int
) -> Interval | None:
    """Interval of the mean of rows, resampling whole days; None with fewer than three days.

    Days, because rows of one day share its circumstances (cluster bootstrap, Davison and Hinkley
    1997, section 3.8). A week has seven of them, where the percentile interval is too narrow: its
    levels are moved out until it is as wide as Student's for a normal mean (the expanded
    percentile interval of Hesterberg 2015, "What teachers should know about the bootstrap",
    The American Statistician 69(4), section 5.3).

    Args:
        values: one per row, shape (rows,).
        days: of each row, shape (rows,).
        confidence: two-sided, for example 0.9.
        seed: of the resampling.
    """
    import numpy as np
    from scipy.special import ndtr, stdtrit

    distinct, at = np.unique(days, return_inverse=True)
    count = len(distinct)
    if count < FEWEST_DAYS:
        return None
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), RESAMPLES)
    means = (draws @ np.bincount(at, weights=values)) / (draws @ np.bincount(at))
    student = stdtrit(count - 1, (1 + confidence) / 2)
    tail = float(ndtr(-student * np.sqrt(count / (count - 1))))
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return Interval(lower=float(lower), upper=float(upper))
