"""How sure a mean over the rows of a window is, when rows of one day resemble each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.record import Record
from mlops_platform.spec import FEWEST_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALIKE: Final = 1e-6
"""Standard deviation over mean of what differs by rounding alone."""


class Interval(Record):
    """Where a mean lies with some confidence."""

    lower: float
    upper: float


class ClusteredMean(NamedTuple):
    """Mean of rows with its standard error, and the degrees of freedom of that."""

    mean: float
    error: float
    freedom: float

    def interval(self, confidence: float) -> Interval:
        """By Student's quantile: percentiles of a bootstrap reach no further than the worst day.

        Args:
            confidence: two-sided, for example 0.9.
        """
        from scipy.special import stdtrit

        reach = float(stdtrit(self.freedom, (1 + confidence) / 2) * self.error)
        return Interval(lower=self.mean - reach, upper=self.mean + reach)

    def less_sure_by(self, other: ClusteredMean) -> ClusteredMean:
        """The same mean, where what was taken from it is itself known by some days only.

        Degrees of freedom are those of Welch and Satterthwaite (Satterthwaite 1946, "An approximate
        distribution of estimates of variance components").
        """
        own, others = self.error**2, other.error**2
        if not others:
            return self
        freedom = (own + others) ** 2 / (own**2 / self.freedom + others**2 / other.freedom)
        return ClusteredMean(self.mean, (own + others) ** 0.5, freedom)


def clustered_mean(
    values: NDArray[Any], units: NDArray[Any], weights: NDArray[Any] | None = None
) -> ClusteredMean | None:
    """Mean of rows, units being what was drawn; None with fewer than three units.

    Rows without a value have no part in it.

    Units are days, because rows of one day share its circumstances and would be far too sure if
    they were taken for independent. The standard error is that of a ratio of day sums (Cochran
    1977, "Sampling techniques", section 6.5; what a bootstrap over days converges to).

    Args:
        values: one per row, NaN where it has none, shape (rows,).
        units: day of each row, or without event time its group or itself, shape (rows,).
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np

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
    return ClusteredMean(mean, float(error), count - 1)


def doubt_of_easier_rows(
    excesses: NDArray[Any],
    hardness: NDArray[Any],
    units: NDArray[Any],
    elsewhere: float,
    weights: NDArray[Any] | None = None,
) -> float:
    """Variance of a promise in proportion to hardness, for rows that are as hard as `elsewhere`.

    It is 0 where they are not easier than those of the promise, or these all alike. Else it grows
    as the variance of the slope of a line through the means of the units, counted by their rows,
    times the squared distance (Draper and Smith 1998, "Applied regression analysis", section 1.4).
    What is harder than the promise has no such excuse: to lose more there is to be told.

    Args:
        excesses: over what is promised, one per row, NaN where it has none, shape (rows,).
        hardness: of each row, what the promise is in proportion to, shape (rows,).
        units: as of `clustered_mean`, shape (rows,).
        elsewhere: mean hardness of the rows that something is promised of.
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np

    known = ~np.isnan(excesses)
    counted = np.ones(len(excesses)) if weights is None else weights
    distinct, at = np.unique(units[known], return_inverse=True)
    if len(distinct) < FEWEST_UNITS:
        return 0.0
    rows, hard, over = (
        np.bincount(at, weights=values[known])
        for values in (counted, counted * hardness, counted * excesses)
    )
    shares = rows / rows.sum()
    mean = float(hard.sum() / rows.sum())
    from_mean, excess = hard / rows - mean, over / rows - over.sum() / rows.sum()
    spread = float(shares @ from_mean**2)
    if elsewhere >= mean or spread <= (ALIKE * mean) ** 2:
        return 0.0
    slope = float(shares @ (from_mean * excess)) / spread
    residual = float(shares @ (excess - slope * from_mean) ** 2) / (len(distinct) - 2)
    return residual / spread * (elsewhere - mean) ** 2
