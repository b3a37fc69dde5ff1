"""Landing: immutable Parquet, one file per table and day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.digest import table_digest
from mlops_platform.data.landing.days import rows_by_day
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.record import Record

if TYPE_CHECKING:
    import pyarrow as pa


PARTITION_COLUMN = "day"


class LandedPartition(Record):
    """One day of one table in the landing zone; `changed` says whether this call wrote it."""

    table: str
    day: date
    rows: int
    digest: str
    changed: bool


def partition_file(landing_root: Path, table: str, day: date) -> Path:
    """Where the rows of one table and day are landed."""
    return landing_root / table / f"{PARTITION_COLUMN}={day.isoformat()}" / "data.parquet"


def landed_rows(landing_root: Path, table: str, day: date) -> int:
    """Rows that are landed of one table and day; none where it was never landed."""
    from pyarrow import parquet

    file = partition_file(landing_root, table, day)
    return int(parquet.read_metadata(file).num_rows) if file.is_file() else 0


def land_partition(
    landing_root: Path, table: str, day: date, rows: pa.Table, order_by: Sequence[str]
) -> LandedPartition:
    """Land the rows of one day, atomically; landing the same facts again changes nothing.

    Args:
        rows: Arrow table in any order, possibly empty; its schema is what is landed.
        order_by: columns that together identify a row.

    Raises:
        DataError: the key is missing or not unique, or the day was landed with other content.
    """
    ordered = _ordered_by_key(in_canonical_types(rows), table, day, order_by)
    path, digest = partition_file(landing_root, table, day), table_digest(ordered)
    landed = path.exists()
    if landed and table_digest(read_parquet(path)) != digest:
        raise DataError(
            f"{table} of {day} was landed before with other content, and landed facts are "
            "immutable. Land a correction as a new fact with its own known_at, or, if the old "
            f"facts must really go, delete {path.parent} on purpose and land the day again."
        )
    if not landed:
        write_parquet(ordered, path)
    return LandedPartition(
        table=table, day=day, rows=ordered.num_rows, digest=digest, changed=not landed
    )


def land_days(
    landing_root: Path,
    table: str,
    days: Sequence[date],
    rows: pa.Table,
    order_by: Sequence[str],
) -> list[LandedPartition]:
    """Land every one of `days` from rows that are sorted by a `day` column, which is not landed.

    A day without rows is landed as an empty file, which says that there was nothing.
    """
    by_day = rows_by_day(rows, PARTITION_COLUMN)
    nothing = rows.drop_columns([PARTITION_COLUMN]).slice(0, 0)
    return [
        land_partition(landing_root, table, day, by_day.get(day, nothing), order_by) for day in days
    ]


def _ordered_by_key(rows: pa.Table, table: str, day: date, order_by: Sequence[str]) -> pa.Table:
    missing = [column for column in order_by if column not in rows.column_names]
    if missing or not order_by:
        raise DataError(
            f"order_by={list(order_by)} of {table} names no key: choose from {rows.column_names}."
        )
    keys = rows.select(list(order_by))
    repeated = rows.num_rows - keys.group_by(list(order_by)).aggregate([]).num_rows
    if repeated:
        raise DataError(
            f"{table} of {day} has {repeated} rows whose {list(order_by)} repeats that of another "
            "row. Name in `order_by` columns that identify a row, or remove the duplicates at the "
            "source."
        )
    return rows.sort_by([(column, "ascending") for column in order_by])
