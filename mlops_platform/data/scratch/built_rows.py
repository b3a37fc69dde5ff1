"""A table as a build has made it: its rows, and how those of two builds differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.landing.deliveries import INTERNAL
from mlops_platform.data.landing.landed_table import KNOWN_AT, SUPERSEDED_AT

if TYPE_CHECKING:
    import duckdb

ROUNDING: Final = 1e-9
"""Relative difference of sums that were added up in another order."""
ROW: Final = "(the row)"
"""In place of a column: only one of the builds has the row."""
BUILT_BY: Final = identifier(f"{INTERNAL}built_by")


@dataclass(frozen=True)
class BuiltTable:
    """A table of the warehouse and what its columns mean.

    Args:
        key: columns that identify a row, the partition among them.
        entity: what a row is about.
        event_time: None of a table without moments.
        built_by: SQL of the day by which a build replaces its rows.
    """

    schema: str
    name: str
    key: tuple[str, ...]
    entity: str
    event_time: str | None
    built_by: str

    @property
    def happens(self) -> str:
        """The SQL of the event time.

        Raises:
            AssertionError: nobody should ask a table without moments for one.
        """
        assert self.event_time is not None, f"{self.name} has no event time"
        return identifier(self.event_time)

    def relation(self, database: str) -> str:
        """The SQL of the table in an attached warehouse."""
        return ".".join(map(identifier, (database, self.schema, self.name)))


class RowDifference(NamedTuple):
    """A column in which rows of two builds differ, with the first of them.

    Args:
        rows: so many of them differ.
        key: values of the table's key, as text, by which the row is found again.
        day: by which a build replaces the row.
        event_time: None of a table without moments.
        before, after: the value in either build, as text.
    """

    column: str
    rows: int
    key: tuple[str, ...]
    entity: str
    day: date
    event_time: datetime | None
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Built:
    """A table in the warehouse of one build."""

    warehouse: Path
    table: BuiltTable

    def count(self, until: datetime | None = None) -> int:
        """Its rows, of events up to a moment where one is given."""
        condition = f" WHERE {self.table.happens} <= {_moment(until)}" if until else ""
        ((rows,),) = self._rows(f"SELECT count(*) FROM {self._relation}{condition}")
        return int(rows)

    def columns(self) -> list[str]:
        """Their names."""
        return [name for name, *_ in self._rows(f"DESCRIBE {self._relation}")]

    def event_times(self) -> list[tuple[datetime, int]]:
        """Every event time in order, with its rows."""
        moment = self.table.happens
        rows = self._rows(
            f"SELECT {moment}, count(*) FROM {self._relation} "
            f"WHERE {moment} IS NOT NULL GROUP BY ALL ORDER BY ALL"
        )
        return [(at.astimezone(UTC), count) for at, count in rows]

    def entities_at(self, moments: Collection[datetime]) -> dict[datetime, frozenset[str]]:
        """The entities that have one of some event times."""
        moment = self.table.happens
        rows = self._rows(
            f"SELECT {moment}, list({identifier(self.table.entity)}::VARCHAR) "
            f"FROM {self._relation} WHERE {moment} IN ({_listed(moments)}) GROUP BY ALL"
        )
        return {at.astimezone(UTC): frozenset(entities) for at, entities in rows}

    def repeated(self) -> RowDifference | None:
        """Rows whose key another row has, with the first of them."""
        table = self.table
        key = ", ".join(map(identifier, table.key))
        rows = self._rows(
            f"SELECT count(*) OVER (), {_texts(map(identifier, table.key))}, "
            f"min({identifier(table.entity)})::VARCHAR, min({table.built_by}), count(*) "
            f"FROM {self._relation} GROUP BY {key} HAVING count(*) > 1 ORDER BY {key} LIMIT 1"
        )
        for count, values, entity, day, times in rows:
            return RowDifference(
                ROW, count, tuple(values), entity, day, None, "once", f"{times} times"
            )
        return None

    @property
    def _relation(self) -> str:
        return self.table.relation("built")

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with _attached(built=self.warehouse) as connection:
            return connection.execute(query).fetchall()


@dataclass(frozen=True)
class Both:
    """One table in the warehouses of two builds.

    Args:
        exact: every bit of a number counts; else what another order of adding up does is nothing.
        known: a column with the moment at which a row was known, and a moment: only what was known
            then, as it was known then.
    """

    before: Path
    after: Path
    table: BuiltTable
    exact: bool = False
    known: tuple[str, datetime] | None = None

    def differences(self) -> list[RowDifference]:
        """In all rows and columns."""
        with self._joined() as joined:
            return joined.differences()

    def differing_days(self) -> list[date]:
        """Days by which a build replaces rows that differ, in order."""
        with self._joined() as joined:
            return joined.days()

    def differences_on(self, day: date) -> list[RowDifference]:
        """In the rows that a build of a day replaces."""
        with self._joined() as joined:
            return joined.on(day).differences()

    def differences_until(self, moment: datetime) -> list[RowDifference]:
        """In the features of events up to a moment.

        An event that takes place later in the other build is another event, and no difference.
        """
        table = self.table
        later = (
            f"SELECT {identifier(table.entity)} FROM {table.relation('after')} "
            f"WHERE {table.happens} > {_moment(moment)}"
        )
        condition = (
            f"b.{table.happens} <= {_moment(moment)} AND b.{identifier(table.entity)} NOT IN "
            f"({later})"
        )
        with self._joined("LEFT", condition) as joined:
            return joined.only_features().differences()

    def columns_after(self, moment: datetime) -> set[str]:
        """Features that differ in events after a moment."""
        with self._joined("INNER", f"b.{self.table.happens} > {_moment(moment)}") as joined:
            return set(joined.only_features().counts())

    def moved_after(self, moment: datetime, columns: Collection[str]) -> list[RowDifference]:
        """Of some features those that differ in events which are as long after a moment in both."""
        happens = self.table.happens
        same = f"b.{happens} > {_moment(moment)} AND a.{happens} = b.{happens}"
        with self._joined("INNER", same) as joined:
            return [found for found in joined.differences() if found.column in columns]

    def columns_at(self, moments: Collection[datetime]) -> dict[datetime, set[str]]:
        """Features that differ in the same events, by their event time."""
        with self._joined("INNER", self._at(moments)) as joined:
            rows = joined.only_features()
            return {
                moment: columns
                for moment in moments
                if (columns := set(rows.where(self._at([moment])).counts()))
            }

    def differences_at(self, moment: datetime) -> list[RowDifference]:
        """In the features of the events of one moment."""
        with self._joined("INNER", self._at([moment])) as joined:
            return joined.only_features().differences()

    def differ_in(self, example: RowDifference) -> bool:
        """Whether they differ in the very value of an example."""
        key = " AND ".join(
            f"coalesce(b.{name}, a.{name})::VARCHAR = {literal(value)}"
            for name, value in zip(map(identifier, self.table.key), example.key, strict=True)
        )
        with self._joined(where=key) as joined:
            return example.column in {found.column for found in joined.differences()}

    def _at(self, moments: Collection[datetime]) -> str:
        happens = self.table.happens
        return f"b.{happens} IN ({_listed(moments)}) AND a.{happens} = b.{happens}"

    @contextmanager
    def _joined(self, how: str = "FULL", where: str = "true") -> Iterator[_Joined]:
        table = self.table
        with _attached(before=self.before, after=self.after) as connection:
            described = connection.execute(f"DESCRIBE {table.relation('before')}").fetchall()
            kinds = {name: kind for name, kind, *_ in described}
            before, after = (
                f"({_side(table.relation(side), kinds, table.built_by, self.known)})"
                for side in ("before", "after")
            )
            same = " AND ".join(f"b.{name} = a.{name}" for name in map(identifier, table.key))
            yield _Joined(
                connection,
                table,
                f"{before} AS b {how} JOIN {after} AS a ON {same}",
                where,
                {name: _differs(name, kind, self.exact) for name, kind in kinds.items()},
            )


@dataclass(frozen=True)
class _Joined:
    """Rows of two builds side by side, `b` and `a`.

    Args:
        differing: the SQL of whether they differ, by column.
    """

    connection: duckdb.DuckDBPyConnection
    table: BuiltTable
    source: str
    condition: str
    differing: Mapping[str, str]

    def where(self, condition: str) -> _Joined:
        """Some of the rows."""
        return _Joined(self.connection, self.table, self.source, condition, self.differing)

    def on(self, day: date) -> _Joined:
        """Rows that a build of a day replaces."""
        return self.where(f"{self._day} = DATE '{day}'")

    def only_features(self) -> _Joined:
        """Without what identifies a row, or says since when it stands."""
        left_out = {*self.table.key, SUPERSEDED_AT, KNOWN_AT}
        differing = {name: sql for name, sql in self.differing.items() if name not in left_out}
        return _Joined(self.connection, self.table, self.source, self.condition, differing)

    def days(self) -> list[date]:
        """Days by which a build replaces rows that differ."""
        differs = " OR ".join(self._conditions.values())
        rows = self.connection.execute(
            f"SELECT DISTINCT {self._day} AS day FROM {self.source} WHERE {differs} ORDER BY day"
        ).fetchall()
        return [day for (day,) in rows]

    def counts(self) -> dict[str, int]:
        """Rows that differ by column, of those columns in which any does."""
        counted = ", ".join(f"count_if({sql})" for sql in self._conditions.values())
        row = self.connection.execute(
            f"SELECT {counted} FROM {self.source} WHERE {self.condition}"
        ).fetchone()
        counts = zip(self._conditions, row or (), strict=True)
        return {name: count for name, count in counts if count}

    def differences(self) -> list[RowDifference]:
        """The columns that differ, each with its first row."""
        return [self._example(column, rows) for column, rows in self.counts().items()]

    @property
    def _lacks(self) -> str:
        name = identifier(self.table.key[0])
        return f"(b.{name} IS NULL OR a.{name} IS NULL)"

    @property
    def _conditions(self) -> dict[str, str]:
        """A row that only one of the builds has differs as such, and in no column."""
        present = {name: f"({sql} AND NOT {self._lacks})" for name, sql in self.differing.items()}
        return {ROW: self._lacks, **present}

    @property
    def _day(self) -> str:
        return f"coalesce(b.{BUILT_BY}, a.{BUILT_BY})"

    def _example(self, column: str, rows: int) -> RowDifference:
        table = self.table
        key = [f"coalesce(b.{name}, a.{name})" for name in map(identifier, table.key)]
        entity = identifier(table.entity)
        at = "NULL::TIMESTAMPTZ"
        if table.event_time is not None:
            at = f"coalesce(b.{table.happens}, a.{table.happens})"
        before, after = (
            f"if({side}.{identifier(table.key[0])} IS NULL, NULL, 'there')"
            if column == ROW
            else f"{side}.{identifier(column)}::VARCHAR"
            for side in "ba"
        )
        of = f"coalesce(b.{entity}, a.{entity})::VARCHAR"
        row = self.connection.execute(
            f"SELECT {_texts(key)}, {of}, {self._day}, {at}, {before}, {after} "
            f"FROM {self.source} WHERE {self.condition} AND {self._conditions[column]} "
            f"ORDER BY {', '.join((at, *key))} LIMIT 1"
        ).fetchone()
        assert row is not None, "counted by the caller"
        values, about, day, happens, then, now = row
        happens = happens and happens.astimezone(UTC)
        return RowDifference(column, rows, tuple(values), about, day, happens, then, now)


def _side(
    relation: str, kinds: Mapping[str, str], built_by: str, known: tuple[str, datetime] | None
) -> str:
    """Write the SQL of the rows of one build, as they were known at a moment where one is given."""
    rows = f"SELECT *, {built_by} AS {BUILT_BY} FROM {relation}"
    if known is None:
        return rows
    known_at, moment = identifier(known[0]), _moment(known[1])
    ended = identifier(SUPERSEDED_AT)
    as_known = (
        f"* REPLACE (CASE WHEN {ended} <= {moment} THEN {ended} END AS {ended})"
        if SUPERSEDED_AT in kinds
        else "*"
    )
    return f"SELECT {as_known} FROM ({rows}) WHERE {known_at} <= {moment}"


def _differs(column: str, kind: str, exact: bool) -> str:
    name = identifier(column)
    differs = f"b.{name} IS DISTINCT FROM a.{name}"
    if exact or kind not in ("DOUBLE", "FLOAT"):
        return f"({differs})"
    close = f"abs(b.{name} - a.{name}) <= {ROUNDING} * greatest(abs(b.{name}), abs(a.{name}))"
    return f"({differs} AND NOT coalesce({close}, false))"


@contextmanager
def _attached(**warehouses: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads some warehouses, by the names of the arguments."""
    with private_duckdb() as connection:
        for name, warehouse in warehouses.items():
            connection.execute(f"ATTACH {literal(warehouse)} AS {name} (READ_ONLY)")
        try:
            yield connection
        finally:
            for name in warehouses:
                connection.execute(f"DETACH {name}")


def _texts(expressions: Sequence[str] | Iterator[str]) -> str:
    return f"[{', '.join(f'{expression}::VARCHAR' for expression in expressions)}]"


def _listed(moments: Collection[datetime]) -> str:
    return ", ".join(map(_moment, moments))


def _moment(moment: datetime) -> str:
    return f"TIMESTAMPTZ {literal(moment.astimezone(UTC).isoformat(sep=' '))}"
