"""Metrics of one subgroup at a time, and of the crossings of two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.formats.digits import digits
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.tasks import Predictions
    from mlops_platform.tasks.predictions import Targets

MISSING = "(missing)"
MOST_NAMED = 5


class Subgroup(Record):
    """How the model does on the rows that share a value.

    Attributes:
        targets: what their outcomes are like, by name.
        events: how many outcomes there are of each kind; empty in older records.
        baseline_loss: of a baseline that knows the outcomes of the subgroup, the best constant
            there is in hindsight; None where nothing can be measured by these outcomes.
        metrics: other figures; those that cannot be computed are left out.
        judged: large enough for the gate, with outcomes that the task can use.
    """

    column: str
    value: str
    rows: int
    targets: dict[str, float]
    events: dict[str, int] = Field(default={}, exclude_if=left_out_where_empty)
    loss: float
    baseline_loss: float | None
    metrics: dict[str, float]
    judged: bool

    @property
    def loss_ratio(self) -> float | None:
        """Loss over that of the subgroup's own baseline; None where that has none."""
        return self.loss / self.baseline_loss if self.baseline_loss else None


def worse_groups_text(groups: Iterable[Subgroup], baseline_name: str) -> str | None:
    """A sentence on those that do worse than their own baseline, worst first; None without any.

    Whoever reads that all criteria pass would not look for them: no limit of the gate is about
    crossings, and that on groups may allow some loss.
    """
    worse = [group for group in groups if group.judged and (group.loss_ratio or 0.0) > 1]
    if not worse:
        return None
    worst = sorted(worse, key=lambda group: -(group.loss_ratio or 0.0))[:MOST_NAMED]
    named = "; ".join(
        f"{group.column} {group.value} ({group.rows:,} rows, {digits(group.loss)} against "
        f"{digits(group.baseline_loss or 0.0)})"
        for group in worst
    )
    more = f"; and {len(worse) - len(worst)} more" if len(worse) > len(worst) else ""
    return f"Worse than by the {baseline_name} of their own rows: {named}{more}."


def subgroups_of(
    spec: ModelSpec, rows: DataFrame, targets: Targets, predictions: Predictions
) -> tuple[Subgroup, ...]:
    """One entry per value of each subgroup column, largest first within a column."""
    columns = spec.evaluation.subgroups
    return tuple(
        group for column in columns for group in _by((column,), spec, rows, targets, predictions)
    )


def intersections_of(
    spec: ModelSpec, rows: DataFrame, targets: Targets, predictions: Predictions
) -> tuple[Subgroup, ...]:
    """One entry per crossing of values of two subgroup columns that is large enough to judge."""
    pairs = combinations(spec.evaluation.subgroups, 2)
    crossings = (group for pair in pairs for group in _by(pair, spec, rows, targets, predictions))
    return tuple(group for group in crossings if group.judged)


def _by(
    columns: tuple[str, ...],
    spec: ModelSpec,
    rows: DataFrame,
    targets: Targets,
    predictions: Predictions,
) -> Iterator[Subgroup]:
    import numpy as np

    keys = rows[columns[0]].astype("string").fillna(MISSING)
    for column in columns[1:]:
        keys = keys + " x " + rows[column].astype("string").fillna(MISSING)
    positions = keys.reset_index(drop=True).groupby(keys.to_numpy()).indices
    largest_first = sorted(positions.items(), key=lambda item: (-len(item[1]), item[0]))
    for value, members in ((value, np.asarray(members)) for value, members in largest_first):
        yield _subgroup(
            spec, " x ".join(columns), str(value), targets[members], predictions.rows(members)
        )


def _subgroup(
    spec: ModelSpec, column: str, value: str, targets: Targets, predictions: Predictions
) -> Subgroup:
    task, usable = spec.task, spec.task.refusal(targets) is None
    metrics = {name: metric for name, metric in task.all_metrics.items() if metric.by_subgroup}
    weights = predictions.weights
    loss, baseline = task.own_metrics[task.loss], task.baseline(targets, weights)
    constant = task.baseline_predictions(baseline, {}, len(targets), predictions)
    return Subgroup(
        column=column,
        value=value,
        rows=len(targets),
        targets=task.facts(targets, weights),
        events=task.events(targets),
        loss=loss.compute(targets, predictions),
        baseline_loss=loss.compute(targets, constant) if usable else None,
        metrics={
            name: metric.compute(targets, predictions)
            for name, metric in metrics.items()
            if usable or metric.defined_for_any_targets
        },
        judged=usable and len(targets) >= spec.evaluation.min_subgroup_rows,
    )
