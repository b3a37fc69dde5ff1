"""Rows of files in a private DuckDB, which puts on disk what does not fit into its memory.

All of them are read and checked before the first day leaves, and days leave one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mlops_platform.data.engine import open_engine, read_times_in
from mlops_platform.data.landing.days import tables_by_day
from mlops_platform.data.landing.files.checked_rows import CheckedRows, Wanted, value_of
from mlops_platform.data.landing.files.left_out import LeftOut

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

BATCH: Final = 65_536
"""Rows that leave at once."""


@contextmanager
def unordered_duckdb(timezone: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an engine of its own in which rows may change their order, and values are read once.

    Raises:
        DataError: there is no such time zone.
    """
    with open_engine(f"landing-{uuid4().hex}") as engine:
        # Without: the time of a row would be cast several times.
        engine.execute(
            "SET preserve_insertion_order = false; SET disabled_optimizers = 'filter_pushdown'"
        )
        read_times_in(timezone, engine)
        yield engine


@dataclass(frozen=True)
class Faults:
    """Numbers of rows that cannot land.

    Args:
        unreadable: without a time, though something is there.
        without_time: with nothing there.
        misfits: with a value that does not fit its type.
    """

    unreadable: int
    without_time: int
    misfits: int


class StagedRows:
    """Rows that were read, checked and not yet landed.

    Args:
        connection: where they are staged.
        parts: at least one; of all the same types.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, parts: Sequence[CheckedRows], wanted: Wanted
    ) -> None:
        self._connection, self._parts, self._wanted = connection, parts, wanted
        selects = (self._select(number, part) for number, part in enumerate(parts))
        connection.execute(f"CREATE TABLE staged AS {' UNION ALL '.join(selects)}")

    def _select(self, number: int, part: CheckedRows) -> str:
        values = ", ".join(
            value_of(at) if output in part.columns else f"CAST(NULL AS {kind}) AS {value_of(at)}"
            for at, (output, kind) in enumerate(part.types.items())
        )
        misfit = " OR ".join(part.misfits().values())
        return (
            f"SELECT {number} AS part, day, {part.has_time()} AS has_time, wanted, later, "
            f"{misfit} AS misfit, {values} FROM {part.checked(self._wanted)}"
        )

    def faults(self) -> Faults:
        """Count what cannot land."""
        [counts] = self._connection.execute(
            "SELECT count(*) FILTER (day IS NULL AND has_time), "
            "count(*) FILTER (day IS NULL AND NOT has_time), count(*) FILTER (misfit) FROM staged"
        ).fetchall()
        return Faults(*counts)

    def left_out(self) -> LeftOut:
        """Count what lands neither now nor when its day has come."""
        [(number, first, last, later, without_time)] = self._connection.execute(
            "SELECT count(*) FILTER (outside), min(day) FILTER (outside), "
            "max(day) FILTER (outside), count(*) FILTER (later AND NOT outside), "
            f"count(*) FILTER (day IS NULL) "
            f"FROM (SELECT *, {self._wanted.is_outside} AS outside FROM staged)"
        ).fetchall()
        return LeftOut(number, (first, last) if number else None, later, without_time)

    def by_day(self) -> Iterator[tuple[date, pa.Table]]:
        """The rows of every wanted day, which has the columns that its files have."""
        types, by_day = self._parts[0].types, self.parts_by_day
        values = ", ".join(value_of(number) for number in range(len(types)))
        batches = self._connection.sql(
            f"SELECT day, {values} FROM staged WHERE wanted ORDER BY day"
        ).to_arrow_reader(BATCH)
        for day, rows in tables_by_day(batches, "day", self._wanted.days):
            of_files = {name for part in by_day.get(day, ()) for name in part.columns}
            present = of_files or self._wanted.empty or types
            yield (
                day,
                rows.rename_columns(list(types)).drop_columns(
                    [name for name in types if name not in present]
                ),
            )

    @cached_property
    def parts_by_day(self) -> Mapping[date, Sequence[CheckedRows]]:
        """The files that have rows of each wanted day; none of a day without rows."""
        parts: dict[date, list[CheckedRows]] = {}
        for day, part in self._connection.execute(
            "SELECT DISTINCT day, part FROM staged WHERE wanted ORDER BY ALL"
        ).fetchall():
            parts.setdefault(day, []).append(self._parts[part])
        return parts
