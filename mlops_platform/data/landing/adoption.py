"""Files that somebody put into a day become deliveries: of older homes, and of other producers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from mlops_platform.data.digest import table_digest
from mlops_platform.data.landing.deliveries import (
    FIRST,
    PARTITION_COLUMN,
    RECORD_FILE,
    Delivery,
    delivery_folders,
    delivery_name,
)
from mlops_platform.data.landing.landed_table import read_state
from mlops_platform.data.landing.landing import LOCK, Arrival, LandedPartition, land_day
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.files import new_directory, one_process_at_a_time, write_text


def adopt_files(landing_root: Path, now: datetime) -> list[LandedPartition]:
    """Make deliveries of all files that lie in a day's folder and belong to none.

    What a day has first is taken to have arrived when it was written; what comes later, now.

    Raises:
        DataError: a file is no Parquet, or a day has landed and nobody says what identifies a fact.
    """
    return [
        _adopt(landing_root, folder, files, now)
        for folder, files in list(_days_with_files(landing_root))
    ]


def _days_with_files(landing_root: Path) -> Iterator[tuple[Path, list[Path]]]:
    for folder in sorted(landing_root.glob(f"*/{PARTITION_COLUMN}=*")):
        files = sorted(folder.glob("[!.]*.parquet"))
        if files:
            yield folder, files


def _adopt(landing_root: Path, folder: Path, files: list[Path], now: datetime) -> LandedPartition:
    import pyarrow as pa

    table, day = folder.parent.name, _day_of(folder)
    rows = pa.concat_tables([in_canonical_types(read_parquet(file)) for file in files])
    if not delivery_folders(folder):
        with one_process_at_a_time(folder.parent / LOCK):
            landed = _adopt_first(table, day, folder, files, now)
    else:
        declared = read_state(folder.parent).declared
        if declared is None:
            raise DataError(
                f"{files[0]}: {table} of {day} has landed before, and nothing says what identifies "
                "a fact of it. Declare a landing with its `key`, or remove the file."
            )
        arrival = Arrival.begun(landing_root, table, [day], now)
        landed = land_day(landing_root, declared, day, rows, arrival)
    for file in files:
        file.unlink(missing_ok=True)
    return landed


def _adopt_first(
    table: str, day: date, folder: Path, files: list[Path], now: datetime
) -> LandedPartition:
    import pyarrow as pa

    written = datetime.fromtimestamp(max(file.stat().st_mtime for file in files), UTC)
    moment = min(written, now)
    tables = [read_parquet(file) for file in files]
    digest = table_digest(pa.concat_tables([in_canonical_types(rows) for rows in tables]))
    rows = sum(content.num_rows for content in tables)
    record = Delivery(
        table=table,
        day=day,
        delivered_at=moment,
        meaning=None,
        rows=rows,
        added=rows,
        facts=rows,
        digest=digest,
    )
    with new_directory(folder / delivery_name(moment)) as temporary:
        if len(files) == 1:
            (temporary / f"{FIRST}.parquet").hardlink_to(files[0])
        else:
            write_parquet(pa.concat_tables(tables), temporary / f"{FIRST}.parquet")
        write_text(temporary / RECORD_FILE, record.to_stored())
    return LandedPartition(
        table=table,
        day=day,
        rows=rows,
        digest=digest,
        changed=True,
        delivered_at=moment,
        rows_added=rows,
    )


def _day_of(folder: Path) -> date:
    try:
        return date.fromisoformat(folder.name.removeprefix(f"{PARTITION_COLUMN}="))
    except ValueError as error:
        raise DataError(
            f"{folder} is no day. Name the folder {PARTITION_COLUMN}=YYYY-MM-DD, or move it away."
        ) from error
