"""Columns that could be the moment of a row, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.profiling.profile import ColumnProfile, TimeProfile
from mlops_platform.data.profiling.scanned_table import ALL_ROWS

if TYPE_CHECKING:
    import duckdb

MOST_MISSING: Final = 0.05
"""Share of rows without it: of more, it is what became of a row rather than its moment."""
_LATER: Final = re.compile(
    r"update|modif|change|load|insert|ingest|end|arriv|close|deliver|birth|paid"
)
_NAMED: Final = re.compile(r"time|date|timestamp|_at$|^at$|moment|start|creat|event|day|hour|^ts$")


def time_profiles(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[ColumnProfile]
) -> tuple[TimeProfile, ...]:
    """Every column of moments or days that most rows have."""
    candidates = [
        column
        for column in columns
        if column.kind in ("moment", "date") and column.missing <= MOST_MISSING * column.rows
    ]
    profiles = {column.name: _profile(connection, column) for column in candidates}
    places = {column.name: at for at, column in enumerate(candidates)}
    return tuple(
        profiles[column.name]
        for column in sorted(
            candidates, key=lambda column: _unlikely(column, profiles[column.name], places)
        )
    )


def _unlikely(
    column: ColumnProfile, profile: TimeProfile, places: dict[str, int]
) -> tuple[bool, bool, bool, bool, int, int]:
    name = column.output
    return (
        bool(column.disguised) or profile.days < 2,
        bool(_LATER.search(name)),
        not _NAMED.search(name),
        not profile.has_time_of_day,
        column.missing,
        places[column.name],
    )


def _profile(connection: duckdb.DuckDBPyConnection, column: ColumnProfile) -> TimeProfile:
    name, zoned = identifier(column.output), column.type == MOMENT
    naive = f"{name}::TIMESTAMP" if not zoned else f"timezone('UTC', {name})"
    # By the machine's clock: of a table that nobody has declared yet, there is no other.
    now = datetime.now(UTC).replace(tzinfo=None)
    [(first, last, future, timed)] = connection.execute(
        f"SELECT min({naive}), max({naive}), count(*) FILTER ({naive} > ?), "
        f"bool_or({naive}::TIME <> TIME '00:00:00') FROM {ALL_ROWS}",
        [now],
    ).fetchall()
    [(days, day_rows)] = connection.execute(
        f"SELECT count(*), median(rows) FROM (SELECT count(*) AS rows FROM {ALL_ROWS} "
        f"WHERE {name} IS NOT NULL GROUP BY {name}::DATE)"
    ).fetchall()
    return TimeProfile(
        column=column.name,
        first=first.replace(tzinfo=UTC) if zoned else first,
        last=last.replace(tzinfo=UTC) if zoned else last,
        days=days,
        has_zone=zoned,
        day_rows=int(day_rows),
        future_rows=future,
        has_time_of_day=bool(timed),
    )
