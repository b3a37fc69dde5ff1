"""What an evaluation tells of a binary classifier alone: its threshold, decisions and curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record
from mlops_platform.tasks.binary_classification.columns import DECISION, SCORE, THRESHOLD
from mlops_platform.tasks.binary_classification.curves import (
    Curve,
    precision_recall_of,
    roc_curve_of,
)
from mlops_platform.tasks.binary_classification.metrics import (
    CalibrationBin,
    Confusion,
    calibration_bins,
    confusion_of,
)
from mlops_platform.tasks.binary_classification.targeting_details import (
    TargetingDetails,
    targeting_details_of,
    targeting_table,
)
from mlops_platform.tasks.detail_table import DetailTable

if TYPE_CHECKING:
    from mlops_platform.tasks.binary_classification.metrics import Labels
    from mlops_platform.tasks.binary_classification.targeting import Targeting
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Predictions


class Details(Record):
    """Of the test rows."""

    rows: int
    positive_rate: float
    threshold: float
    confusion: Confusion
    calibration: tuple[CalibrationBin, ...]
    roc: Curve
    precision_recall: Curve
    targeting: TargetingDetails | None = None


def details_of(
    labels: Labels,
    predictions: Predictions,
    constants: Constants,
    bins: int,
    targeting: Targeting | None,
) -> Details:
    """Measure them on rows of both classes; only counts of rows know nothing of weights."""
    scores, weights = predictions[SCORE], predictions.weights
    return Details(
        rows=len(labels),
        positive_rate=predictions.mean_of(labels),
        threshold=constants[THRESHOLD],
        confusion=confusion_of(labels, predictions[DECISION]),
        calibration=calibration_bins(labels, scores, bins, weights),
        roc=roc_curve_of(labels, scores, weights),
        precision_recall=precision_recall_of(labels, scores, weights),
        targeting=(
            None if targeting is None else targeting_details_of(labels, predictions, targeting)
        ),
    )


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """The confusion matrix, the calibration, and who is acted on first."""
    read = Details.model_validate(details)
    confusion = read.confusion
    return (
        DetailTable(
            title="Confusion matrix at the threshold",
            columns=("", "decided negative", "decided positive"),
            rows=(
                ("was negative", confusion.true_negatives, confusion.false_positives),
                ("was positive", confusion.false_negatives, confusion.true_positives),
            ),
        ),
        DetailTable(
            title="Calibration",
            columns=("mean predicted probability", "share of positives", "rows"),
            rows=tuple((point.predicted, point.observed, point.rows) for point in read.calibration),
        ),
        *(() if read.targeting is None else (targeting_table(read.targeting),)),
    )
