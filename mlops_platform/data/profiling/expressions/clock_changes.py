"""Times without zone in the hours that a change of clocks takes away or gives twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlops_platform.data.engine import identifier, literal
from mlops_platform.data.landing.files.local_times import clock_change_sql, clock_change_text
from mlops_platform.data.landing.files.values import LOCAL_PATTERN
from mlops_platform.data.landing.schema.types import MOMENT, TEXT
from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.data.profiling.reading.raw_rows import RAW
from mlops_platform.data.profiling.scanned_table import ALL_ROWS, ScannedTable
from mlops_platform.record import Record


class ClockChanges(Record):
    """Such times of one column.

    Args:
        column: its name in the source.
        rows: that have one.
        example: the first of them, and what the clocks did to it.
    """

    column: str
    rows: int
    example: str


def clock_changes(
    table: ScannedTable, columns: Iterable[ColumnProfile], timezone: str
) -> tuple[ClockChanges, ...]:
    """The columns with such times, of some that land as moments."""
    return tuple(
        changes for column in columns if (changes := _changes(table, column, timezone)) is not None
    )


def clock_change_finding(changes: Sequence[ClockChanges]) -> Finding:
    """That a landing refuses them, unless it is told how to read them."""
    is_one = sum(column.rows for column in changes) == 1
    fate = "does not exist or exists twice" if is_one else "do not exist or exist twice"
    return Finding(
        kind="clock_change",
        columns=tuple(column.column for column in changes),
        level="warn",
        text=(
            f"{counted_changes(changes)} {fate}, because clocks change ({changes[0].example}): the "
            "landing has to be told how to read them."
        ),
        fix="--clock-change earlier, or later",
    )


def counted_changes(changes: Sequence[ClockChanges]) -> str:
    """How many times of which columns, in words."""
    first, *others = changes
    times = "time" if first.rows == 1 else "times"
    counts = [f"{column.rows:,} of '{column.column}'" for column in others]
    return " and ".join([f"{first.rows:,} {times} of '{first.column}'", *counts])


def _changes(table: ScannedTable, column: ColumnProfile, timezone: str) -> ClockChanges | None:
    [(rows, first)] = table.query(
        f"SELECT count(*), min(naive) FROM {_naive_times(column)} "
        f"WHERE {clock_change_sql('naive', timezone)}"
    )
    example = clock_change_text(first, timezone) if rows else None
    return None if example is None else ClockChanges(column=column.name, rows=rows, example=example)


def _naive_times(column: ColumnProfile) -> str:
    """SQL of rows with `naive`; of moments it is what their text says, where that has no zone."""
    if column.type != MOMENT:
        return f"(SELECT {identifier(column.output)}::TIMESTAMP AS naive FROM {ALL_ROWS})"
    raw = identifier(column.name)
    text = f"CAST({raw} AS VARCHAR)"
    is_local = f"typeof({raw}) = '{TEXT}' AND regexp_full_match({text}, {literal(LOCAL_PATTERN)})"
    return (
        f"(SELECT CASE WHEN {is_local} THEN try_cast({text} AS TIMESTAMP) END AS naive FROM {RAW})"
    )
