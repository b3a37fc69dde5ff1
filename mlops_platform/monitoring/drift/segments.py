"""Segments: the scores of the rows that share a value of a declared subgroup.

Each is profiled as a column of its own, in the bins of all scores: what holds for a column holds
for a segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, literal
from mlops_platform.monitoring.drift.profile.profile import (
    FittedBins,
    Profile,
    count_days,
    count_window,
)
from mlops_platform.monitoring.drift.profile.released import is_of_release

if TYPE_CHECKING:
    import duckdb

    from mlops_platform.monitoring.drift.profile.bins import ColumnBins
    from mlops_platform.monitoring.drift.profile.histogram import Histogram

BETWEEN = " = "
MOST_SEGMENTS = 20
"""Of one subgroup: the largest, for each is counted apart."""


def segment_name(subgroup: str, value: str) -> str:
    """What the profile calls a segment; no column is called so."""
    return f"{subgroup}{BETWEEN}{value}"


def segments_in(profile: Profile) -> tuple[str, ...]:
    """Names of the segments of a profile."""
    return tuple(name for name in profile.bins.names if BETWEEN in name and not is_of_release(name))


def subgroups_in(profile: Profile) -> tuple[str, ...]:
    """Columns whose values are the segments of a profile."""
    return tuple(dict.fromkeys(name.partition(BETWEEN)[0] for name in segments_in(profile)))


def fit_segments(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    scores: ColumnBins,
    subgroups: Sequence[str],
    fewest_rows: int,
    day: str,
) -> Profile:
    """Count the scores of every segment that is large enough, by day.

    Args:
        rows: SQL of a table with the scores, the subgroups and the day.
        scores: bins of the column of the scores.
        fewest_rows: smaller segments say nothing.
    """
    bins = [
        scores.model_copy(update={"column": segment_name(subgroup, value)})
        for subgroup in subgroups
        for value in _largest(connection, rows, subgroup, fewest_rows)
    ]
    return count_segment_days(connection, rows, bins, scores.column, day)


def count_segment_days(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    segments: Sequence[ColumnBins],
    score: str,
    day: str,
) -> Profile:
    """Count the scores of segments by day.

    Args:
        rows: as of `fit_segments`.
        segments: the bins of each, by its name.
    """
    counts = {
        bins.column: count_days(connection, _rows_of(bins.column, rows, score, day), bins, day)
        for bins in segments
    }
    return Profile(FittedBins(columns=tuple(segments)), counts)


def count_segments(
    connection: duckdb.DuckDBPyConnection, rows: str, profile: Profile, score: str
) -> dict[str, Histogram]:
    """Count a window in the segments of a profile.

    Args:
        rows: SQL of a table with the scores and the subgroups.
    """
    counted: dict[str, Histogram] = {}
    for name in segments_in(profile):
        of_segment = _rows_of(name, rows, score)
        counted |= count_window(connection, of_segment, profile, [name])
    return counted


def _largest(
    connection: duckdb.DuckDBPyConnection, rows: str, subgroup: str, fewest_rows: int
) -> list[str]:
    column = identifier(subgroup)
    largest = connection.sql(
        f"SELECT {column}::VARCHAR AS value FROM {rows} WHERE {column} IS NOT NULL GROUP BY value "
        f"HAVING count(*) >= {fewest_rows} ORDER BY count(*) DESC, value LIMIT {MOST_SEGMENTS}"
    ).fetchall()
    return [value for (value,) in largest]


def _rows_of(segment: str, rows: str, score: str, day: str | None = None) -> str:
    """SQL of the scores of a segment, called like it, with their days."""
    subgroup, _, value = segment.partition(BETWEEN)
    days = f", {identifier(day)}" if day else ""
    return (
        f"(SELECT {identifier(score)} AS {identifier(segment)}{days} FROM {rows} "
        f"WHERE {identifier(subgroup)}::VARCHAR = {literal(value)})"
    )
