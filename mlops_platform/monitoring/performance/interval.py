"""How sure a mean over the rows of a window is, when rows of one day resemble each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.spec import FEWEST_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Interval(Record):
    """Where a mean lies with some confidence."""

    lower: float
    upper: float


def clustered_interval(
    values: NDArray[Any],
    units: NDArray[Any],
    confidence: float,
    weights: NDArray[Any] | None = None,
) -> Interval | None:
    """Interval of the mean of rows, units being what was drawn; None with fewer than three.

    Rows without a value have no part in it.

    Units are days, because rows of one day share its circumstances and would be far too sure if
    they were taken for independent. The standard error is that of a ratio of day sums (Cochran
    1977, "Sampling techniques", section 6.5; what a bootstrap over days converges to) and the
    quantile is Student's: the percentiles of a bootstrap cannot reach beyond the worst of a week's
    few days.

    Args:
        values: one per row, NaN where it has none, shape (rows,).
        units: day of each row, or without event time its group or itself, shape (rows,).
        confidence: two-sided, for example 0.9.
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np
    from scipy.special import stdtrit

    known = ~np.isnan(values)
    values, units = values[known], units[known]
    weights = None if weights is None else weights[known]
    distinct, at = np.unique(units, return_inverse=True)
    count = len(distinct)
    if count < FEWEST_UNITS:
        return None
    mean = float(np.average(values, weights=weights))
    counted = np.ones(len(values)) if weights is None else weights
    excesses = np.bincount(at, weights=counted * (values - mean))
    error = np.sqrt(count / (count - 1) * np.square(excesses).sum()) / counted.sum()
    reach = float(stdtrit(count - 1, (1 + confidence) / 2) * error)
    return Interval(lower=mean - reach, upper=mean + reach)
