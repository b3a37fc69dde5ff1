"""Figures of decisions and confidence that are compared between groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.multiclass_classification.columns import CONFIDENCE
from mlops_platform.tasks.multiclass_classification.named_metrics import (
    Judge,
    class_labels,
    held_in_set,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


def group_metrics_of(judge: Judge) -> Mapping[str, GroupMetric]:
    """Over all classes, and of each one against all others, by name."""
    decided = _Decided(judge)
    labels = class_labels(judge.classes)
    return {
        "error_rate": GroupMetric(
            "share of decisions that are wrong", row_values=decided.is_wrong, is_rate=True
        ),
        "calibration_gap": GroupMetric(
            "mean confidence minus share of right decisions; 0 is right on average",
            row_values=decided.excess_confidence,
            signed=True,
        ),
        **{
            name: metric
            for position, label in enumerate(labels)
            for name, metric in _of_class(_Decided(judge, position), label)
        },
    }


def set_group_metrics(judge: Judge, coverage: float) -> Mapping[str, GroupMetric]:
    """Of prediction sets.

    Args:
        coverage: that they promise.
    """
    return {
        "set_coverage": GroupMetric(
            f"share of outcomes inside their set; {coverage:g} is promised over all rows",
            row_values=partial(held_in_set, judge),
            is_rate=True,
        )
    }


def _of_class(decided: _Decided, label: str) -> Iterator[tuple[str, GroupMetric]]:
    name = repr(decided.judge.classes[decided.position])
    selected = decided.is_selected
    yield (
        f"selection_rate_{label}",
        GroupMetric(f"share of rows that are decided {name}", row_values=selected, is_rate=True),
    )
    yield (
        f"true_positive_rate_{label}",
        GroupMetric(
            f"share of the outcomes {name} that are decided so",
            row_values=selected,
            counted=decided.came_true,
            is_rate=True,
        ),
    )
    yield (
        f"false_positive_rate_{label}",
        GroupMetric(
            f"share of all other outcomes that are decided {name}",
            row_values=selected,
            counted=decided.came_not_true,
            is_rate=True,
        ),
    )


@dataclass(frozen=True)
class _Decided:
    """Values of each row, of one class where its position is asked for."""

    judge: Judge
    position: int = 0

    def is_wrong(self, codes: Targets, predictions: Predictions) -> Numbers:
        wrong: Numbers = 1.0 - self.judge.is_right(codes, predictions)
        return wrong

    def excess_confidence(self, codes: Targets, predictions: Predictions) -> Numbers:
        excess: Numbers = predictions[CONFIDENCE] - self.judge.is_right(codes, predictions)
        return excess

    def is_selected(self, _: Targets, predictions: Predictions) -> Numbers:
        selected: Numbers = (self.judge.decided(predictions) == self.position).astype(float)
        return selected

    def came_true(self, codes: Targets, _: Predictions) -> NDArray[Any]:
        true: NDArray[Any] = codes == self.position
        return true

    def came_not_true(self, codes: Targets, _: Predictions) -> NDArray[Any]:
        untrue: NDArray[Any] = codes != self.position
        return untrue
