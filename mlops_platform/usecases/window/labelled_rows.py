"""Rows with predictions and an outcome, and what each of them cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants, Predictions

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Targets


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Columns of shape (rows,), by event time.

    Attributes:
        days: local days as datetime64[D].
        losses: of the predictions.
        baseline_losses: of the version's baseline.
    """

    targets: Targets
    predictions: Predictions
    days: NDArray[Any]
    losses: NDArray[Any]
    baseline_losses: NDArray[Any]


def labelled_rows(spec: ModelSpec, outcomes: pa.Table, baseline: Constants) -> LabelledRows:
    """Those of a window's outcomes that have a label.

    Args:
        baseline: that of the scoring model.
    """
    labelled = outcomes.filter(outcomes["label"].is_valid())
    return _rows(spec, labelled, labelled["label"], labelled["day"], baseline)


def held_out_rows(spec: ModelSpec, held_out: pa.Table, baseline: Constants) -> LabelledRows:
    """The held-out rows of a version with what its judged candidate predicted for them."""
    rows = held_out.sort_by([(spec.features.event_time, "ascending")])
    return _rows(spec, rows, rows[spec.label.column], rows[spec.features.partition], baseline)


def _rows(
    spec: ModelSpec,
    rows: pa.Table,
    label: pa.ChunkedArray,
    day: pa.ChunkedArray,
    baseline: Constants,
) -> LabelledRows:
    task = spec.task
    # Held-out rows of before format 4 have no flags; a loss is one of numbers.
    outputs = [output for output in task.outputs if output.name in rows.column_names]
    targets, predictions = task.targets(label.to_numpy()), predictions_in(rows, outputs)
    return LabelledRows(
        targets=targets,
        predictions=predictions,
        days=day.to_numpy().astype("datetime64[D]"),
        losses=task.row_losses(targets, predictions),
        baseline_losses=task.baseline_losses(targets, baseline),
    )
