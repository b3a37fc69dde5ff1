"""The SQL of a landed table: its facts as versions, each with the time in which it was the newest.

Of a table whose days were delivered once this is a plain scan of their files. Later deliveries are
small, and known by their days: only those are looked at to find out what is superseded.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.deliveries import (
    ADDED,
    DELIVERY,
    FIRST,
    GONE,
    INTERNAL,
    PARTITION_COLUMN,
    delivery_folders,
    later_files,
    moment_in_sql,
)
from mlops_platform.data.landing.landed_table import (
    DECLARATION,
    KNOWN_AT,
    RESERVED,
    SUPERSEDED_AT,
    LandedTable,
    read_state,
)
from mlops_platform.data.parquet_files import FILE, escaped
from mlops_platform.errors import DataError

ALWAYS: Final = "TIMESTAMPTZ '1900-01-01 00:00:00+00'"
"""From when on a fact was known whose source does not say, and which came with its day."""
DAY: Final = identifier(PARTITION_COLUMN)
KIND, KNOWN, ENDED = (f"{INTERNAL}{name}" for name in ("kind", "known", "ended"))
_OURS = ", ".join(map(literal, (*RESERVED, KNOWN_AT, KIND, KNOWN, ENDED)))
CONTENT: Final = f"COLUMNS(lambda name: lower(name) NOT IN ({_OURS}))"
"""The columns that landed."""


def versions_sql(folder: Path) -> str:
    """Write the SQL of the versions of a table, from its landing folder.

    Columns: those that landed (`known_at` as the deliveries have it), `day`, `delivered_at`,
    `known_at` and `superseded_at` (NULL for the present ones). As with any Parquet files, the
    columns are those of the first one.

    Raises:
        DataError: what is kept of the table was damaged.
    """
    state = read_state(folder)
    if state.declared is None:
        _refuse_forgotten_deliveries(folder)
    schema_file = _first_file(folder)
    said = _said_known_at(schema_file, state.declared)
    first = _rows([f"{escaped(folder)}/{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"])
    files = [
        file
        for day in state.redelivered
        for _, file in later_files(
            delivery_folders(folder / f"{PARTITION_COLUMN}={day.isoformat()}")
        )
    ]
    if not files or state.declared is None or schema_file is None:
        return (
            f"SELECT {CONTENT}, {DAY}, delivered_at, {said or ALWAYS} AS {KNOWN_AT}, "
            f"NULL::TIMESTAMPTZ AS {SUPERSEDED_AT} FROM ({first})"
        )
    # The first file gives all their columns, so that these are the same in both.
    later = f"FROM ({_rows([escaped(file) for file in (schema_file, *files)])})"
    return _corrected(state.declared, first, f"{later} WHERE {KIND} <> '{FIRST}'", said)


def _corrected(table: LandedTable, first: str, later: str, said: str | None) -> str:
    """Write the SQL of first deliveries and of what later ones made of them."""
    key = ", ".join((DAY, *map(identifier, table.key)))
    # What is gone is known to be so on arrival; a new value when both are so, and an addition is
    # believed to have been known when its source says.
    event = (
        f"SELECT *, CASE {KIND} WHEN '{ADDED}' THEN coalesce({said or 'NULL'}, delivered_at) "
        f"WHEN '{GONE}' THEN delivered_at ELSE greatest({said or 'NULL'}, delivered_at) END "
        f"AS {KNOWN} FROM ({later})"
    )
    ended = (
        f"SELECT {key}, min({KNOWN}) AS {ENDED} FROM ({event}) WHERE {KIND} <> '{ADDED}' "
        "GROUP BY ALL"
    )
    following = (
        f"SELECT *, min({KNOWN}) OVER (PARTITION BY {key} ORDER BY delivered_at "
        f"ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS {ENDED} FROM ({event})"
    )
    return (
        f"SELECT * FROM (SELECT {CONTENT}, {DAY}, delivered_at, {said or ALWAYS} AS {KNOWN_AT}, "
        f"{ENDED} AS {SUPERSEDED_AT} FROM ({first}) LEFT JOIN ({ended}) USING ({key}) "
        f"UNION ALL BY NAME SELECT {CONTENT}, {DAY}, delivered_at, {KNOWN} AS {KNOWN_AT}, "
        f"{ENDED} AS {SUPERSEDED_AT} FROM ({following}) WHERE {KIND} <> '{GONE}') "
        # What was replaced before it was known was never known.
        f"WHERE {SUPERSEDED_AT} IS NULL OR {SUPERSEDED_AT} > {KNOWN_AT}"
    )


def _rows(patterns: Sequence[str]) -> str:
    """Write the SQL of the rows of files, with their day, arrival and kind."""
    listed = ", ".join(map(literal, patterns))
    day = f"regexp_extract({FILE}, {literal(f'/{PARTITION_COLUMN}=([^/]*)/[^/]*/[^/]*$')}, 1)"
    # Such columns of a file, of a producer that is not ours, count for nothing.
    ours = ", ".join(map(literal, (FILE, *RESERVED)))
    return (
        f"SELECT COLUMNS(lambda name: lower(name) NOT IN ({ours})), CAST({day} AS DATE) AS {DAY}, "
        f"{moment_in_sql(FILE)} AS delivered_at, "
        f"regexp_extract({FILE}, '/([^/]*)[.]parquet$', 1) AS {KIND} "
        f"FROM read_parquet([{listed}], hive_partitioning = false, filename = {literal(FILE)})"
    )


def _said_known_at(schema_file: Path | None, table: LandedTable | None) -> str | None:
    """Write the SQL of the moment that the source says, None where it says nothing."""
    if table is not None and table.known_at is not None:
        return f"CAST({identifier(table.known_at)} AS TIMESTAMPTZ)"
    from pyarrow import parquet

    has_moments = schema_file is not None and KNOWN_AT in parquet.read_schema(schema_file).names
    return f"CAST({KNOWN_AT} AS TIMESTAMPTZ)" if has_moments else None


def _first_file(folder: Path) -> Path | None:
    """The first file of a pattern's, as DuckDB sorts them."""
    days = sorted(folder.glob(f"{PARTITION_COLUMN}=*"))
    files = (delivery / f"{FIRST}.parquet" for day in days for delivery in delivery_folders(day))
    return next((file for file in files if file.is_file()), None)


def _refuse_forgotten_deliveries(folder: Path) -> None:
    """Without what is kept beside the days, nobody knows what identifies a fact."""
    for day in folder.glob(f"{PARTITION_COLUMN}=*"):
        later = later_files(delivery_folders(day))
        if later:
            raise DataError(
                f"{folder / DECLARATION} is missing, and {day.name} was delivered again "
                f"({later[0][1]}). Restore it from a backup; it says what identifies a fact."
            )
