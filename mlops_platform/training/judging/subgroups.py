"""Metrics of one subgroup at a time, and of the crossings of two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.metrics import calibration_error, score

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.training.metrics import Labels, Scores

MISSING = "(missing)"


class Subgroup(Record):
    """How the model does on the rows that share a value.

    Attributes:
        base_rate_log_loss: log loss of always predicting the subgroup's own positive rate, the best
            constant there is in hindsight.
        roc_auc: None where the rows hold one class only.
        judged: large enough for the gate, and of both classes.
    """

    column: str
    value: str
    rows: int
    positive_rate: float
    log_loss: float
    base_rate_log_loss: float
    roc_auc: float | None
    expected_calibration_error: float
    judged: bool

    @property
    def log_loss_ratio(self) -> float | None:
        """Log loss over that of the subgroup's own base rate; None for a subgroup of one class."""
        both_classes = 0 < self.positive_rate < 1
        return self.log_loss / self.base_rate_log_loss if both_classes else None


def subgroups_of(
    spec: ModelSpec, rows: DataFrame, labels: Labels, scores: Scores
) -> tuple[Subgroup, ...]:
    """One entry per value of each subgroup column, largest first within a column."""
    columns = spec.evaluation.subgroups
    return tuple(
        group for column in columns for group in _by((column,), spec, rows, labels, scores)
    )


def intersections_of(
    spec: ModelSpec, rows: DataFrame, labels: Labels, scores: Scores
) -> tuple[Subgroup, ...]:
    """One entry per crossing of values of two subgroup columns that is large enough to judge."""
    pairs = combinations(spec.evaluation.subgroups, 2)
    crossings = (group for pair in pairs for group in _by(pair, spec, rows, labels, scores))
    return tuple(group for group in crossings if group.judged)


def _by(
    columns: tuple[str, ...], spec: ModelSpec, rows: DataFrame, labels: Labels, scores: Scores
) -> Iterator[Subgroup]:
    keys = rows[columns[0]].astype("string").fillna(MISSING)
    for column in columns[1:]:
        keys = keys + " x " + rows[column].astype("string").fillna(MISSING)
    positions = keys.reset_index(drop=True).groupby(keys.to_numpy()).indices
    for value, members in sorted(positions.items(), key=lambda item: (-len(item[1]), item[0])):
        yield _subgroup(" x ".join(columns), str(value), spec, labels[members], scores[members])


def _subgroup(column: str, value: str, spec: ModelSpec, labels: Labels, scores: Scores) -> Subgroup:
    import numpy as np

    rate = float(labels.mean())
    both_classes = 0 < rate < 1
    return Subgroup(
        column=column,
        value=value,
        rows=len(labels),
        positive_rate=rate,
        log_loss=score("log_loss", labels, scores),
        base_rate_log_loss=score("log_loss", labels, np.full(len(labels), rate)),
        roc_auc=score("roc_auc", labels, scores) if both_classes else None,
        expected_calibration_error=calibration_error(
            labels, scores, spec.evaluation.calibration_bins
        ),
        judged=both_classes and len(labels) >= spec.evaluation.min_subgroup_rows,
    )
