"""Reading one table of the warehouse, shortly and read-only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import WAREHOUSE, identifier, open_engine
from mlops_platform.data.landing.days import rows_by_day
from mlops_platform.errors import WAREHOUSE_IS_LOCKED, DataError, LockedError
from mlops_platform.record import Record

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


BATCH_ROWS: Final = 65_536


class PartitionState(Record):
    """Rows and content digest of one partition."""

    rows: int
    digest: str


@dataclass(frozen=True)
class WarehouseTable:
    """One open table of the warehouse; `order_by` identifies a row within a partition."""

    connection: duckdb.DuckDBPyConnection
    relation: str
    columns: tuple[tuple[str, str], ...]
    partition_column: str
    order_by: tuple[str, ...]

    def partitions(self) -> dict[date, PartitionState]:
        """State of every partition.

        The digest covers the schema, the number of rows and two sums of independent 64-bit row
        hashes; the order of rows does not matter. Another version of DuckDB may hash differently:
        then every partition counts as changed, once.

        Raises:
            DataError: there are rows without a partition.
        """
        day = identifier(self.partition_column)
        row = ", ".join(identifier(name) for name, _ in self.columns)
        groups = self.connection.execute(
            f"SELECT {day}, count(*), sum(hash({row})::HUGEINT), sum(hash('2', {row})::HUGEINT) "
            f"FROM {self.relation} GROUP BY {day} ORDER BY {day} NULLS FIRST"
        ).fetchall()
        if groups and groups[0][0] is None:
            raise DataError(
                f"{groups[0][1]} rows of {self.relation} have no {self.partition_column}, so they "
                "cannot be published. Fill it in the dbt model, or leave those rows out there."
            )
        return {
            partition: PartitionState(rows=rows, digest=self._digest(rows, *sums))
            for partition, rows, *sums in groups
        }

    def rows(self, days: Sequence[date]) -> Iterator[tuple[date, pa.Table]]:
        """Rows of some partitions, ordered by partition and key, some of one partition at a time.

        They come without the partition's column.
        """
        import pyarrow as pa

        day, *key = (identifier(name) for name in (self.partition_column, *self.order_by))
        batches = self.connection.sql(
            f"FROM {self.relation} WHERE {day} IN $days ORDER BY {', '.join((day, *key))}",
            params={"days": list(days)},
        ).to_arrow_reader(BATCH_ROWS)
        for batch in batches:
            yield from rows_by_day(pa.Table.from_batches([batch]), self.partition_column).items()

    def _digest(self, *numbers: int) -> str:
        content = json.dumps([self.columns, [str(number) for number in numbers]])
        return hashlib.sha256(content.encode()).hexdigest()


def build_lock(warehouse: Path) -> Path:
    """The file that whoever builds and publishes locks, and who copies both.

    DuckDB's own lock does not do: it is gone as soon as the process closes the file once more.
    """
    return warehouse.with_name(".build.lock")


def require_readable(warehouse: Path) -> None:
    """Open a warehouse, or a copy of one, and look at its tables.

    Raises:
        LockedError: a writer has the file open.
        DataError: it is damaged.
    """
    import duckdb

    try:
        with open_engine(WAREHOUSE, warehouse) as connection:
            connection.execute("SHOW ALL TABLES").fetchall()
    except duckdb.Error as error:
        if WAREHOUSE_IS_LOCKED in str(error):
            raise LockedError(f"warehouse {warehouse} is being written: {error}.") from error
        raise DataError(f"warehouse {warehouse} is damaged: {error}. Copy it again.") from error


def warehouse_tables(warehouse: Path) -> set[tuple[str, str]]:
    """Schema and name of every table; none where there is no file yet.

    Raises:
        LockedError: a writer has the file open.
    """
    if not warehouse.is_file():
        return set()
    with opened_warehouse(warehouse) as connection:
        rows = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
    return set(rows)


@contextmanager
def warehouse_table(
    warehouse: Path, schema: str, table: str, partition_column: str, order_by: Sequence[str]
) -> Iterator[WarehouseTable]:
    """Open one table of the warehouse's DuckDB file.

    Raises:
        DataError: the file or the table is missing, a writer has the file open, or the table
            lacks a column.
    """
    if not warehouse.is_file():
        raise DataError(f"warehouse {warehouse} does not exist. Build the dbt models first.")
    relation = f"{identifier(schema)}.{identifier(table)}"
    with opened_warehouse(warehouse) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        columns = _columns(connection, relation)
        _refuse_unusable(relation, columns, partition_column, order_by)
        yield WarehouseTable(
            connection, relation, tuple(columns.items()), partition_column, tuple(order_by)
        )


def opened_warehouse(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """Open the warehouse's DuckDB file for reading.

    While one connection is open, others of this process share its engine: to start one for each
    takes 20 ms.

    Raises:
        LockedError: a writer has the file open.
        DataError: the file is no database.
    """
    import duckdb

    try:
        return open_engine(WAREHOUSE, warehouse)
    except duckdb.Error as error:
        kind = LockedError if WAREHOUSE_IS_LOCKED in str(error) else DataError
        raise kind(
            f"warehouse {warehouse} cannot be opened for reading ({error}). Wait until dbt has "
            "finished: one process at a time builds or publishes."
        ) from error


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    import duckdb

    try:
        described = connection.execute(f"DESCRIBE {relation}").fetchall()
    except duckdb.CatalogException as error:
        raise DataError(
            f"the warehouse has no table {relation}. Build its dbt model, or correct the name."
        ) from error
    return {name: kind for name, kind, *_ in described}


def _refuse_unusable(
    relation: str, columns: Mapping[str, str], partition_column: str, order_by: Sequence[str]
) -> None:
    lacking = sorted({partition_column, *order_by} - columns.keys())
    if lacking:
        raise DataError(f"{relation} lacks the columns {lacking}. It has {list(columns)}.")
    if columns[partition_column] != "DATE":
        raise DataError(
            f"{relation} cannot be partitioned by {partition_column}: it is "
            f"{columns[partition_column]}. Cast it to DATE in the dbt model."
        )
