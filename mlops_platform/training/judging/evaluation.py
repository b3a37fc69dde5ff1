"""Everything that is measured on the test rows, in one record."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import Field

from mlops_platform.fairness.groups import groups_of
from mlops_platform.fairness.measure import MeasuredRows, measure_fairness
from mlops_platform.fairness.record import Fairness
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import FEWEST_UNITS, ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.tasks.weights import WeightFacts
from mlops_platform.training.explaining.dependence import PartialDependence
from mlops_platform.training.explaining.importance import (
    GroupImportance,
    Importance,
    Importances,
    permutation_importances,
)
from mlops_platform.training.explaining.shift import ImportanceShift
from mlops_platform.training.judging.class_chances import (
    ClassChance,
    class_chances_of,
    taught_shares,
)
from mlops_platform.training.judging.comparison import PairedLosses, compare_losses
from mlops_platform.training.judging.near_duplicates import NearDuplicates, near_duplicates_of
from mlops_platform.training.judging.rivals import Rival, rivals_of
from mlops_platform.training.judging.skill import Skill, skill_of
from mlops_platform.training.judging.subgroup_limits import LimitedFigure, limited_figures
from mlops_platform.training.judging.subgroups import Subgroup, intersections_of, subgroups_of
from mlops_platform.training.judging.timing import row_cpu_milliseconds
from mlops_platform.training.rows import (
    days_of,
    moments_of,
    part_weights,
    targets_of,
    task_rows,
)
from mlops_platform.training.units import units_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.tasks import Predictions
    from mlops_platform.training.split import Split


class DailySum(Record):
    """Sums of one local day; they add up over days.

    Args:
        weight_sum: of its rows, whose losses count by it; None where all count the same.
    """

    day: date
    rows: int
    loss_sum: float
    weight_sum: float | None = Field(default=None, exclude_if=left_out_where_empty)


class Evaluation(Record):
    """A candidate on test rows that it was neither fitted, tuned nor finished on.

    Attributes:
        targets: what the outcomes of these rows are like, by name.
        weights: of these rows; None where all count the same.
        events, fitted_events: how many outcomes there are of each kind, in these rows and in those
            that it was fitted on; empty in records of before they were counted.
        constants: what turns the numbers of its model into predictions.
        baseline: constants of the naive prediction, of the rows that the candidate was fitted on.
        baseline_margin: by how much its loss surely is below the baseline's, at the confidence of
            the gate; None with fewer than three days (rows or groups, without event time).
        d2: share of the loss of the baseline that knows the outcomes of the test rows that is
            saved; None where that loses nothing, and in older records.
        metrics: of the candidate.
        baseline_metrics: of the baseline on the same rows.
        details: what only the task knows to tell.
        importances, importance_groups: of features, and of groups of highly correlated ones.
        dependences: how predictions depend on the leading features.
        importance_shift: against the champion; None without one, or where it is not known.
        artifact_bytes: size of the stored model.
        class_chances: of the outcomes of each class, where the task judges them apart.
        rivals: simple rules on the same rows, where the task has any.
        near_duplicates: of texts, across the split; None without text columns, or of a past fit.
        fairness: figures of groups of people; None where the YAML declares no column for them.
        limited_figures: of subgroups, those that the gate limits.
        empty_features: without a value in any row that it was fitted on.
    """

    rows: int
    targets: dict[str, float]
    weights: WeightFacts | None = Field(default=None, exclude_if=left_out_where_empty)
    events: dict[str, int] = Field(default={}, exclude_if=left_out_where_empty)
    fitted_events: dict[str, int] = Field(default={}, exclude_if=left_out_where_empty)
    constants: dict[str, float]
    baseline: dict[str, float]
    loss: float
    baseline_loss: float
    baseline_margin: float | None = None
    d2: Skill | None = Field(default=None, exclude_if=left_out_where_empty)
    metrics: dict[str, float]
    baseline_metrics: dict[str, float]
    details: dict[str, Any]
    subgroups: tuple[Subgroup, ...]
    intersections: tuple[Subgroup, ...]
    importances: tuple[Importance, ...]
    importance_groups: tuple[GroupImportance, ...] = Field(
        default=(), exclude_if=left_out_where_empty
    )
    dependences: tuple[PartialDependence, ...] = Field(default=(), exclude_if=left_out_where_empty)
    importance_shift: ImportanceShift | None = Field(default=None, exclude_if=left_out_where_empty)
    daily: tuple[DailySum, ...]
    row_cpu_milliseconds: float
    artifact_bytes: int
    class_chances: tuple[ClassChance, ...] = Field(default=(), exclude_if=left_out_where_empty)
    fairness: Fairness | None = Field(default=None, exclude_if=left_out_where_empty)
    limited_figures: tuple[LimitedFigure, ...] = Field(default=(), exclude_if=left_out_where_empty)
    empty_features: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    rivals: tuple[Rival, ...] = Field(default=(), exclude_if=left_out_where_empty)
    near_duplicates: NearDuplicates | None = Field(default=None, exclude_if=left_out_where_empty)


def evaluate(
    spec: ModelSpec, candidate: Finished, split: Split, artifact_bytes: int | None
) -> Evaluation:
    """Measure a candidate on the test part of its split.

    Args:
        spec: the model.
        candidate: what `fit_candidate` returned.
        split: the one that it was fitted on; its test part is what counts.
        artifact_bytes: size of the candidate as stored; None of a fit of the past, which is judged
            by its predictions alone: what it leans on and costs is not measured then.
    """
    task, rows = spec.task, split.test
    judging = task_rows(rows, spec)
    features, targets, weights, _ = judging
    constants, baseline = candidate.constants, candidate.baseline
    predictions = task.predict(candidate.model, constants, features, weights)
    predictions = predictions.at(moments_of(rows, spec))
    metrics = task.measure(targets, predictions)
    importances, cpu_milliseconds = Importances((), ()), 0.0
    feature_details: dict[str, Any] = {}
    if artifact_bytes is not None:
        feature_details = task.feature_details(candidate.model, judging, predictions)
        importances = permutation_importances(spec, candidate, rows, predictions, split.train)
        cpu_milliseconds = row_cpu_milliseconds(task, candidate.model, features)
    losses = task.row_losses(targets, predictions)
    baseline_losses = task.baseline_losses(targets, baseline, predictions)
    paired = PairedLosses(baseline_losses, losses, units_of(rows, spec), weights)
    baseline_metrics = task.measure(
        targets, task.baseline_predictions(baseline, constants, len(targets), predictions)
    )
    without_value = split.train[list(spec.features.names)].isna().all()
    return Evaluation(
        rows=len(rows),
        empty_features=tuple(without_value.index[without_value]),
        targets=task.facts(targets, weights),
        weights=part_weights(rows, spec),
        events=task.events(targets),
        fitted_events=task.fitted_events(targets_of(split.train, spec)),
        constants=dict(constants),
        baseline=dict(baseline),
        loss=metrics[task.loss],
        baseline_loss=baseline_metrics[task.loss],
        baseline_margin=_baseline_margin(spec, paired),
        d2=_d2(spec, paired._replace(champion=task.hindsight_losses(targets, predictions))),
        metrics=metrics,
        baseline_metrics=baseline_metrics,
        details={**task.details(targets, predictions, constants), **feature_details},
        subgroups=subgroups_of(spec, rows, targets, predictions),
        intersections=intersections_of(spec, rows, targets, predictions),
        importances=importances.features,
        importance_groups=importances.groups,
        daily=daily_sums(days_of(rows, spec), losses, weights),
        row_cpu_milliseconds=cpu_milliseconds,
        artifact_bytes=artifact_bytes or 0,
        class_chances=_class_chances(spec, split, predictions, paired.units),
        fairness=_fairness(spec, rows, predictions, paired.units),
        limited_figures=limited_figures(spec, rows, targets, predictions, paired.units),
        rivals=_rivals(spec, split, predictions),
        near_duplicates=(
            near_duplicates_of(spec, split, paired)
            if spec.features.text and artifact_bytes is not None
            else None
        ),
    )


def _rivals(spec: ModelSpec, split: Split, predictions: Predictions) -> tuple[Rival, ...]:
    if not spec.task.has_rivals:
        return ()
    train, test = task_rows(split.train, spec), task_rows(split.test, spec)
    return rivals_of(spec.task, train, test, predictions)


def _class_chances(
    spec: ModelSpec, split: Split, predictions: Predictions, units: NDArray[Any]
) -> tuple[ClassChance, ...]:
    task, (_, fitted_on, weights, _) = spec.task, task_rows(split.train, spec)
    if not task.judged_classes:
        return ()
    taught = taught_shares(task, fitted_on, weights, spec.gate.min_events)
    return class_chances_of(task, targets_of(split.test, spec), predictions, units, taught)


def _fairness(
    spec: ModelSpec, rows: DataFrame, predictions: Predictions, units: NDArray[Any]
) -> Fairness | None:
    declared = spec.evaluation.fairness
    groups = {
        column: groups_of(spec.features, column, rows[column])
        for column in (declared.columns if declared else ())
    }
    measured = MeasuredRows(groups, targets_of(rows, spec), predictions, units)
    return measure_fairness(spec, measured, intersections=True)


def _baseline_margin(spec: ModelSpec, paired: PairedLosses) -> float | None:
    gate = spec.gate
    compared = compare_losses(
        gate.improvement.model_copy(update={"confidence": gate.baseline_confidence}),
        paired,
        metric=spec.task.loss,
        seed=spec.training.tuning.seed,
    )
    return compared.lower_bound if compared.days >= FEWEST_UNITS else None


def _d2(spec: ModelSpec, hindsight: PairedLosses) -> Skill | None:
    gate = spec.gate
    improvement = gate.improvement.model_copy(update={"confidence": gate.baseline_confidence})
    return skill_of(improvement, hindsight, seed=spec.training.tuning.seed)


def daily_sums(
    days: NDArray[np.datetime64],
    losses: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> tuple[DailySum, ...]:
    """Losses summed by local day, oldest first; all arguments have shape (rows,)."""
    import numpy as np

    distinct, day_of_row = np.unique(days, return_inverse=True)
    counted = losses if weights is None else losses * weights
    rows, sums = np.bincount(day_of_row), np.bincount(day_of_row, weights=counted)
    weighed = [None] * len(rows) if weights is None else np.bincount(day_of_row, weights).tolist()
    return tuple(
        DailySum(day=day.astype(object), rows=int(count), loss_sum=float(loss), weight_sum=weight)
        for day, count, loss, weight in zip(distinct, rows, sums, weighed, strict=True)
    )
