"""What predictions, quantiles and intervals come to over rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlops_platform.record import Record
from mlops_platform.tasks.regression.metrics import covered, interval_scores

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers


class IntervalMetrics(Record):
    """What intervals hold and cost; means over rows.

    Args:
        coverage: share of targets inside, ends included.
        width: in the unit of the target.
        interval_score: Winkler's; lower is better.
    """

    coverage: float
    width: float
    interval_score: float


def pinball_losses(targets: Numbers, predictions: Numbers, quantile: float) -> Numbers:
    """Pinball loss of each row, shape (rows,); its mean is scikit-learn's `mean_pinball_loss`.

    Args:
        quantile: that is predicted, for example 0.05.
    """
    deviations = targets - predictions
    return np.where(deviations >= 0, quantile * deviations, (quantile - 1) * deviations)


def interval_metrics(
    targets: Numbers,
    lower: Numbers,
    upper: Numbers,
    coverage: float,
    weights: Numbers | None = None,
) -> IntervalMetrics:
    """Coverage, width and score of the intervals of at least one row.

    Args:
        coverage: promised.
        weights: of the rows, shape (rows,); all alike where None.
    """
    scores = interval_scores(targets, lower, upper, coverage)
    return IntervalMetrics(
        coverage=float(np.average(covered(targets, lower, upper), weights=weights)),
        width=float(np.average(upper - lower, weights=weights)),
        interval_score=float(np.average(scores, weights=weights)),
    )


def skill(losses: Numbers, baseline_losses: Numbers, weights: Numbers | None = None) -> float:
    """D2: the share of the baseline's loss that a model saves; 0 is no better, 1 is perfect.

    scikit-learn's `d2_absolute_error_score` and `d2_pinball_score` compare with the quantile of the
    very targets that are judged; here the baseline is what was known at training.

    Args:
        losses, baseline_losses: of the same rows, shape (rows,) each.
        weights: of the rows, shape (rows,); all alike where None.
    """
    baseline = float(np.average(baseline_losses, weights=weights))
    loss = float(np.average(losses, weights=weights))
    if baseline == 0:
        return 0.0 if loss == 0 else -np.inf
    return 1 - loss / baseline
