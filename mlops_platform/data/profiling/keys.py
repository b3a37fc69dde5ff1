"""Columns that together tell all rows apart, and rows that nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier
from mlops_platform.data.profiling.profile import ColumnProfile, KeyProfile, TimeProfile
from mlops_platform.data.profiling.scanned_table import ALL_ROWS, SAMPLE

if TYPE_CHECKING:
    import duckdb

MOST_COLUMNS: Final = 3
MOST_PROVED: Final = 10
"""Candidates that are counted over all rows."""
MOST_TRIED: Final = 150
"""Candidates that are counted over a sample, where a repetition refuses them."""
MOST_PARTS: Final = 12
"""Columns that several are chosen from."""
KEPT: Final = 3


def duplicate_rows(
    connection: duckdb.DuckDBPyConnection, columns: Sequence[ColumnProfile], rows: int
) -> int:
    """How many rows are equal to one before them in all columns."""
    if any(column.distinct == rows for column in columns):
        return 0
    return rows - _different(connection, ALL_ROWS, [column.output for column in columns])


def key_profiles(
    connection: duckdb.DuckDBPyConnection,
    columns: Sequence[ColumnProfile],
    times: Sequence[TimeProfile],
    duplicates: int,
) -> tuple[KeyProfile, ...]:
    """The best candidates: none has a part that is one already.

    Args:
        duplicates: rows that no key can tell from others.
    """
    parts = _parts(columns, times)
    rows = columns[0].rows if columns else 0
    keys: list[KeyProfile] = []
    proved = tried = 0
    for candidate in _candidates(parts, rows - duplicates):
        names = [column.output for column in candidate]
        if any(set(key.columns) <= {column.name for column in candidate} for key in keys):
            continue
        if len(keys) == KEPT or proved == MOST_PROVED or tried == MOST_TRIED:
            break
        if keys and len(candidate) > len(keys[0].columns):
            break
        tried += 1
        if not duplicates and _repeats(connection, names):
            continue
        proved += 1
        repeated = rows - _different(connection, ALL_ROWS, names)
        if repeated <= duplicates:
            keys.append(
                KeyProfile(columns=tuple(column.name for column in candidate), repeated=repeated)
            )
    return tuple(keys)


def _parts(columns: Iterable[ColumnProfile], times: Sequence[TimeProfile]) -> list[ColumnProfile]:
    """Columns that may identify: never missing, and no measure."""
    timed = {time.column for time in times}
    parts = [
        column
        for column in columns
        if not column.missing
        and column.distinct > 1
        and column.type not in ("DOUBLE", "FLOAT", "BOOLEAN")
        and column.kind != "text"
    ]
    return sorted(
        parts,
        key=lambda column: (
            column.looks_like_id is None,
            column.name not in timed,
            -column.distinct,
        ),
    )


def _candidates(parts: Sequence[ColumnProfile], rows: int) -> Iterator[tuple[ColumnProfile, ...]]:
    for width in range(1, MOST_COLUMNS + 1):
        for candidate in combinations(parts if width == 1 else parts[:MOST_PARTS], width):
            possible = 1.0
            for column in candidate:
                possible *= column.distinct
            if possible >= rows:
                yield candidate


def _repeats(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> bool:
    """Whether a sample shows already that the columns do not tell rows apart."""
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {SAMPLE}").fetchall()
    return _different(connection, SAMPLE, names) < int(rows)


def _different(connection: duckdb.DuckDBPyConnection, relation: str, names: Sequence[str]) -> int:
    """How many different rows there are: by their hash, of which two alike are not to be feared."""
    listed = ", ".join(map(identifier, names))
    [(different,)] = connection.execute(
        f"SELECT count(DISTINCT hash({listed})) FROM {relation}"
    ).fetchall()
    return int(different)
