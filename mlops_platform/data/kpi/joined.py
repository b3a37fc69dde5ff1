"""Predicted rows with what is known of their KPI."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.column_kind import KINDS
from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.features.views import open_view, refuse_doubled_keys, select_columns
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.data.parquet_files import parquet_files
from mlops_platform.errors import DataError
from mlops_platform.spec import KpiSpec, ModelSpec

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

DAY, VERSION, DECISION, MEETS = "day", "version", "decision", "meets"


def read_kpi(
    spec: ModelSpec, kpi: KpiSpec, published_root: Path, predictions: Path, as_of: datetime
) -> pa.Table:
    """Predicted rows of a window with their KPI as it was known at a moment, by day and entity.

    Columns: day (the partition), version, decision (as text; NULL where the task decides nothing),
    meets (whether a row of the table is known of it), and one DOUBLE for each column of the KPI.

    Raises:
        DataError: the table or a column is missing or of the wrong type, a key is there twice, or a
            figure is NaN or infinite.
    """
    decision = spec.task.decision
    decided = "NULL::VARCHAR" if decision is None else _text(identifier(decision))
    entity, day = identifier(spec.features.entity), identifier(spec.features.partition)
    predicted = parquet_files([predictions])
    with private_duckdb() as connection:
        days = [
            found
            for (found,) in connection.execute(
                f"SELECT DISTINCT CAST({day} AS DATE) FROM {predicted}"
            ).fetchall()
        ]
        columns = _open_known(connection, spec, kpi, published_root, days, as_of)
        refuse_doubled_keys(connection, "known", kpi.table, spec.features)
        _refuse_no_numbers(connection, spec, kpi)
        return connection.sql(
            f"SELECT CAST(predicted.{day} AS DATE) AS {DAY}, predicted.{VERSION}, "
            f"{decided} AS {DECISION}, known.{entity} IS NOT NULL AS {MEETS}, {columns} "
            f"FROM {predicted} AS predicted LEFT JOIN known "
            f"ON known.{entity} = predicted.{entity} "
            f"AND known.{day} = CAST(predicted.{day} AS DATE) "
            f"ORDER BY predicted.{day}, predicted.{entity}"
        ).to_arrow_table()


def _text(column: str) -> str:
    return f"CAST(predicted.{column} AS VARCHAR)"


def _open_known(
    connection: duckdb.DuckDBPyConnection,
    spec: ModelSpec,
    kpi: KpiSpec,
    published_root: Path,
    days: Sequence[date],
    as_of: datetime,
) -> str:
    """Make the view `known` of what stood then; the SQL of its figures."""
    features, folder = spec.features, published_root / kpi.table
    types = open_view(connection, "versions", folder, features.partition, read_days=days)
    moments = [kpi.known_at, *({SUPERSEDED_AT} & types.keys())]
    keys = {features.entity: None, features.partition: "DATE"}
    select_columns("versions", kpi.table, {**keys, **dict.fromkeys(moments, "TIMESTAMPTZ")}, types)
    numbers = dict.fromkeys(kpi.columns, KINDS["numeric"])
    select_columns("versions", kpi.table, numbers, types)
    moment = f"TIMESTAMPTZ '{as_of.isoformat()}'"
    stands = f"{identifier(kpi.known_at)} <= {moment}"
    if SUPERSEDED_AT in types:
        stands += f" AND ({SUPERSEDED_AT} IS NULL OR {SUPERSEDED_AT} > {moment})"
    within = ", ".join(f"DATE '{day}'" for day in days)
    connection.execute(
        f"CREATE TEMP TABLE known AS FROM versions "
        f"WHERE {identifier(features.partition)} IN ({within}) AND {stands}"
    )
    return select_columns("known", kpi.table, numbers, types)


def _refuse_no_numbers(
    connection: duckdb.DuckDBPyConnection, spec: ModelSpec, kpi: KpiSpec
) -> None:
    entity = identifier(spec.features.entity)
    for column in kpi.columns:
        number = f"CAST({identifier(column)} AS DOUBLE)"
        spoilt = connection.execute(
            f"SELECT {entity}, {number} FROM known WHERE NOT isfinite({number}) LIMIT 1"
        ).fetchone()
        if spoilt is not None:
            raise DataError(
                f"{column} of {kpi.table} is {spoilt[1]} for {spec.features.entity} "
                f"{spoilt[0]!r}, which cannot be summed. Publish what is not known as NULL."
            )
