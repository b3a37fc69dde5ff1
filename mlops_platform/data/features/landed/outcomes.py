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


def beside_column(name: str) -> str:
    """The column of outcomes that holds one of the feature table."""
    return f"beside_{name}"


def beside_sql(names: Sequence[str]) -> str:
    """The SQL that selects columns of the view `features` as such."""
    return "".join(
        f", features.{identifier(name)} AS {identifier(beside_column(name))}" for name in names
    )


def read_landed_outcomes(
    spec: ModelSpec,
    published_root: Path,
    predictions: Sequence[Path],
    as_of: datetime,
    beside: Sequence[str] = (),
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
        group, joined = _groups(connection, published_root, spec, beside)
        return connection.sql(
            f"WITH known AS (SELECT labels.{entity}, labels.{day} AS landed_on, {columns} "
            "FROM labels) "
            f"SELECT CAST(predicted.{moment} AS TIMESTAMPTZ) AS event_time, "
            f"CAST(predicted.{day} AS DATE) AS day, {outputs}{weight}, "
            f"CASE WHEN known.landed_on >= CAST(predicted.{day} AS DATE) "
            f"THEN known.{identifier(label.column)} END AS label, "
            f"known.{known_at} + to_days($delay) AS known_at{group}{beside_sql(beside)} "
            f"FROM {files} AS predicted "
            f"LEFT JOIN known ON known.{entity} = predicted.{entity}{joined} "
            f"ORDER BY predicted.{moment}, predicted.{entity}",
            params={"delay": label.reporting_delay_days},
        ).to_arrow_table()


def _groups(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    beside: Sequence[str],
) -> tuple[str, str]:
    """The SQL of the group of a row, and of what it is joined from; of none where there is none."""
    split = spec.training.history.split
    group = split.group if isinstance(split, ShareSplitSpec) else None
    if group is None and not beside:
        return "", ""
    open_newest(connection, published_root, spec)
    entity = identifier(spec.features.entity)
    return (
        _group_sql(group) if group else "",
        f" LEFT JOIN features ON features.{entity} = predicted.{entity}",
    )


def _group_sql(group: str) -> str:
    return f", CAST(features.{identifier(group)} AS VARCHAR) AS {identifier(GROUP)}"
