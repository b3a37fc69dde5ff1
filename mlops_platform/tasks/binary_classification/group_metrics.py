"""Figures of a classifier's decisions and probabilities that are compared between groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.tasks.binary_classification.columns import DECISION, SCORE
from mlops_platform.tasks.group_metric import GroupMetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


def _selected(_: Targets, predictions: Predictions) -> Numbers:
    decisions: Numbers = predictions[DECISION].astype(float)
    return decisions


def _wrong(labels: Targets, predictions: Predictions) -> Numbers:
    wrong: Numbers = (predictions[DECISION] != (labels == 1)).astype(float)
    return wrong


def _excess(labels: Targets, predictions: Predictions) -> Numbers:
    excess: Numbers = predictions[SCORE] - labels
    return excess


def _positive(labels: Targets, _: Predictions) -> NDArray[Any]:
    positive: NDArray[Any] = labels == 1
    return positive


def _negative(labels: Targets, _: Predictions) -> NDArray[Any]:
    negative: NDArray[Any] = labels == 0
    return negative


GROUP_METRICS: Final[Mapping[str, GroupMetric]] = {
    "selection_rate": GroupMetric(
        "share of rows that are decided positive", row_values=_selected, is_rate=True
    ),
    "true_positive_rate": GroupMetric(
        "share of the positives that are decided positive",
        row_values=_selected,
        counted=_positive,
        is_rate=True,
    ),
    "false_positive_rate": GroupMetric(
        "share of the negatives that are decided positive",
        row_values=_selected,
        counted=_negative,
        is_rate=True,
    ),
    "error_rate": GroupMetric("share of decisions that are wrong", row_values=_wrong, is_rate=True),
    "calibration_gap": GroupMetric(
        "mean probability minus share of positives; 0 is right on average",
        row_values=_excess,
        signed=True,
    ),
}
"""By name."""
