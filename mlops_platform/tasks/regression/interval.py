"""The interval of a row: its prediction, and how far two quantile predictions reach from it.

An adjusted interval is `[prediction - factor * below, prediction + factor * above]`. Whatever the
factor, it holds its own prediction and is never empty; quantile predictions that cross each other
or the prediction are mended by the least reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.tasks.weights import mean_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_SHARE = 0.01
"""Of the mean width: what a reach is at least, or a miss would weigh without bound. Not of the
median one, which is next to nothing where most outcomes are nearly certain."""


@dataclass(frozen=True, eq=False)
class Reaches:
    """Predictions and their reaches to both sides, shape (rows,) each; reaches are positive."""

    predictions: Numbers
    below: Numbers
    above: Numbers

    def intervals(self, factor: float | Numbers) -> tuple[Numbers, Numbers]:
        """Lower and upper ends, shape (rows,) each.

        Args:
            factor: not negative; one for all rows, or shape (rows,).
        """
        return self.predictions - factor * self.below, self.predictions + factor * self.above

    def scores(self, targets: Numbers) -> Numbers:
        """Conformity scores, shape (rows,): the least factor whose interval holds the target.

        Conformalized quantile regression (Romano, Patterson and Candès 2019, NeurIPS) in the
        form of Kivaranovic, Johnson and Leeb ("Adaptive, distribution-free prediction intervals for
        deep networks", arXiv 1905.10634), which is CQR-m in Sesia and Candès (2020, "A comparison
        of some conformal quantile regression methods", Stat 9): the excess beyond a quantile
        prediction is measured by its distance from the prediction. A skewed interval stays as
        skewed as it was, and a row known to be hard is widened by more than an easy one.
        """
        import numpy as np

        deviations = targets - self.predictions
        return np.where(deviations < 0, -deviations / self.below, deviations / self.above)


def reaches_of(predictions: Numbers, lower: Numbers, upper: Numbers, least: float) -> Reaches:
    """How far each row's quantile predictions reach from its prediction.

    Args:
        predictions, lower, upper: shape (rows,) each.
        least: what `least_reach` said when the model was finished.
    """
    import numpy as np

    return Reaches(
        predictions, np.maximum(predictions - lower, least), np.maximum(upper - predictions, least)
    )


def row_interval(
    numbers: tuple[float, float, float], least: float, factor: float
) -> tuple[float, float]:
    """Lower and upper end of one row, without NumPy: it is served.

    Args:
        numbers: prediction, lower and upper quantile prediction.
    """
    prediction, lower, upper = numbers
    below, above = max(prediction - lower, least), max(upper - prediction, least)
    return prediction - factor * below, prediction + factor * above


def least_reach(lower: Numbers, upper: Numbers, weights: Numbers | None = None) -> float:
    """The least reach of a model, by its quantile predictions of unseen rows; positive.

    Args:
        lower, upper: shape (rows,) each, at least one row.
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np

    mean_width = mean_of(np.abs(upper - lower), weights)
    return max(LEAST_SHARE * mean_width, float(np.finfo(float).eps))
