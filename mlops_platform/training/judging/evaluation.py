"""Everything that is measured on the test rows, in one record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.judging.comparison import compare_losses
from mlops_platform.training.judging.explanation import Importance, permutation_importances
from mlops_platform.training.judging.subgroups import Subgroup, intersections_of, subgroups_of
from mlops_platform.training.judging.timing import row_cpu_milliseconds
from mlops_platform.training.rows import days_of, features_of, moments_of, targets_of
from mlops_platform.training.units import units_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.training.split import Split

FEWEST_DAYS: Final = 3
"""With fewer next to nothing is known of how much days differ."""


class DailySum(Record):
    """Sums of one local day; they add up over days."""

    day: date
    rows: int
    loss_sum: float


class Evaluation(Record):
    """A candidate on test rows that it was neither fitted, tuned nor finished on.

    Attributes:
        targets: what the outcomes of these rows are like, by name.
        events, fitted_events: how many outcomes there are of each kind, in these rows and in those
            that it was fitted on; empty in records of before they were counted.
        constants: what turns the numbers of its model into predictions.
        baseline: constants of the naive prediction, of the rows that the candidate was fitted on.
        baseline_margin: by how much its loss surely is below the baseline's, at the confidence of
            the gate; None with fewer than three days (rows or groups, without event time).
        metrics: of the candidate.
        baseline_metrics: of the baseline on the same rows.
        details: what only the task knows to tell.
        artifact_bytes: size of the stored model.
    """

    rows: int
    targets: dict[str, float]
    events: dict[str, int] = Field(default={}, exclude_if=left_out_where_empty)
    fitted_events: dict[str, int] = Field(default={}, exclude_if=left_out_where_empty)
    constants: dict[str, float]
    baseline: dict[str, float]
    loss: float
    baseline_loss: float
    baseline_margin: float | None = None
    metrics: dict[str, float]
    baseline_metrics: dict[str, float]
    details: dict[str, Any]
    subgroups: tuple[Subgroup, ...]
    intersections: tuple[Subgroup, ...]
    importances: tuple[Importance, ...]
    daily: tuple[DailySum, ...]
    row_cpu_milliseconds: float
    artifact_bytes: int


def evaluate(spec: ModelSpec, candidate: Finished, split: Split, artifact_bytes: int) -> Evaluation:
    """Measure a candidate on the test part of its split.

    Args:
        spec: the model.
        candidate: what `fit_candidate` returned.
        split: the one that it was fitted on; its test part is what counts.
        artifact_bytes: size of the candidate as stored.
    """
    task, rows = spec.task, split.test
    targets, features = targets_of(rows, spec), features_of(rows, spec)
    constants, baseline = candidate.constants, candidate.baseline
    predictions = task.predict(candidate.model, constants, features).at(moments_of(rows, spec))
    metrics = task.measure(targets, predictions)
    losses, units = task.row_losses(targets, predictions), units_of(rows, spec)
    baseline_losses = task.baseline_losses(targets, baseline, predictions)
    baseline_metrics = task.measure(
        targets, task.baseline_predictions(baseline, constants, len(targets), predictions)
    )
    return Evaluation(
        rows=len(rows),
        targets=task.facts(targets),
        events=task.events(targets),
        fitted_events=task.events(targets_of(split.train, spec)),
        constants=dict(constants),
        baseline=dict(baseline),
        loss=metrics[task.loss],
        baseline_loss=baseline_metrics[task.loss],
        baseline_margin=_baseline_margin(spec, baseline_losses, losses, units),
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        details=task.details(targets, predictions, constants),
        subgroups=subgroups_of(spec, rows, targets, predictions),
        intersections=intersections_of(spec, rows, targets, predictions),
        importances=permutation_importances(spec, candidate, rows),
        daily=daily_sums(days_of(rows, spec), losses),
        row_cpu_milliseconds=row_cpu_milliseconds(task, candidate.model, features),
        artifact_bytes=artifact_bytes,
    )


def _baseline_margin(
    spec: ModelSpec,
    baseline_losses: NDArray[np.float64],
    losses: NDArray[np.float64],
    units: NDArray[Any],
) -> float | None:
    gate = spec.gate
    compared = compare_losses(
        gate.improvement.model_copy(update={"confidence": gate.baseline_confidence}),
        baseline_losses,
        losses,
        units,
        metric=spec.task.loss,
        seed=spec.training.tuning.seed,
    )
    return compared.lower_bound if compared.days >= FEWEST_DAYS else None


def daily_sums(days: NDArray[np.datetime64], losses: NDArray[np.float64]) -> tuple[DailySum, ...]:
    """Losses summed by local day, oldest first; both arguments have shape (rows,)."""
    import numpy as np

    distinct, day_of_row = np.unique(days, return_inverse=True)
    rows, sums = np.bincount(day_of_row), np.bincount(day_of_row, weights=losses)
    return tuple(
        DailySum(day=day.astype(object), rows=int(count), loss_sum=float(loss))
        for day, count, loss in zip(distinct, rows, sums, strict=True)
    )
