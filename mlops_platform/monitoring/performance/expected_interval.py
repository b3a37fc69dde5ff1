"""Where a figure comes true that probabilities let expect, if they are right."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from mlops_platform.monitoring.performance.interval import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlops_platform.tasks import EstimatedPerformance


def expected_interval(
    value: float, error: float, confidence: float, greatest: float = inf
) -> Interval:
    """By the quantiles of a normal distribution, from 0 on.

    Args:
        error: standard deviation by chance alone: that days resemble each other is not in it.
        confidence: two-sided, for example 0.9.
        greatest: what the figure cannot exceed.
    """
    from scipy.special import ndtri

    reach = float(ndtri((1 + confidence) / 2)) * error
    return Interval(lower=max(value - reach, 0.0), upper=min(value + reach, greatest))


def expected_intervals(estimate: EstimatedPerformance, confidence: float) -> Mapping[str, Interval]:
    """Of the loss and of metrics, by name."""
    figures = {"loss": (estimate.loss, inf)} | {
        name: (value, 1.0) for name, value in estimate.metrics.items()
    }
    return {
        name: expected_interval(figures[name][0], error, confidence, figures[name][1])
        for name, error in estimate.errors.items()
    }
