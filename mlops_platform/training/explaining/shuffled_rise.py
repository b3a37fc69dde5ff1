"""ShuffledRise: by how much the loss rises when columns are shuffled, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

from pydantic import Field

from mlops_platform.record import Record, left_out_where
from mlops_platform.spec import FEWEST_UNITS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONFIDENCE: Final = 0.95
"""Of every interval, two-sided."""


class ShuffledRise(Record):
    """A mean over rows and shuffles.

    Attributes:
        standard_deviation: between the shuffles, of their means over the rows.
        lower, upper: interval that also holds the chance of these rows; None where there were too
            few units, and in records of before there were intervals.
    """

    mean: float
    standard_deviation: float
    lower: float | None = Field(default=None, exclude_if=left_out_where(None))
    upper: float | None = Field(default=None, exclude_if=left_out_where(None))

    @property
    def is_sure(self) -> bool | None:
        """Whether it surely is above zero; None where that is not known."""
        return None if self.lower is None else self.lower > 0

    @classmethod
    def of(
        cls,
        rises: NDArray[np.float64],
        orders: NDArray[np.intp],
        weights: NDArray[np.float64] | None,
        units: NDArray[Any],
        **named: Any,
    ) -> Self:
        """Sum up the rises of some shuffles.

        Args:
            rises: of the loss, row by row, shape (shuffles, rows).
            orders: which row each row got its values from, of the same shape.
            weights: how much each row counts, shape (rows,).
            units: day, group or handful of each row, shape (rows,).
            named: further fields.
        """
        import numpy as np

        means = np.average(rises, axis=1, weights=weights)
        mean, error = float(means.mean()), _standard_error(rises, orders, weights, units)
        lower = upper = None
        if error is not None:
            lower, upper = mean - error, mean + error
        return cls(
            mean=mean, standard_deviation=float(means.std()), lower=lower, upper=upper, **named
        )


def _standard_error(
    rises: NDArray[np.float64],
    orders: NDArray[np.intp],
    weights: NDArray[np.float64] | None,
    units: NDArray[Any],
) -> float | None:
    """Half the width of the interval.

    The mean is one over pairs: a row, and the row that its values come from. So each row counts
    twice, as the one that got values and as the one that gave them (Hoeffding 1948), and rows of
    one unit are drawn together (Liang and Zeger 1986). What the shuffles add is in it: both roles
    are means over the same few shuffles.
    """
    import numpy as np
    from scipy.stats import t

    shuffles, rows = rises.shape
    distinct, unit_of_row = np.unique(units, return_inverse=True)
    count = len(distinct)
    if count < FEWEST_UNITS:
        return None
    counted = np.ones(rows) if weights is None else weights / weights.mean()
    deviations = counted * (rises - np.average(rises.mean(axis=0), weights=weights))
    given = np.bincount(orders.ravel(), weights=deviations.ravel(), minlength=rows) / shuffles
    influences = deviations.mean(axis=0) + given
    sums = np.bincount(unit_of_row, weights=influences)
    error = float(np.sqrt(count / (count - 1) * (sums**2).sum())) / rows
    return float(error * t.ppf((1 + CONFIDENCE) / 2, count - 1))
