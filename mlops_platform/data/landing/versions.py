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
    PARTITION_COLUMN,
    delivery_folders,
    later_files,
    moment_in_sql,
)
from mlops_platform.data.landing.landed_table import (
    KNOWN_AT,
    LandedTable,
    read_state,
)
from mlops_platform.data.parquet_files import FILE, escaped

ALWAYS: Final = "TIMESTAMPTZ '1900-01-01 00:00:00+00'"
"""From when on a fact was known whose source does not say, and which came with its day."""
SUPERSEDED_AT: Final = "superseded_at"
DAY = identifier(PARTITION_COLUMN)


def versions_sql(folder: Path) -> str:
    """Write the SQL of the versions of a table, from its landing folder.

    Columns: those that landed (`known_at` as the deliveries have it), `day`, `delivered_at`,
    `known_at` and `superseded_at` (NULL for the present ones).

    Raises:
        DataError: what is kept of the table was damaged.
    """
    state = read_state(folder)
    declared = _declared_known_at(folder, state.declared)
    first = _rows([f"{escaped(folder)}/{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"])
    files = later_files(
        [
            delivery
            for day in state.redelivered
            for delivery in delivery_folders(folder / f"{PARTITION_COLUMN}={day.isoformat()}")
        ]
    )
    if not files or state.declared is None:
        return (
            f"SELECT {_content('rows')}, {DAY}, delivered_at, {declared or ALWAYS} AS {KNOWN_AT}, "
            f"NULL::TIMESTAMPTZ AS {SUPERSEDED_AT} FROM ({first}) AS rows"
        )
    return _corrected(state.declared, first, _rows([escaped(file) for _, file in files]), declared)


def _corrected(table: LandedTable, first: str, later: str, declared: str | None) -> str:
    """Write the SQL of first deliveries and of what later ones made of them."""
    key = ", ".join((DAY, *map(identifier, table.key)))
    # What is gone is known to be so on arrival; a new value when both are so, and an addition is
    # believed to have been known when its source says.
    said = declared or "delivered_at"
    event = (
        f"SELECT *, CASE kind WHEN '{ADDED}' THEN {said} WHEN '{GONE}' THEN delivered_at "
        f"ELSE greatest({said}, delivered_at) END AS _known_at FROM ({later}) AS rows"
    )
    ended = (
        f"SELECT {key}, min(_known_at) AS _ended_at FROM ({event}) WHERE kind <> '{ADDED}' "
        "GROUP BY ALL"
    )
    following = (
        f"SELECT *, min(_known_at) OVER (PARTITION BY {key} ORDER BY delivered_at "
        f"ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS _ended_at FROM ({event})"
    )
    return (
        f"SELECT * FROM (SELECT {_content('rows')}, rows.{DAY}, delivered_at, "
        f"{declared or ALWAYS} AS {KNOWN_AT}, _ended_at AS {SUPERSEDED_AT} "
        f"FROM ({first}) AS rows LEFT JOIN ({ended}) USING ({key}) "
        f"UNION ALL SELECT {_content('rows')}, rows.{DAY}, delivered_at, _known_at, _ended_at "
        f"FROM ({following}) AS rows WHERE kind <> '{GONE}') "
        # What was replaced before it was known was never known.
        f"WHERE {SUPERSEDED_AT} IS NULL OR {SUPERSEDED_AT} > {KNOWN_AT}"
    )


def _rows(patterns: Sequence[str]) -> str:
    """Write the SQL of the rows of files, with their day, arrival and kind."""
    listed = ", ".join(map(literal, patterns))
    day = f"regexp_extract({FILE}, {literal(f'/{PARTITION_COLUMN}=([^/]*)/[^/]*/[^/]*$')}, 1)"
    added = ", ".join(map(literal, (FILE, PARTITION_COLUMN)))
    return (
        f"SELECT COLUMNS(lambda name: name NOT IN ({added})), CAST({day} AS DATE) AS {DAY}, "
        f"{moment_in_sql(FILE)} AS delivered_at, "
        f"regexp_extract({FILE}, '/([^/]*)[.]parquet$', 1) AS kind "
        f"FROM read_parquet([{listed}], hive_partitioning = false, filename = {literal(FILE)})"
    )


def _content(rows: str) -> str:
    """Write the SQL of the columns that landed."""
    own = (PARTITION_COLUMN, "delivered_at", "kind", KNOWN_AT, "_known_at", "_ended_at")
    names = ", ".join(map(literal, own))
    return f"COLUMNS(lambda name: name NOT IN ({names}))"


def _declared_known_at(folder: Path, table: LandedTable | None) -> str | None:
    """Write the SQL of the moment that the source says, None where it says nothing."""
    if table is not None and table.known_at is not None:
        return f"rows.{identifier(table.known_at)}"
    from pyarrow import parquet

    file = next(folder.glob(f"{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"), None)
    has_moments = file is not None and KNOWN_AT in parquet.read_schema(file).names
    return f"rows.{KNOWN_AT}" if has_moments else None
