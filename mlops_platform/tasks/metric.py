"""Metric: a named figure of predictions against targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Predictions, Targets


RowValues = Callable[["Targets", "Predictions"], "Numbers"]
"""A value of each row, shape (rows,)."""


@dataclass(frozen=True)
class Metric:
    """How one figure is computed, and how it is read.

    Args:
        meaning: for a person, one clause.
        greater_is_better: None where neither direction is better, as for a coverage.
        compute: of targets, shape (rows,), and their predictions.
        row_values: what `compute` is the mean of, shape (rows,), NaN of rows that have no part in
            it; None where it is no mean of rows.
        tunes: whether a search may choose by it: it needs no more than an estimator's own answer.
        headline: shown where there is room for few figures.
        by_subgroup: shown for every subgroup.
        defined_for_any_targets: also for those that the task refuses.
    """

    meaning: str
    greater_is_better: bool | None
    compute: Callable[[Targets, Predictions], float]
    row_values: RowValues | None = None
    tunes: bool = False
    headline: bool = False
    by_subgroup: bool = False
    defined_for_any_targets: bool = False


def mean_of(row_values: RowValues) -> Callable[[Targets, Predictions], float]:
    """What computes the mean of a value of each row."""
    return partial(_mean, row_values=row_values)


def _mean(targets: Targets, predictions: Predictions, row_values: RowValues) -> float:
    return predictions.mean_of(row_values(targets, predictions))


@dataclass(frozen=True)
class VersionMetric:
    """A figure of how alike two versions answer, whatever came of it; more is more alike.

    Args:
        meaning: for a person, one clause.
        compute: of the champion's predictions and the candidate's, of the same rows.
        explain: what is behind it, of the same, as a clause; empty where there is nothing to say.
    """

    meaning: str
    compute: Callable[[Predictions, Predictions], float]
    explain: Callable[[Predictions, Predictions], str] | None = None
