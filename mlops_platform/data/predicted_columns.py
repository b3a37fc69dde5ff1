"""Predictions as columns of an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_platform.tasks import Output, Predictions

if TYPE_CHECKING:
    import pyarrow as pa


def predictions_in(rows: pa.Table, outputs: Sequence[Output]) -> Predictions:
    """The predictions that a table holds, one column for each output."""
    return Predictions({output.name: rows[output.name].to_numpy() for output in outputs})


def own_column(output: str) -> str:
    """The column of a watched output as the version's own constants make it.

    Where constants follow the outcomes, drift is measured on it: an adjustment is no drift.
    """
    return f"own_{output}"


def columns_of(predictions: Predictions) -> Mapping[str, pa.Array]:
    """Predictions by name, as they are stored."""
    import pyarrow as pa

    return {name: pa.array(column) for name, column in predictions.columns.items()}
