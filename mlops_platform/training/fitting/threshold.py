"""The decision threshold that minimises the expected cost on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.spec import CostSpec

if TYPE_CHECKING:
    from mlops_platform.training.metrics import Labels, Scores


def theoretical_threshold(costs: CostSpec) -> float:
    """Optimal threshold of calibrated scores: c_fp / (c_fp + c_fn) (Elkan 2001, IJCAI)."""
    return costs.false_positive / (costs.false_positive + costs.false_negative)


def choose_threshold(labels: Labels, scores: Scores, costs: CostSpec) -> float:
    """Exact minimiser of the cost of deciding positive where score >= threshold.

    The cost changes only at the scores themselves, so they, "never positive" and the theoretical
    threshold are tried; of equally cheap ones the nearest to the theoretical threshold wins.

    Args:
        labels: 0 and 1, shape (rows,).
        scores: calibrated probabilities, shape (rows,).
        costs: of a false positive and of a false negative.
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
