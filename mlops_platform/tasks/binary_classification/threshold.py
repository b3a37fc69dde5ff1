"""The decision threshold that minimises the expected cost on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.binary_classification.columns import DECISION, SCORE
from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.predictions import Predictions

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


def choose_threshold(labels: Labels, scores: Numbers, costs: DecisionCosts) -> float:
    """Minimiser of the cost of deciding positive where score >= threshold.

    Args:
        labels: 0 and 1, shape (rows,).
        scores: calibrated probabilities, shape (rows,).
        costs: of a false positive and of a false negative, or a function of rows.
    """
    if isinstance(costs, Costs):
        return _exact_minimiser(labels, scores, costs)
    return _cheapest_tried(labels, scores, costs)


def _exact_minimiser(labels: Labels, scores: Numbers, costs: Costs) -> float:
    """Exact, because the cost changes only at the scores themselves.

    They, "never positive" and the theoretical threshold are tried; of equally cheap ones the
    nearest to the theoretical threshold wins.
    """
    import numpy as np

    theory = theoretical_threshold(costs)
    tried = np.unique(np.append(scores, [theory, np.nextafter(scores.max(), np.inf)]))
    positives, negatives = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    missed = np.searchsorted(positives, tried, side="left")
    false_alarms = len(negatives) - np.searchsorted(negatives, tried, side="left")
    cost = costs.false_positive * false_alarms + costs.false_negative * missed
    cheapest = tried[cost == cost.min()]
    return float(cheapest[np.argmin(np.abs(cheapest - theory))])


def _cheapest_tried(labels: Labels, scores: Numbers, costs: CostFunction) -> float:
    """The cheapest of quantiles of the scores and "never positive".

    A function of rows may depend on anything, so that it is asked at each of them.
    """
    import numpy as np

    shares = np.linspace(0, 1, MOST_TRIED)
    quantiles = np.quantile(scores, shares, method="inverted_cdf")
    tried = np.unique(np.append(quantiles, np.nextafter(scores.max(), np.inf)))
    decided = (Predictions({SCORE: scores, DECISION: scores >= threshold}) for threshold in tried)
    means = [costs.of_rows(labels, predictions).mean() for predictions in decided]
    return float(tried[int(np.argmin(means))])
