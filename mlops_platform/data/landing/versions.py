"""The SQL of a landed table: its facts as versions, each with the time in which it was the newest.

Of a day that was delivered once this is a plain scan of its file; of the others, which are known by
their table, it is what their last delivery has written down.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.contract import first_files, landed_schemas
from mlops_platform.data.landing.day_versions import (
    ALWAYS,
    ARRIVED,
    ENDED,
    KNOWN,
    VERSIONS,
    said_known_at,
)
from mlops_platform.data.landing.deliveries import (
    DELIVERY,
    FIRST,
    PARTITION_COLUMN,
    day_in_sql,
    delivery_folders,
    later_files,
    moment_in_sql,
)
from mlops_platform.data.landing.landed_table import (
    DECLARATION,
    KNOWN_AT,
    RESERVED,
    SUPERSEDED_AT,
    read_state,
)
from mlops_platform.data.landing.schema.layouts import ByName, Columns
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.parquet_files import FILE, escaped
from mlops_platform.errors import DataError

DAY: Final = identifier(PARTITION_COLUMN)
TAKEN: Final = (*RESERVED, KNOWN_AT)
CONTENT: Final = f"COLUMNS(lambda name: lower(name) NOT IN ({', '.join(map(literal, TAKEN))}))"
"""The columns that landed."""
PLACED: Final = (f"{day_in_sql(FILE)} AS {DAY}", f"{moment_in_sql(FILE)} AS delivered_at")
"""The day and the arrival of a row, by its file."""


def versions_sql(folder: Path) -> str:
    """Write the SQL of the versions of a table, from its landing folder.

    Columns: those of the contract (`known_at` as the deliveries have it), in its types, whatever
    they were when a day landed; `day`, `delivered_at`, `known_at` and `superseded_at` (NULL for the
    present ones).

    Raises:
        DataError: what is kept of the table was damaged, or a delivery lacks its versions.
    """
    state, schemas = read_state(folder), landed_schemas(folder)
    if state.declared is None:
        _refuse_forgotten_deliveries(folder)
    by_name, has_moved = ByName.last_of(schemas), len(schemas) > 1
    said = said_known_at(state.declared, list(by_name.columns))
    first = (
        _of_layouts(by_name, first_files(folder), {})
        if has_moved
        else _of_one_layout([_every_first(folder)])
    )
    once = (
        f"SELECT {CONTENT}, {DAY}, delivered_at, {said or ALWAYS} AS {KNOWN_AT}, "
        f"NULL::TIMESTAMPTZ AS {SUPERSEDED_AT} FROM ({first})"
    )
    files = _files_of_versions(folder, state.redelivered)
    if not files:
        return once
    content = ", ".join(identifier(name) for name in by_name.columns if name.lower() not in TAKEN)
    ours = dict.fromkeys((KNOWN, ENDED, ARRIVED), MOMENT)
    again = (
        _of_layouts(by_name, list(files.values()), ours)
        if has_moved
        else _of_one_layout(list(map(escaped, files.values())))
    )
    days = ", ".join(f"DATE '{day}'" for day in files)
    return (
        f"SELECT {content}, {DAY}, delivered_at, {KNOWN_AT}, {SUPERSEDED_AT} FROM ({once}) "
        f"WHERE {DAY} NOT IN ({days}) UNION ALL SELECT {content}, {DAY}, "
        f"{ARRIVED} AS delivered_at, {KNOWN} AS {KNOWN_AT}, {ENDED} AS {SUPERSEDED_AT} "
        f"FROM ({again})"
    )


def _files_of_versions(folder: Path, redelivered: Sequence[date]) -> dict[date, Path]:
    """By day the versions that the last delivery wrote, of days with more than one."""
    files = {}
    for day in redelivered:
        of_day = folder / f"{PARTITION_COLUMN}={day.isoformat()}"
        deliveries = delivery_folders(of_day)
        if deliveries and not (deliveries[0] / f"{FIRST}.parquet").is_file():
            raise DataError(
                f"{of_day} has lost its first delivery, which had all of its rows: what is left of "
                "it is no day. Restore it from a backup; or remove the folder and land it anew."
            )
        if len(deliveries) > 1:
            files[day] = file = deliveries[-1] / f"{VERSIONS}.parquet"
            if not file.is_file():
                raise DataError(f"{file} is missing. Restore {deliveries[-1]} from a backup.")
    return files


def _of_layouts(by_name: ByName, files: Sequence[Path], added: Columns) -> str:
    """Write the SQL of the rows of files that have landed with several schemas."""
    columns = {name: kind for name, kind in by_name.columns.items() if name.lower() not in RESERVED}
    return by_name.with_columns({**columns, **added}).files(files, *PLACED)


def _of_one_layout(patterns: Sequence[str]) -> str:
    """Write the SQL of the rows of files of one schema: nobody needs to look at each of them."""
    listed = ", ".join(map(literal, patterns))
    # Such columns of a file, of a producer that is not ours, count for nothing.
    ours = ", ".join(map(literal, (FILE, *RESERVED)))
    return (
        f"SELECT COLUMNS(lambda name: lower(name) NOT IN ({ours})), {', '.join(PLACED)} "
        f"FROM read_parquet([{listed}], hive_partitioning = false, filename = {literal(FILE)})"
    )


def _every_first(folder: Path) -> str:
    return f"{escaped(folder)}/{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"


def _refuse_forgotten_deliveries(folder: Path) -> None:
    """Without what is kept beside the days, nobody knows what identifies a fact."""
    for day in folder.glob(f"{PARTITION_COLUMN}=*"):
        later = later_files(delivery_folders(day))
        if later:
            raise DataError(
                f"{folder / DECLARATION} is missing, and {day.name} was delivered again "
                f"({later[0][1]}). Restore it from a backup; it says what identifies a fact."
            )
