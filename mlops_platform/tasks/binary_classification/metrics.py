"""Metrics of probabilities and decisions against outcomes; scikit-learn's wherever it has them.

What outcomes of one class do not define is not a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.tasks.binary_classification.columns import DECISION, SCORE
from mlops_platform.tasks.metric import Metric, mean_of
from mlops_platform.tasks.weights import lower_quantiles_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.binary_classification.costs import DecisionCosts
    from mlops_platform.tasks.predictions import Numbers, Predictions

    Labels = NDArray[np.int64]
    """0 and 1, shape (rows,)."""


class Confusion(Record):
    """Counts of decisions."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int


class CalibrationBin(Record):
    """Rows of similar score: what was predicted for them, and what happened."""

    rows: int
    predicted: float
    observed: float


def metrics_of(costs: DecisionCosts, bins: int) -> Mapping[str, Metric]:
    """Every metric by name; those of decisions depend on the threshold."""
    return {
        "log_loss": Metric(
            "penalty for confident mistakes; lower is better",
            greater_is_better=False,
            compute=_log_loss,
            row_values=_log_losses,
            tunes=True,
            headline=True,
        ),
        "brier_score": Metric(
            "mean squared error of the probability; lower is better",
            greater_is_better=False,
            compute=_brier_score,
            row_values=_squared_errors,
            tunes=True,
            headline=True,
        ),
        "roc_auc": Metric(
            "chance that a positive scores above a negative; 0.5 is guessing",
            greater_is_better=True,
            compute=_roc_auc,
            tunes=True,
            headline=True,
            by_subgroup=True,
        ),
        "average_precision": Metric(
            "precision averaged over recall; the base rate is guessing",
            greater_is_better=True,
            compute=_average_precision,
            tunes=True,
            headline=True,
        ),
        "expected_calibration_error": Metric(
            "mean distance of probability and frequency; lower is better",
            greater_is_better=False,
            compute=partial(_expected_calibration_error, bins=bins),
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "precision": Metric(
            "share of positive decisions that are right; 0 where there is none",
            greater_is_better=True,
            compute=partial(_of_decisions, name="precision_score"),
        ),
        "recall": Metric(
            "share of positives that are found",
            greater_is_better=True,
            compute=partial(_of_positives, name="recall_score"),
        ),
        "f1": Metric(
            "harmonic mean of precision and recall",
            greater_is_better=True,
            compute=partial(_of_positives, name="f1_score"),
        ),
        "expected_cost": Metric(
            "mean cost of one decision in the declared costs; lower is better",
            greater_is_better=False,
            compute=mean_of(costs.of_rows),
        ),
    }


def confusion_of(labels: Labels, decisions: NDArray[np.bool_]) -> Confusion:
    """Decisions against outcomes."""
    from sklearn.metrics import confusion_matrix

    (tn, fp), (fn, tp) = confusion_matrix(labels, decisions, labels=[0, 1]).tolist()
    return Confusion(true_negatives=tn, false_positives=fp, false_negatives=fn, true_positives=tp)


def calibration_bins(
    labels: Labels, scores: Numbers, bins: int, weights: Numbers | None = None
) -> tuple[CalibrationBin, ...]:
    """At most `bins` bins of nearly equal weight, by increasing score.

    Rows of equal score share a bin, so that the order of the rows does not matter.
    """
    bins_of_weight = _bins_of_weight(labels, scores, bins, weights)
    return tuple(each for _, each in bins_of_weight)


def _bins_of_weight(
    labels: Labels, scores: Numbers, bins: int, weights: Numbers | None
) -> list[tuple[float, CalibrationBin]]:
    """Bins with their weight, which without weights is their number of rows."""
    import numpy as np

    inner = lower_quantiles_of(scores, np.arange(1, bins) / bins, weights)
    bin_of_row = np.searchsorted(np.unique(inner), scores, side="left")
    rows = np.bincount(bin_of_row)
    filled = rows > 0
    counts = np.ones(len(scores)) if weights is None else weights
    weight = np.bincount(bin_of_row, weights=counts)[filled]
    predicted = np.bincount(bin_of_row, weights=counts * scores)[filled] / weight
    observed = np.bincount(bin_of_row, weights=counts * labels)[filled] / weight
    return [
        (float(w), CalibrationBin(rows=int(count), predicted=float(p), observed=float(o)))
        for w, count, p, o in zip(weight, rows[filled], predicted, observed, strict=True)
    ]


def calibration_error(
    labels: Labels, scores: Numbers, bins: int, weights: Numbers | None = None
) -> float:
    """Expected calibration error: mean |predicted - observed| over equal-mass bins, by weight.

    Equal-mass bins because equal-width ones put nearly all rows of a rare class into one bin and
    are the more biased estimate (Roelofs et al. 2022, "Mitigating bias in calibration error
    estimation"; the measure itself: Naeini et al. 2015, AAAI).
    """
    points = _bins_of_weight(labels, scores, bins, weights)
    total = len(labels) if weights is None else float(weights.sum())
    return sum(weight * abs(p.predicted - p.observed) for weight, p in points) / total


def log_losses(labels: Labels, scores: Numbers) -> Numbers:
    """Log loss of each row, shape (rows,)."""
    import numpy as np

    smallest = np.finfo(np.float64).eps  # where scikit-learn's log_loss clips as well
    clipped = np.clip(scores, smallest, 1 - smallest)
    logarithms: Numbers = np.log(np.where(labels == 1, clipped, 1 - clipped))
    return -logarithms


def squared_errors(labels: Labels, scores: Numbers) -> Numbers:
    """Squared error of each probability, shape (rows,); their mean is the Brier score."""
    import numpy as np

    squared: Numbers = np.square(scores - labels)
    return squared


def _log_loss(labels: Labels, predictions: Predictions) -> float:
    from sklearn.metrics import log_loss

    weights = predictions.weights
    return float(log_loss(labels, predictions[SCORE], labels=[0, 1], sample_weight=weights))


def _log_losses(labels: Labels, predictions: Predictions) -> Numbers:
    return log_losses(labels, predictions[SCORE])


def _brier_score(labels: Labels, predictions: Predictions) -> float:
    from sklearn.metrics import brier_score_loss

    return float(brier_score_loss(labels, predictions[SCORE], sample_weight=predictions.weights))


def _squared_errors(labels: Labels, predictions: Predictions) -> Numbers:
    return squared_errors(labels, predictions[SCORE])


def _roc_auc(labels: Labels, predictions: Predictions) -> float:
    from sklearn.metrics import roc_auc_score

    if labels.min() == labels.max():
        return float("nan")
    return float(roc_auc_score(labels, predictions[SCORE], sample_weight=predictions.weights))


def _average_precision(labels: Labels, predictions: Predictions) -> float:
    from sklearn.metrics import average_precision_score

    if not labels.any():
        return float("nan")
    weights = predictions.weights
    return float(average_precision_score(labels, predictions[SCORE], sample_weight=weights))


def _expected_calibration_error(labels: Labels, predictions: Predictions, bins: int) -> float:
    return calibration_error(labels, predictions[SCORE], bins, predictions.weights)


def _of_positives(labels: Labels, predictions: Predictions, name: str) -> float:
    return _of_decisions(labels, predictions, name) if labels.any() else float("nan")


def _of_decisions(labels: Labels, predictions: Predictions, name: str) -> float:
    from sklearn import metrics

    measure, weights = getattr(metrics, name), predictions.weights
    return float(measure(labels, predictions[DECISION], zero_division=0, sample_weight=weights))
