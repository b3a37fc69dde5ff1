"""Losses of predictions, quantiles and intervals, row by row, and what they come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


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


def absolute_errors(targets: Numbers, predictions: Numbers) -> Numbers:
    """Absolute error of each row, shape (rows,)."""
    import numpy as np

    return np.abs(targets - predictions)


def pinball_losses(targets: Numbers, predictions: Numbers, quantile: float) -> Numbers:
    """Pinball loss of each row, shape (rows,); its mean is scikit-learn's `mean_pinball_loss`.

    Args:
        quantile: that is predicted, for example 0.05.
    """
    import numpy as np

    deviations = targets - predictions
    return np.where(deviations >= 0, quantile * deviations, (quantile - 1) * deviations)


def interval_scores(targets: Numbers, lower: Numbers, upper: Numbers, coverage: float) -> Numbers:
    """Winkler's interval score of each row, shape (rows,): width, and 2 / (1 - coverage) per miss.

    Proper for the central interval of that coverage (Gneiting and Raftery 2007, "Strictly proper
    scoring rules, prediction, and estimation", section 6.2), as coverage alone is not: infinite
    intervals nine times in ten cover 0.9 as well.
    """
    import numpy as np

    misses = np.maximum(lower - targets, 0) + np.maximum(targets - upper, 0)
    scores: Numbers = (upper - lower) + 2 / (1 - coverage) * misses
    return scores


def covered(targets: Numbers, lower: Numbers, upper: Numbers) -> NDArray[np.bool_]:
    """Whether each target is inside its interval, ends included, shape (rows,)."""
    return (targets >= lower) & (targets <= upper)


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
    import numpy as np

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
    import numpy as np

    baseline = float(np.average(baseline_losses, weights=weights))
    loss = float(np.average(losses, weights=weights))
    if baseline == 0:
        return 0.0 if loss == 0 else -np.inf
    return 1 - loss / baseline
