"""The contract of a landed table: its columns and their types, as they have landed."""

from __future__ import annotations

from pathlib import Path

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.deliveries import FIRST, PARTITION_COLUMN, delivery_folders
from mlops_platform.data.parquet_files import parquet_files


def landed_types(table_folder: Path) -> dict[str, str]:
    """The columns of a table and their DuckDB types; none before its first landing."""
    days = sorted(table_folder.glob(f"{PARTITION_COLUMN}=*"))
    files = (delivery / f"{FIRST}.parquet" for day in days for delivery in delivery_folders(day))
    first = next((file for file in files if file.is_file()), None)
    if first is None:
        return {}
    with private_duckdb() as connection:
        described = connection.execute(f"DESCRIBE FROM {parquet_files([first])}").fetchall()
    return {name: kind for name, kind, *_ in described if kind != '"NULL"'}
