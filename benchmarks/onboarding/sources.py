"""What somebody starts with: a file or a database, what they say of it, and later rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from benchmarks.onboarding.tables import TABLES

NEW_ROWS: Final = 1000
BATCH: Final = 50_000


@dataclass(frozen=True)
class Start:
    """A table of somebody's own.

    Args:
        shape: what is particular about it.
        table: of `TABLES`.
        kind: ending of its file; `db` is a table of SQLite.
        said: by the flags of `mlops init`.
    """

    shape: str
    table: str
    kind: str
    said: Mapping[str, str]

    def write(self, folder: Path, rows: int) -> tuple[str, Path]:
        """Make it, and rows that come later; what `--data` says, and the file of the latter."""
        table = TABLES[self.table](
            rows + NEW_ROWS, np.random.default_rng(crc32(self.shape.encode()))
        )
        known, new = table.slice(0, rows), table.slice(rows)
        file, later = folder / f"{self.table}.{self.kind}", folder / f"new_{self.table}"
        if self.kind == "csv":
            pc.write_csv(known, file)
        elif self.kind == "parquet":
            pq.write_table(known, file)
        else:
            _write_sqlite(known, file, self.table)
        if self.kind == "csv":
            pc.write_csv(new, later.with_suffix(".csv"))
            return str(file), later.with_suffix(".csv")
        pq.write_table(new, later.with_suffix(".parquet"))
        address = f"sqlite:///{file}#{self.table}" if self.kind == "db" else str(file)
        return address, later.with_suffix(".parquet")


FIVE: Final = (
    Start(
        "event time, an expression that is true or false",
        "deliveries",
        "csv",
        {
            "--name": "late_parcels",
            "--label": "minutes_late > 15",
            "--time": "ordered_at",
            "--entity": "parcel",
            "--known-at": "arrived_at",
        },
    ),
    Start(
        "event time, an amount",
        "rides",
        "parquet",
        {
            "--name": "fares",
            "--label": "fare",
            "--time": "started_at",
            "--entity": "ride_id",
            "--known-at": "ended_at",
        },
    ),
    Start(
        "no event time",
        "customers",
        "csv",
        {
            "--name": "leavers",
            "--label": "left",
            "--time": "none",
            "--entity": "customer",
            "--known-at": "landing",
        },
    ),
    Start(
        "no key, rows that repeat",
        "readings",
        "csv",
        {
            "--name": "stops",
            "--label": "stopped",
            "--time": "measured_at",
            "--known-at": "measured_at + interval 1 hour",
        },
    ),
    Start(
        "a database, a key of two columns",
        "order_lines",
        "db",
        {
            "--name": "returns",
            "--label": "returned",
            "--time": "ordered_at",
            "--entity": "order_id,line",
            "--known-at": "decided_at",
        },
    ),
)
LARGE: Final = FIVE[0]


def _write_sqlite(table: pa.Table, file: Path, name: str) -> None:
    columns = ", ".join(f'"{field.name}" {_declared(field.type)}' for field in table.schema)
    places = ", ".join("?" * table.num_columns)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"CREATE TABLE {name} ({columns})")
        for batch in table.to_batches(BATCH):
            values = [
                column.cast(pa.string()) if pt.is_timestamp(column.type) else column
                for column in batch.columns
            ]
            rows = zip(*(column.to_pylist() for column in values), strict=True)
            connection.executemany(f"INSERT INTO {name} VALUES ({places})", rows)


def _declared(kind: pa.DataType) -> str:
    """How SQLite declares a type."""
    if pt.is_timestamp(kind):
        return "TIMESTAMP"
    if pt.is_boolean(kind):
        return "BOOLEAN"
    if pt.is_floating(kind):
        return "REAL"
    return "INTEGER" if pt.is_integer(kind) else "TEXT"
