"""Figures of predictions and intervals that are compared between groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.regression.columns import LOWER, PREDICTION, UPPER, WIDTH
from mlops_platform.tasks.regression.metrics import covered

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


def group_metrics_of(coverage: float) -> Mapping[str, GroupMetric]:
    """Every one by name.

    Args:
        coverage: that intervals promise.
    """
    return {
        "mean_error": GroupMetric(
            "mean of prediction minus outcome; 0 is right on average",
            row_values=_errors,
            signed=True,
        ),
        "coverage": GroupMetric(
            f"share of outcomes inside their interval; {coverage:g} is promised over all rows",
            row_values=_covered,
            is_rate=True,
        ),
        "width": GroupMetric("mean width of the intervals", row_values=_widths),
    }


def _errors(targets: Targets, predictions: Predictions) -> Numbers:
    errors: Numbers = predictions[PREDICTION] - targets
    return errors


def _covered(targets: Targets, predictions: Predictions) -> Numbers:
    return covered(targets, predictions[LOWER], predictions[UPPER]).astype(float)


def _widths(_: Targets, predictions: Predictions) -> Numbers:
    widths: Numbers = predictions[WIDTH]
    return widths
