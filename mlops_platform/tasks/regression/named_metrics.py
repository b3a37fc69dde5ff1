"""Metrics of predictions and intervals against outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mlops_platform.tasks.metric import Metric, mean_of
from mlops_platform.tasks.regression.columns import LOWER, PREDICTION, UPPER, WIDTH
from mlops_platform.tasks.regression.metrics import absolute_errors, covered, interval_scores

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets
    from mlops_platform.tasks.regression.costs import PredictionCosts


def metrics_of(costs: PredictionCosts, coverage: float) -> Mapping[str, Metric]:
    """Every metric by name."""
    scores = partial(_interval_scores, coverage=coverage)
    return {
        "absolute_error": Metric(
            "mean distance of prediction and outcome, in the unit of the label; lower is better",
            greater_is_better=False,
            compute=_absolute_error,
            row_values=_absolute_errors,
            tunes=True,
            headline=True,
        ),
        "squared_error": Metric(
            "mean squared distance of prediction and outcome; lower is better",
            greater_is_better=False,
            compute=_squared_error,
            row_values=_squared_errors,
            tunes=True,
        ),
        "bias": Metric(
            "mean of prediction minus outcome; 0 is right on average",
            greater_is_better=None,
            compute=_bias,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "coverage": Metric(
            f"share of outcomes inside their interval; {coverage:g} is promised",
            greater_is_better=None,
            compute=mean_of(_covered),
            row_values=_covered,
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "interval_width": Metric(
            "mean width of the intervals, in the unit of the label",
            greater_is_better=None,
            compute=mean_of(_widths),
            row_values=_widths,
        ),
        "interval_score": Metric(
            "width and what misses are beyond it (Winkler); lower is better",
            greater_is_better=False,
            compute=mean_of(scores),
            row_values=scores,
            headline=True,
        ),
        "expected_cost": Metric(
            "mean cost of one error in the declared costs; lower is better",
            greater_is_better=False,
            compute=mean_of(costs.of_rows),
        ),
    }


def _absolute_error(targets: Targets, predictions: Predictions) -> float:
    from sklearn.metrics import mean_absolute_error

    weights = predictions.weights
    return float(mean_absolute_error(targets, predictions[PREDICTION], sample_weight=weights))


def _absolute_errors(targets: Targets, predictions: Predictions) -> Numbers:
    return absolute_errors(targets, predictions[PREDICTION])


def _squared_error(targets: Targets, predictions: Predictions) -> float:
    from sklearn.metrics import mean_squared_error

    weights = predictions.weights
    return float(mean_squared_error(targets, predictions[PREDICTION], sample_weight=weights))


def _squared_errors(targets: Targets, predictions: Predictions) -> Numbers:
    squared: Numbers = (targets - predictions[PREDICTION]) ** 2
    return squared


def _bias(targets: Targets, predictions: Predictions) -> float:
    return predictions.mean_of(predictions[PREDICTION] - targets)


def _covered(targets: Targets, predictions: Predictions) -> Numbers:
    return covered(targets, predictions[LOWER], predictions[UPPER]).astype(float)


def _widths(_: Targets, predictions: Predictions) -> Numbers:
    widths: Numbers = predictions[WIDTH]
    return widths


def _interval_scores(targets: Targets, predictions: Predictions, coverage: float) -> Numbers:
    return interval_scores(targets, predictions[LOWER], predictions[UPPER], coverage)
