"""Statistics of two histograms over the same bins: exact, or with a stated bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.monitoring.drift.profile.histogram import Histogram, shared_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SMALLEST_SHARE = 1e-4
"""What an empty bin counts as in the stability index, which has no value there."""


class Bounded(NamedTuple):
    """A statistic of bins; that of the values themselves is within `bound` above it."""

    value: float
    bound: float


def jensen_shannon(reference: Numbers, window: Numbers) -> Numbers:
    """Jensen-Shannon distance, from 0 to 1, of counts over the same bins, shape (..., bins).

    The square root of the divergence in bits (Lin 1991, "Divergence measures based on the Shannon
    entropy", IEEE Trans. Inf. Theory 37(1); a metric by Endres and Schindelin 2003, ibid. 49(7)).
    NaN where one of the two holds no rows.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        shares = [counts / counts.sum(axis=-1, keepdims=True) for counts in (reference, window)]
        mixed = (shares[0] + shares[1]) / 2
        bits = [
            np.where(share > 0, share * np.log2(np.where(share > 0, share, 1.0) / mixed), 0 * share)
            for share in shares
        ]
    # Rounding can leave it a hair outside.
    distances: Numbers = np.sqrt(np.clip((bits[0] + bits[1]).sum(axis=-1) / 2, 0.0, 1.0))
    return distances


def population_stability(reference: Numbers, window: Numbers) -> float:
    """Population stability index of counts over the same bins, shape (bins,).

    The sum of `(q - p) ln(q / p)` over the bins, an empty one counting as `SMALLEST_SHARE`
    (Siddiqi 2006, "Credit Risk Scorecards", Wiley). NaN where one of the two holds no rows.
    """
    import numpy as np

    if not reference.sum() or not window.sum():
        return float("nan")
    filled = (reference + window) > 0
    p, q = (
        np.maximum(counts[filled] / counts.sum(), SMALLEST_SHARE) for counts in (reference, window)
    )
    return float(((q - p) * np.log(q / p)).sum())


def chi_square(reference: Numbers, window: Numbers) -> tuple[float, float]:
    """Two-sample chi-square of counts over the same bins: statistic and p-value.

    Both samples are random here (Pearson's test of homogeneity of a 2 x bins table); to take the
    reference as exact finds drift in every large window. NaN where there is nothing to compare.
    """
    import numpy as np
    from scipy.special import chdtrc  # scipy.stats weighs 60 MB more

    table = np.array([reference, window])
    table = table[:, table.sum(axis=0) > 0]
    if not table.sum(axis=1).all():
        return float("nan"), float("nan")
    if table.shape[1] < 2:
        return 0.0, 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, float(chdtrc(table.shape[1] - 1, statistic))


def kolmogorov_smirnov(reference: Histogram, window: Histogram, exact: Numbers) -> Bounded:
    """Greatest distance of the two distribution functions, of the rows with a value.

    Args:
        exact: keys that are values; another key is the centre of a bin, within which the
            functions can come further apart by what the bin holds of either.
    """
    import numpy as np

    if not reference.present or not window.present:
        return Bounded(float("nan"), 0.0)
    keys, expected, seen = shared_keys(reference, window)
    p, q = expected / expected.sum(), seen / seen.sum()
    value = float(np.abs(np.cumsum(p - q)).max())
    within = np.maximum(p, q)[~np.isin(keys, exact)]
    return Bounded(value, float(within.max(initial=0.0)))


def smirnov_p_value(distance: float, reference: float, window: float) -> float:
    """Probability of such a distance between two samples of one distribution.

    Kolmogorov's limit with Stephens' correction (1970, JRSS B 32(1)); rows are taken as
    independent, which rows of one day hardly are. NaN where one of the two has no rows.
    """
    from math import sqrt

    from scipy.special import kolmogorov

    if not reference or not window:
        return float("nan")
    size = sqrt(reference * window / (reference + window))
    return float(kolmogorov((size + 0.12 + 0.11 / size) * distance))


def wasserstein(reference: Histogram, window: Histogram) -> float:
    """Earth mover's distance of the finite keys, in the column's unit.

    That of the values themselves is within the width of a bin: each value is at most half of it
    from its key. In one dimension it is the area between the distribution functions.
    """
    import numpy as np

    first, second = finite(reference), finite(window)
    if not first.present or not second.present:
        return float("nan")
    keys, expected, seen = shared_keys(first, second)
    apart = np.cumsum(expected / expected.sum() - seen / seen.sum())
    with np.errstate(over="ignore"):
        return float(np.abs(apart[:-1]) @ np.diff(keys))


def mean_and_deviation(histogram: Histogram) -> tuple[float, float]:
    """Mean and standard deviation of the finite values; NaN where there are none."""
    import numpy as np

    values = finite(histogram)
    if not values.present:
        return float("nan"), float("nan")
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(np.average(values.keys, weights=values.rows))
        variance = float(np.average((values.keys - mean) ** 2, weights=values.rows))
    return mean, variance**0.5


def new_share(reference: Histogram, window: Histogram) -> float:
    """Share of the window's rows whose key the reference never held."""
    import numpy as np

    known = reference.keys[reference.rows > 0]
    new = window.rows[~np.isin(window.keys, known)].sum()
    return float(new / window.total) if window.total else 0.0


def finite(histogram: Histogram) -> Histogram:
    """Without infinite values."""
    import numpy as np

    kept = np.isfinite(histogram.keys)
    return Histogram(histogram.keys[kept], histogram.rows[kept], histogram.nulls)
