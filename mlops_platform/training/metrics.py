"""Metrics of predicted probabilities against outcomes; scikit-learn's wherever it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_platform.record import Record
from mlops_platform.spec import CostSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.int64]
    Scores = NDArray[np.float64]

RankOrLoss = Literal["log_loss", "brier_score", "roc_auc", "average_precision"]


class Metrics(Record):
    """Headline numbers; the last four depend on the decision threshold."""

    log_loss: float
    brier_score: float
    roc_auc: float
    average_precision: float
    expected_calibration_error: float
    precision: float
    recall: float
    f1: float
    expected_cost: float


class Confusion(Record):
    """Counts of decisions at the threshold."""

    true_negatives: int
    false_positives: int
    false_negatives: int
    true_positives: int


class CalibrationBin(Record):
    """Rows of similar score: what was predicted for them, and what happened."""

    rows: int
    predicted: float
    observed: float


def score(metric: RankOrLoss, labels: Labels, scores: Scores) -> float:
    """One metric that needs no threshold; labels and scores have shape (rows,)."""
    from sklearn import metrics

    if metric == "log_loss":
        return float(metrics.log_loss(labels, scores, labels=[0, 1]))
    if metric == "brier_score":
        return float(metrics.brier_score_loss(labels, scores))
    if metric == "roc_auc":
        return float(metrics.roc_auc_score(labels, scores))
    return float(metrics.average_precision_score(labels, scores))


def measure(
    labels: Labels, scores: Scores, threshold: float, costs: CostSpec, bins: int
) -> Metrics:
    """All metrics of scores against labels, deciding positive where score >= threshold.

    Precision is 0 where nothing is predicted positive.
    """
    from sklearn.metrics import precision_recall_fscore_support

    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, scores >= threshold, average="binary", zero_division=0
    )
    return Metrics(
        log_loss=score("log_loss", labels, scores),
        brier_score=score("brier_score", labels, scores),
        roc_auc=score("roc_auc", labels, scores),
        average_precision=score("average_precision", labels, scores),
        expected_calibration_error=calibration_error(labels, scores, bins),
        precision=float(precision),
        recall=float(recall),
        f1=float(f1),
        expected_cost=expected_cost(confusion_at(labels, scores, threshold), costs),
    )


def confusion_at(labels: Labels, scores: Scores, threshold: float) -> Confusion:
    """Decisions at a threshold; a score that equals it is decided positive."""
    from sklearn.metrics import confusion_matrix

    (tn, fp), (fn, tp) = confusion_matrix(labels, scores >= threshold, labels=[0, 1]).tolist()
    return Confusion(true_negatives=tn, false_positives=fp, false_negatives=fn, true_positives=tp)


def expected_cost(confusion: Confusion, costs: CostSpec) -> float:
    """Mean cost of one decision, in the unit of the costs."""
    rows = sum(confusion.model_dump().values())
    wrong = (
        costs.false_positive * confusion.false_positives
        + costs.false_negative * confusion.false_negatives
    )
    return float(wrong / rows)


def row_losses(
    metric: Literal["log_loss", "brier_score"], labels: Labels, scores: Scores
) -> Scores:
    """Loss of each row, shape (rows,); its mean is the metric."""
    import numpy as np

    if metric == "brier_score":
        squared: Scores = np.square(scores - labels)
        return squared
    smallest = np.finfo(np.float64).eps  # where scikit-learn's log_loss clips as well
    clipped = np.clip(scores, smallest, 1 - smallest)
    logarithms: Scores = np.log(np.where(labels == 1, clipped, 1 - clipped))
    return -logarithms


def calibration_bins(labels: Labels, scores: Scores, bins: int) -> tuple[CalibrationBin, ...]:
    """At most `bins` bins of nearly equal numbers of rows, by increasing score.

    Rows of equal score share a bin, so that the order of the rows does not matter.
    """
    import numpy as np

    inner = np.quantile(scores, np.arange(1, bins) / bins, method="inverted_cdf")
    bin_of_row = np.searchsorted(np.unique(inner), scores, side="left")
    rows = np.bincount(bin_of_row)
    filled = rows > 0
    predicted = np.bincount(bin_of_row, weights=scores)[filled] / rows[filled]
    observed = np.bincount(bin_of_row, weights=labels)[filled] / rows[filled]
    return tuple(
        CalibrationBin(rows=int(count), predicted=float(p), observed=float(o))
        for count, p, o in zip(rows[filled], predicted, observed, strict=True)
    )


def calibration_error(labels: Labels, scores: Scores, bins: int) -> float:
    """Expected calibration error: mean |predicted - observed| over equal-mass bins, by rows.

    Equal-mass bins because equal-width ones put nearly all rows of a rare class into one bin and
    are the more biased estimate (Roelofs et al. 2022, "Mitigating bias in calibration error
    estimation"; the measure itself: Naeini et al. 2015, AAAI).
    """
    points = calibration_bins(labels, scores, bins)
    return sum(point.rows * abs(point.predicted - point.observed) for point in points) / len(labels)
