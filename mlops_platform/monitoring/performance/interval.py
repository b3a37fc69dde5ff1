"""How sure a mean over the rows of a window is, when rows of one day resemble each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_platform.record import Record
from mlops_platform.spec import FEWEST_UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def less_sure_by(self, other: ClusteredMean, scale: float) -> ClusteredMean:
        """The same mean, where what was taken from it is itself known by some days only.

        Degrees of freedom are those of Welch and Satterthwaite (Satterthwaite 1946, "An approximate
        distribution of estimates of variance components").

        Args:
            other: of which `scale` times was taken away.
        """
        own, others = self.error**2, (scale * other.error) ** 2
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
