"""Rows with a score and a label, and what each of them cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.spec import SCORE, ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Columns of shape (rows,), by event time.

    Attributes:
        labels: 0 and 1.
        scores: probabilities of 1.
        days: local days as datetime64[D].
        losses: log losses of the scores.
        baseline_losses: those of always predicting the training base rate.
    """

    labels: NDArray[Any]
    scores: NDArray[Any]
    days: NDArray[Any]
    losses: NDArray[Any]
    baseline_losses: NDArray[Any]


def labelled_rows(outcomes: pa.Table, base_rate: float) -> LabelledRows:
    """Those of a window's outcomes that have a label.

    Args:
        base_rate: share of positives that the scoring model was fitted on.
    """
    labelled = outcomes.filter(outcomes["label"].is_valid())
    return _rows(labelled["label"], labelled[SCORE], labelled["day"], base_rate)


def held_out_rows(spec: ModelSpec, held_out: pa.Table, base_rate: float) -> LabelledRows:
    """The held-out rows of a version with the scores that its judged candidate gave them."""
    rows = held_out.sort_by([(spec.features.event_time, "ascending")])
    return _rows(rows[spec.label.column], rows[SCORE], rows[spec.features.partition], base_rate)


def _rows(
    label: pa.ChunkedArray, score: pa.ChunkedArray, day: pa.ChunkedArray, base_rate: float
) -> LabelledRows:
    import numpy as np

    from mlops_platform.training.metrics import row_losses

    labels, scores = label.to_numpy().astype(int), score.to_numpy()
    return LabelledRows(
        labels=labels,
        scores=scores,
        days=day.to_numpy().astype("datetime64[D]"),
        losses=row_losses("log_loss", labels, scores),
        baseline_losses=row_losses("log_loss", labels, np.full(len(labels), base_rate)),
    )
