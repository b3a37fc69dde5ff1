"""What tests land, and where it is then."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from mlops_platform.data.landing.deliveries import (
    FIRST,
    RECORD_FILE,
    Delivery,
    day_folder,
    delivery_folders,
    delivery_name,
)
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, LandedPartition, land_day
from mlops_platform.data.parquet import write_parquet
from mlops_platform.files import write_text

NOON = datetime(2024, 4, 1, 12, tzinfo=UTC)


def landed(
    root: Path,
    table: LandedTable | str,
    day: date,
    rows: pa.Table,
    at: datetime = NOON,
    *,
    retract: bool = False,
) -> LandedPartition:
    """Deliver one day; of a table that only has a name, by its column `id`."""
    declared = LandedTable(table=table, key=("id",)) if isinstance(table, str) else table
    arrival = Arrival.begun(root, declared.table, [day], at, retract=retract)
    return land_day(root, declared, day, rows, arrival)


def delivery_files(root: Path, table: str, day: date) -> list[list[str]]:
    """Names of the Parquet files of every delivery of a day."""
    return [
        sorted(file.name for file in folder.glob("*.parquet"))
        for folder in delivery_folders(day_folder(root, table, day))
    ]


def first_file(root: Path, table: str, day: date | str) -> Path:
    """The file of what a day has first."""
    of_day = date.fromisoformat(day) if isinstance(day, str) else day
    return delivery_folders(day_folder(root, table, of_day))[0] / f"{FIRST}.parquet"


def put_day(root: Path, table: str, day: date, rows: pa.Table | None = None) -> Path:
    """Make a day that has landed, without landing it: only that it is there is told."""
    content = pa.table({"id": pa.array([], pa.string())}) if rows is None else rows
    folder = day_folder(root, table, day) / delivery_name(NOON)
    write_parquet(content, folder / f"{FIRST}.parquet")
    record = Delivery(
        table=table,
        day=day,
        delivered_at=NOON,
        meaning=None,
        rows=len(content),
        added=len(content),
        facts=len(content),
        digest="0" * 64,
    )
    write_text(folder / RECORD_FILE, record.to_stored())
    return folder / f"{FIRST}.parquet"


def begun(root: Path, table: str, days: Sequence[date], at: datetime = NOON) -> Arrival:
    """Some days begin to be read."""
    return Arrival.begun(root, table, days, at)


def minutes(number: float) -> datetime:
    """A moment so many minutes after noon."""
    return NOON + timedelta(minutes=number)


def table_of(**columns: Sequence[Any]) -> pa.Table:
    """A small table."""
    return pa.table({name: pa.array(values) for name, values in columns.items()})
