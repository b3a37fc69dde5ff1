"""Drift: how far a window's inputs and predictions are from the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.errors import DataError
from mlops_platform.monitoring.drift.profile import (
    ColumnProfile,
    Profile,
    counts_of,
    histogram,
    quantile_edges,
)
from mlops_platform.record import Record
from mlops_platform.spec import DriftSpec

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.drift.profile import Numbers

SCORE_BINS = 20


class ColumnDrift(Record):
    """Jensen-Shannon distance of one column, nulls being a bin of their own."""

    column: str
    statistic: float
    null_share_reference: float
    null_share: float
    drifted: bool


class WindowDrift(Record):
    """Drift of one window; `prediction` is the distance of its scores from the held-out ones.

    Chance alone gives distances near `sqrt(0.18 * (bins - 1) * (1/rows + 1/reference_rows))`:
    0.03 for a numeric column of 6,000 rows, but 0.1 for one of 600.
    """

    rows: int
    columns: tuple[ColumnDrift, ...]
    share_of_columns: float
    prediction: float

    @property
    def most_drifted(self) -> tuple[ColumnDrift, ...]:
        """Columns by falling distance."""
        return tuple(sorted(self.columns, key=lambda one: (-one.statistic, one.column)))


def measure_drift(
    profile: Profile, rows: pa.Table, held_out_scores: Numbers, scores: Numbers, spec: DriftSpec
) -> WindowDrift:
    """Compare a window with the reference.

    Args:
        profile: of the rows the champion was fitted on.
        rows: the window with at least the columns of the profile.
        held_out_scores: champion's predictions for the reference's held-out rows, shape (n,).
        scores: champion's predictions for the window, shape (rows,).

    Raises:
        DataError: the window is empty, or lacks columns of the profile.
    """
    missing = [one.column for one in profile.columns if one.column not in rows.column_names]
    if missing:
        raise DataError(
            f"The window lacks the champion's columns {missing}. Publish them again, or release a "
            "model that does not read them."
        )
    columns = tuple(_column_drift(one, profile.rows, rows, spec) for one in profile.columns)
    edges = quantile_edges(held_out_scores, SCORE_BINS)
    return WindowDrift(
        rows=rows.num_rows,
        columns=columns,
        share_of_columns=sum(one.drifted for one in columns) / len(columns),
        prediction=jensen_shannon(histogram(held_out_scores, edges), histogram(scores, edges)),
    )


def jensen_shannon(p_counts: Sequence[float], q_counts: Sequence[float]) -> float:
    """Jensen-Shannon distance of two histograms over the same bins, from 0 to 1.

    The square root of the divergence in bits (Lin 1991, "Divergence measures based on the Shannon
    entropy", IEEE Trans. Inf. Theory 37(1); a metric by Endres and Schindelin 2003, ibid. 49(7)).

    Raises:
        DataError: a histogram holds no row.
    """
    import numpy as np

    counts = np.asarray([p_counts, q_counts], dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    if not totals.all():
        raise DataError("Drift cannot be measured without rows; monitor a window that has some.")
    shares = counts[:, counts.any(axis=0)] / totals
    ratios = shares / shares.mean(axis=0)
    bits = shares * np.log2(ratios, out=np.zeros_like(ratios), where=ratios > 0)
    # Rounding can leave it a hair outside.
    return float(np.sqrt(np.clip(bits.sum(axis=1).mean(), 0.0, 1.0)))


def _column_drift(
    column: ColumnProfile, reference_rows: int, rows: pa.Table, spec: DriftSpec
) -> ColumnDrift:
    counts, nulls = counts_of(column, rows)
    statistic = jensen_shannon((*column.counts, column.nulls), (*counts, nulls))
    return ColumnDrift(
        column=column.column,
        statistic=statistic,
        null_share_reference=column.nulls / reference_rows,
        null_share=nulls / rows.num_rows,
        drifted=statistic >= spec.column_threshold,
    )
