"""What became of predicted rows without event time: labels that landed on their day or later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.labels import label_columns
from mlops_platform.data.features.landed.rows import open_newest
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.data.predicted_columns import weight_of_rows
from mlops_platform.spec import ModelSpec, ShareSplitSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

GROUP: Final = "group"
"""Column with the group of a row, where rows are split by group."""


def read_landed_outcomes(
    spec: ModelSpec, published_root: Path, predictions: Sequence[Path], as_of: datetime
) -> pa.Table:
    """As `read_outcomes`, of rows whose label lands on whatever day.

    A label that had landed before the day of the row is known and no outcome of it: nobody had to
    predict it. Where rows are split by group, `GROUP` is theirs.
    """
    features, label = spec.features, spec.label
    entity, day = identifier(features.entity), identifier(features.partition)
    moment, known_at = identifier(features.moment_column), identifier(label.known_at_column)
    outputs = ", ".join(f"predicted.{identifier(output.name)}" for output in spec.task.outputs)
    files = parquet_files(predictions, union_by_name=True)
    with private_duckdb() as connection:
        weight = weight_of_rows(connection, files)
        columns = label_columns(connection, published_root, spec, as_of)
        group, groups = _groups(connection, published_root, spec)
        return connection.sql(
            f"WITH known AS (SELECT labels.{entity}, labels.{day} AS landed_on, {columns} "
            "FROM labels) "
            f"SELECT CAST(predicted.{moment} AS TIMESTAMPTZ) AS event_time, "
            f"CAST(predicted.{day} AS DATE) AS day, {outputs}{weight}, "
            f"CASE WHEN known.landed_on >= CAST(predicted.{day} AS DATE) "
            f"THEN known.{identifier(label.column)} END AS label, "
            f"known.{known_at} + to_days($delay) AS known_at{group} "
            f"FROM {files} AS predicted "
            f"LEFT JOIN known ON known.{entity} = predicted.{entity}{groups} "
            f"ORDER BY predicted.{moment}, predicted.{entity}",
            params={"delay": label.reporting_delay_days},
        ).to_arrow_table()


def _groups(
    connection: duckdb.DuckDBPyConnection, published_root: Path, spec: ModelSpec
) -> tuple[str, str]:
    """The SQL of the group of a row, and of what it is joined from; of none where there is none."""
    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec) or split.group is None:
        return "", ""
    open_newest(connection, published_root, spec)
    entity = identifier(spec.features.entity)
    return (
        f", CAST(features.{identifier(split.group)} AS VARCHAR) AS {identifier(GROUP)}",
        f" LEFT JOIN features ON features.{entity} = predicted.{entity}",
    )
