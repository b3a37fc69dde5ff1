"""Everything that is measured on the test rows, in one record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.curves import Curve, precision_recall_of, roc_curve_of
from mlops_platform.training.judging.explanation import Importance, permutation_importances
from mlops_platform.training.judging.subgroups import Subgroup, intersections_of, subgroups_of
from mlops_platform.training.judging.timing import row_cpu_milliseconds
from mlops_platform.training.metrics import (
    CalibrationBin,
    Confusion,
    Metrics,
    calibration_bins,
    confusion_at,
    measure,
    row_losses,
)
from mlops_platform.training.rows import days_of, features_of, labels_of, positive_scores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.training.fitting.calibration import Candidate
    from mlops_platform.training.metrics import Labels, Scores


class DailySum(Record):
    """Sums of one local day; they add up over days."""

    day: date
    rows: int
    log_loss_sum: float
    brier_sum: float


class Evaluation(Record):
    """A candidate on test rows that it was neither fitted, tuned nor calibrated on.

    Attributes:
        train_base_rate: share of positives among the rows the candidate was fitted on.
        base_rate: metrics of always predicting `train_base_rate`.
        artifact_bytes: size of the stored model.
    """

    rows: int
    positive_rate: float
    train_base_rate: float
    threshold: float
    metrics: Metrics
    base_rate: Metrics
    confusion: Confusion
    calibration: tuple[CalibrationBin, ...]
    roc: Curve
    precision_recall: Curve
    subgroups: tuple[Subgroup, ...]
    intersections: tuple[Subgroup, ...]
    importances: tuple[Importance, ...]
    daily: tuple[DailySum, ...]
    row_cpu_milliseconds: float
    artifact_bytes: int


def evaluate(
    spec: ModelSpec, candidate: Candidate, rows: DataFrame, artifact_bytes: int
) -> Evaluation:
    """Measure a candidate on the test part of its split.

    Args:
        spec: the model.
        candidate: what `fit_candidate` returned.
        rows: the test part, with both classes.
        artifact_bytes: size of the candidate as stored.
    """
    import numpy as np

    labels, features = labels_of(rows, spec), features_of(rows, spec)
    scores = positive_scores(candidate.model, features)
    constant = np.full(len(rows), candidate.base_rate)
    costs, bins = spec.training.costs, spec.evaluation.calibration_bins
    return Evaluation(
        rows=len(rows),
        positive_rate=float(labels.mean()),
        train_base_rate=candidate.base_rate,
        threshold=candidate.threshold,
        metrics=measure(labels, scores, candidate.threshold, costs, bins),
        base_rate=measure(labels, constant, candidate.threshold, costs, bins),
        confusion=confusion_at(labels, scores, candidate.threshold),
        calibration=calibration_bins(labels, scores, bins),
        roc=roc_curve_of(labels, scores),
        precision_recall=precision_recall_of(labels, scores),
        subgroups=subgroups_of(spec, rows, labels, scores),
        intersections=intersections_of(spec, rows, labels, scores),
        importances=permutation_importances(spec, candidate.model, rows),
        daily=daily_sums(days_of(rows, spec), labels, scores),
        row_cpu_milliseconds=row_cpu_milliseconds(candidate.model, features),
        artifact_bytes=artifact_bytes,
    )


def daily_sums(
    days: NDArray[np.datetime64], labels: Labels, scores: Scores
) -> tuple[DailySum, ...]:
    """Losses summed by local day, oldest first; all arguments have shape (rows,)."""
    import numpy as np

    distinct, day_of_row = np.unique(days, return_inverse=True)
    rows = np.bincount(day_of_row)
    log_loss = np.bincount(day_of_row, weights=row_losses("log_loss", labels, scores))
    brier = np.bincount(day_of_row, weights=row_losses("brier_score", labels, scores))
    return tuple(
        DailySum(
            day=day.astype(object),
            rows=int(count),
            log_loss_sum=float(loss),
            brier_sum=float(error),
        )
        for day, count, loss, error in zip(distinct, rows, log_loss, brier, strict=True)
    )
