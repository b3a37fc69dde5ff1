"""The decision threshold that minimises the expected cost on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.binary_classification.columns import DECISION, SCORE
from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.weights import ROUNDING, lower_quantiles_of

if TYPE_CHECKING:
    from mlops_platform.tasks.binary_classification.costs import DecisionCosts
    from mlops_platform.tasks.binary_classification.metrics import Labels
    from mlops_platform.tasks.custom import CostFunction
    from mlops_platform.tasks.predictions import Numbers

MOST_TRIED: Final = 500
"""Thresholds at which a cost function of the user's own is asked."""


def theoretical_threshold(costs: Costs) -> float:
    """Optimal threshold of calibrated scores: c_fp / (c_fp + c_fn) (Elkan 2001, IJCAI)."""
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def choose_threshold(
    labels: Labels, scores: Numbers, costs: DecisionCosts, weights: Numbers | None = None
) -> float:
    """Minimiser of the cost of deciding positive where score >= threshold.

    Args:
        labels: 0 and 1, shape (rows,).
        scores: calibrated probabilities, shape (rows,).
        costs: of a false positive and of a false negative, or a function of rows.
        weights: of the rows, shape (rows,); None where all count the same.
    """
    if isinstance(costs, Costs):
        return _exact_minimiser(labels, scores, costs, weights)
    return _cheapest_tried(labels, scores, costs, weights)


def _exact_minimiser(
    labels: Labels, scores: Numbers, costs: Costs, weights: Numbers | None
) -> float:
    """Exact, because the cost changes only at the scores themselves.

    They, "never positive" and the theoretical threshold are tried; of equally cheap ones the
    nearest to the theoretical threshold wins.
    """
    import numpy as np

    theory = theoretical_threshold(costs)
    tried = np.unique(np.append(scores, [theory, np.nextafter(scores.max(), np.inf)]))
    counts = np.ones(len(scores)) if weights is None else weights
    missed = _weight_below(tried, scores, counts * (labels == 1))
    negatives = counts * (labels == 0)
    false_alarms = negatives.sum() - _weight_below(tried, scores, negatives)
    cost = costs.false_positive * false_alarms + costs.false_negative * missed
    equal = ROUNDING * counts.sum() * max(costs.false_positive, costs.false_negative)
    cheapest = tried[cost <= cost.min() + equal]
    return float(cheapest[np.argmin(np.abs(cheapest - theory))])


def _weight_below(tried: Numbers, scores: Numbers, weights: Numbers) -> Numbers:
    """Weight of the rows whose score is below each threshold, shape (thresholds,)."""
    import numpy as np

    order = np.argsort(scores, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    return sums[np.searchsorted(scores[order], tried, side="left")]


def _cheapest_tried(
    labels: Labels, scores: Numbers, costs: CostFunction, weights: Numbers | None
) -> float:
    """The cheapest of quantiles of the scores and "never positive".

    A function of rows may depend on anything, so that it is asked at each of them.
    """
    import numpy as np

    shares = np.linspace(0, 1, MOST_TRIED)
    quantiles = lower_quantiles_of(scores, shares, weights)
    tried = np.unique(np.append(quantiles, np.nextafter(scores.max(), np.inf)))
    decided = (
        Predictions({SCORE: scores, DECISION: scores >= threshold}, weights) for threshold in tried
    )
    means = [said.mean_of(costs.of_rows(labels, said)) for said in decided]
    return float(tried[int(np.argmin(means))])
