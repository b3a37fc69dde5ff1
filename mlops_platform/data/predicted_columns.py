"""Predictions as columns of an Arrow table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.tasks import Output, Predictions
from mlops_platform.tasks.weights import relative_weights

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


def predictions_in(
    rows: pa.Table, outputs: Sequence[Output], weight: str | None = None
) -> Predictions:
    """The predictions that a table holds, one column for each output.

    Args:
        weight: column with the weights of the rows; where the table lacks it they have none.
    """
    predictions = Predictions({output.name: rows[output.name].to_numpy() for output in outputs})
    if weight not in rows.column_names:
        return predictions
    return predictions.weighted(relative_weights(rows[weight].to_numpy()))


def weight_of_rows(connection: duckdb.DuckDBPyConnection, predicted: str) -> str:
    """Write the SQL of the weight of predicted rows, after a comma; of none where they have none.

    Args:
        predicted: source of the rows, which the query calls `predicted`.
    """
    if SAMPLE_WEIGHT not in connection.sql(f"FROM {predicted}").columns:
        return ""
    return f", CAST(predicted.{identifier(SAMPLE_WEIGHT)} AS DOUBLE) AS {SAMPLE_WEIGHT}"


def own_column(output: str) -> str:
    """The column of a watched output as the version's own constants make it.

    Where constants follow the outcomes, drift is measured on it: an adjustment is no drift.
    """
    return f"own_{output}"


def columns_of(predictions: Predictions) -> Mapping[str, pa.Array]:
    """Predictions by name, as they are stored."""
    import pyarrow as pa

    return {name: pa.array(column) for name, column in predictions.columns.items()}
