"""Rows with predictions and an outcome, and what each of them cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mlops_platform.data.features.landed.outcomes import GROUP
from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.spec import ModelSpec, ShareSplitSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import Constants, Predictions, Task

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.monitoring.reference import Reference
    from mlops_platform.tasks.predictions import Targets


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Columns of shape (rows,), by event time.

    Attributes:
        days: local days as datetime64[D].
        units: what is drawn as a whole: these days, or without event time the group or the number
            of each row.
        losses: of the predictions.
        baseline_losses: of the version's baseline.
    """

    targets: Targets
    predictions: Predictions
    days: NDArray[Any]
    units: NDArray[Any]
    losses: NDArray[Any]
    baseline_losses: NDArray[Any]


def labelled_rows(spec: ModelSpec, outcomes: pa.Table, baseline: Constants) -> LabelledRows:
    """Those of a window's outcomes that have a label, and where rows have weights, one of these.

    Args:
        baseline: that of the scoring model.
    """
    labelled = measurable(spec.task, outcomes)
    columns = _Columns("label", "day", GROUP, "event_time", SAMPLE_WEIGHT)
    return _rows(spec, labelled, columns, baseline)


def measurable(task: Task, outcomes: pa.Table) -> pa.Table:
    """Outcomes that the task can judge by, and where rows have weights with one of these."""
    all_judge = task.judges_unlabelled
    labelled = outcomes if all_judge else outcomes.filter(outcomes["label"].is_valid())
    if SAMPLE_WEIGHT not in labelled.column_names:
        return labelled
    return labelled.filter(labelled[SAMPLE_WEIGHT].is_valid())


def held_out_rows(
    spec: ModelSpec, held_out: pa.Table, baseline: Constants, weight: str | None = None
) -> LabelledRows:
    """The held-out rows of a version with what its judged candidate predicted for them.

    Args:
        weight: column with their weights, as the version's reference names it.
    """
    moment, split = spec.features.moment_column, spec.training.history.split
    group = split.group if isinstance(split, ShareSplitSpec) else None
    # A version from before the YAML said so has neither column.
    known_moment = moment if moment in held_out.column_names else None
    rows = held_out.sort_by(known_moment) if known_moment else held_out
    group = group if group in held_out.column_names else None
    columns = _Columns(spec.label.column, spec.features.partition, group, known_moment, weight)
    return _rows(spec, rows, columns, baseline)


def _stated_in(spec: ModelSpec, rows: pa.Table, weight: str | None = None) -> Predictions:
    """The predictions that rows hold; held-out rows of before format 4 have no flags.

    Args:
        weight: column with their weights, where they have any.
    """
    outputs = [output for output in spec.task.outputs if output.name in rows.column_names]
    return predictions_in(rows, outputs, weight)


def without_seen_labels(outcomes: pa.Table, seen_until: datetime | None) -> pa.Table:
    """Outcomes, of which those are none that the version had been trained with.

    A row without event time lands again and again, and what is known of it before it is scored
    says how well a model remembers.

    Args:
        seen_until: moment as of which the version's labels were read; None with event time.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if seen_until is None:
        return outcomes
    known_at = outcomes["known_at"]
    is_seen = pc.fill_null(pc.less_equal(known_at, pa.scalar(seen_until, known_at.type)), False)
    label = outcomes["label"]
    unseen = pc.if_else(is_seen, pa.scalar(None, label.type), label)
    return outcomes.set_column(outcomes.column_names.index("label"), "label", unseen)


def with_weights_of(reference: Reference, outcomes: pa.Table) -> pa.Table:
    """Outcomes, whose weights count only if the version was judged by weights as well."""
    if reference.weight is not None or SAMPLE_WEIGHT not in outcomes.column_names:
        return outcomes
    return outcomes.drop_columns([SAMPLE_WEIGHT])


class _Columns(NamedTuple):
    """Names of the columns in which rows have their label, day, group, moment and weight."""

    label: str
    day: str
    group: str | None
    moment: str | None
    weight: str | None


def _rows(spec: ModelSpec, rows: pa.Table, columns: _Columns, baseline: Constants) -> LabelledRows:
    task = spec.task
    label = rows[columns.label]
    moments = rows[columns.moment].to_numpy() if columns.moment else None
    targets = task.targets(label.to_numpy())
    predictions = _stated_in(spec, rows, columns.weight).at(moments)
    days = rows[columns.day].to_numpy().astype("datetime64[D]")
    return LabelledRows(
        targets=targets,
        predictions=predictions,
        days=days,
        units=_units(spec, rows, days, columns.group),
        losses=task.row_losses(targets, predictions),
        baseline_losses=task.baseline_losses(targets, baseline, predictions),
    )


def _units(spec: ModelSpec, rows: pa.Table, days: NDArray[Any], group: str | None) -> NDArray[Any]:
    import numpy as np

    match spec.training.history.split.unit:
        case "day":
            return days
        case "group" if group is not None:
            return np.array([str(value) for value in rows[group].to_pylist()], dtype=np.str_)
        case _:
            return np.arange(rows.num_rows)
