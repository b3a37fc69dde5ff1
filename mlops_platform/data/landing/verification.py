"""What is wrong with what has landed, without changing it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    GONE,
    PARTITION_COLUMN,
    day_folder,
    day_rows,
    delivery_folders,
    read_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.errors import DataError


def day_problem(landing_root: Path, table: str, day: date) -> str | None:
    """Why a landed day is not what its deliveries say that it is; None where it is."""
    folder = day_folder(landing_root, table, day)
    try:
        landed = read_state(folder.parent).declared or LandedTable(table=table, key=())
        for delivery in delivery_folders(folder)[1:]:
            _require_files(delivery)
        day_rows(landed, folder)
    except (DataError, OSError) as error:
        return str(error)
    return None


def foreign_files(landing_root: Path) -> list[Path]:
    """Files that somebody put into a day, and that are no delivery yet."""
    return sorted(landing_root.glob(f"*/{PARTITION_COLUMN}=*/[!.]*.parquet"))


def _require_files(delivery: Path) -> None:
    record = read_delivery(delivery)
    rows = {ADDED: record.added, CHANGED: record.changed, GONE: record.gone}
    missing = [kind for kind, count in rows.items() if count and not _file(delivery, kind)]
    if missing:
        raise DataError(f"{delivery} lacks the files of its rows that are {', '.join(missing)}")


def _file(delivery: Path, kind: str) -> bool:
    return (delivery / f"{kind}.parquet").is_file()
