"""Errors of forecasts, row by row, and figures of many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.columns import NAIVE, NAIVE_ERROR, NAIVE_RMS_ERROR
from mlops_platform.tasks.metric import RowValues
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.regression.columns import LOWER, PREDICTION, UPPER

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

UNKNOWN = float("nan")


def pinball_losses(targets: Numbers, stated: Numbers, quantile: float) -> Numbers:
    """Loss of a stated quantile on each row, shape (rows,)."""
    import numpy as np

    missing = targets - stated
    losses: Numbers = np.maximum(quantile * missing, (quantile - 1) * missing)
    return losses


def absolute_scaled_errors(targets: Targets, predictions: Predictions) -> Numbers:
    """Absolute errors in units of the naive's own on the same series (Hyndman and Koehler 2006)."""
    import numpy as np

    scaled: Numbers = np.abs(targets - predictions[PREDICTION]) / predictions[NAIVE_ERROR]
    return scaled


def root_mean_squared_scaled_error(targets: Targets, predictions: Predictions) -> float:
    """Root of the mean squared error in units of the naive's own, series by series."""
    from math import sqrt

    scaled = (targets - predictions[PREDICTION]) / predictions[NAIVE_RMS_ERROR]
    return sqrt(predictions.mean_of(scaled**2))


def weighted_absolute_percentage_error(targets: Targets, predictions: Predictions) -> float:
    """Sum of the absolute errors over that of the absolute outcomes; NaN where these are all 0."""
    import numpy as np

    size = predictions.mean_of(np.abs(targets))
    errors = predictions.mean_of(np.abs(targets - predictions[PREDICTION]))
    return errors / size if size else UNKNOWN


def quantile_losses(
    targets: Targets, predictions: Predictions, coverage: float, middle: float
) -> Numbers:
    """Mean pinball loss of both ends of the interval and of the prediction, shape (rows,).

    Args:
        middle: the quantile that the prediction states.
    """
    import numpy as np

    tail = (1 - coverage) / 2
    stated = {LOWER: tail, PREDICTION: middle, UPPER: 1 - tail}
    losses: Numbers = np.mean(
        [pinball_losses(targets, predictions[name], quantile) for name, quantile in stated.items()],
        axis=0,
    )
    return losses


def skill(targets: Targets, predictions: Predictions, losses: RowValues) -> float:
    """Share of the loss of the seasonal naive that is saved.

    As scikit-learn has its D2: 1 where neither loses anything, 0 where only the naive does not.
    """
    naive = Predictions({PREDICTION: predictions[NAIVE]}, predictions.weights)
    own = predictions.mean_of(losses(targets, predictions))
    of_naive = naive.mean_of(losses(targets, naive))
    if of_naive:
        return 1 - own / of_naive
    return 0.0 if own else 1.0
