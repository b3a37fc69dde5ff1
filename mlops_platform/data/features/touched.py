"""Which days a delivery touches: its own, those of its facts elsewhere, and where it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.features.seen import News
from mlops_platform.data.landing.deliveries import (
    ADDED,
    DELIVERY,
    FIRST,
    GONE,
    LATER,
    PARTITION_COLUMN,
    day_folder,
    moment_in_sql,
)
from mlops_platform.data.landing.landed_table import KNOWN_AT, LandedTable, read_state
from mlops_platform.data.parquet_files import FILE, escaped, parquet_files

if TYPE_CHECKING:
    import duckdb

DAY: Final = identifier(PARTITION_COLUMN)
DAYS_AROUND: Final = (-1, 0, 1)
"""Around the day of a moment in UTC: one of them is its day wherever the facts are from."""


@dataclass(frozen=True)
class Touched:
    """The days that one delivery touches, and what it did to its own."""

    days: frozenset[date]
    added: int = 0
    changed: int = 0
    gone: int = 0


def touched_days(landing_root: Path, news: Iterable[News]) -> dict[News, Touched]:
    """Look which days some news touch; every landed table is read at most once per table of news.

    Of what has vanished or was altered only its day is known.
    """
    touched = {}
    for table, of_table in groupby(sorted(news), key=lambda one: one.table):
        arrived = []
        for one in of_table:
            touched[one] = Touched(frozenset({one.day}))
            if one.happened == "arrived":
                arrived.append(one)
        touched.update(_of_arrived(landing_root, table, arrived))
    return touched


def _of_arrived(landing_root: Path, table: str, news: Sequence[News]) -> dict[News, Touched]:
    files = [
        (number, kind, day_folder(landing_root, table, one.day) / one.delivery / f"{kind}.parquet")
        for number, one in enumerate(news)
        for kind in (FIRST, *LATER)
    ]
    files = [(number, kind, file) for number, kind, file in files if file.is_file()]
    if not files:
        return {}
    with private_duckdb() as connection:
        connection.execute(f"CREATE TEMP TABLE arrived AS {_arrived_rows(files)}")
        rows = _Rows(connection, read_state(landing_root / table).declared)
        days: defaultdict[int, set[date]] = defaultdict(set)
        for number, day in (*rows.days_of_moments(), *rows.days_elsewhere(landing_root)):
            days[number].add(day)
        counts = rows.counts()
    return {
        one: Touched(frozenset({one.day, *days[number]}), *counts.get(number, (0, 0, 0)))
        for number, one in enumerate(news)
    }


def _arrived_rows(files: Iterable[tuple[int, str, Path]]) -> str:
    selects = (
        f"SELECT *, {number} AS _number, {literal(kind)} AS _kind, "
        f"{moment_in_sql(literal(file))} AS _arrived_at FROM {parquet_files([file])}"
        for number, kind, file in files
    )
    return " UNION ALL BY NAME ".join(selects)


@dataclass(frozen=True)
class _Rows:
    """The rows of deliveries, in the table `arrived`; their numbers tell these apart.

    Args:
        declared: None of a table that nobody of us lands.
    """

    connection: duckdb.DuckDBPyConnection
    declared: LandedTable | None

    def counts(self) -> dict[int, tuple[int, int, int]]:
        """Rows that are new, changed and gone, by delivery."""
        return {
            number: (added, changed, gone)
            for number, added, changed, gone in self.connection.execute(
                f"SELECT _number, count(*) FILTER (_kind IN ('{FIRST}', '{ADDED}')), "
                f"count(*) FILTER (_kind = 'changed'), count(*) FILTER (_kind = '{GONE}') "
                "FROM arrived GROUP BY ALL"
            ).fetchall()
        }

    def days_of_moments(self) -> Iterator[tuple[int, date]]:
        """Days of the moments from which the rows count, as `versions_sql` has it."""
        said = self._said()
        if said is None:
            # Rows that came with their day were known since ever, others from their arrival on.
            counts_from, wanted = "_arrived_at", f"WHERE _kind <> '{FIRST}'"
        else:
            counts_from, wanted = (
                f"CASE WHEN _kind IN ('{FIRST}', '{ADDED}') THEN {said} "
                f"WHEN _kind = '{GONE}' THEN _arrived_at ELSE greatest({said}, _arrived_at) END",
                "",
            )
        around = ", ".join(map(str, DAYS_AROUND))
        yield from self.connection.execute(
            "SELECT DISTINCT _number, _day + around FROM (SELECT DISTINCT _number, "
            f"CAST(timezone('UTC', {counts_from}) AS DATE) AS _day FROM arrived {wanted}), "
            f"(SELECT unnest([{around}]) AS around) WHERE _day IS NOT NULL"
        ).fetchall()

    def days_elsewhere(self, landing_root: Path) -> Iterator[tuple[int, date]]:
        """Days of all landed tables that have rows with one of the keys."""
        if self.declared is None:
            return
        key = self.declared.key
        for folder in sorted(path for path in landing_root.iterdir() if path.is_dir()):
            if set(key) <= set(_columns(folder)):
                yield from self.connection.execute(
                    f"SELECT DISTINCT _number, {DAY} FROM {_landed_keys(folder, key)} "
                    f"JOIN (SELECT DISTINCT _number, {_texts(key)} FROM arrived) "
                    f"USING ({', '.join(map(identifier, key))})"
                ).fetchall()

    def _said(self) -> str | None:
        names = [name for name, *_ in self.connection.execute("DESCRIBE arrived").fetchall()]
        declared = self.declared.known_at if self.declared else None
        name = declared or KNOWN_AT
        return identifier(name) if name in names else None


def _landed_keys(folder: Path, key: Sequence[str]) -> str:
    """Write the SQL of all keys that ever landed, with their days."""
    patterns = [f"{escaped(folder)}/{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"]
    for redelivered in read_state(folder).redelivered:
        added = folder.glob(f"{PARTITION_COLUMN}={redelivered}/{DELIVERY}=*/{ADDED}.parquet")
        patterns += map(escaped, added)
    listed = ", ".join(map(literal, patterns))
    day = f"regexp_extract({FILE}, {literal(f'/{PARTITION_COLUMN}=([^/]*)/[^/]*/[^/]*$')}, 1)"
    return (
        f"(SELECT {_texts(key)}, CAST({day} AS DATE) AS {DAY} FROM read_parquet([{listed}], "
        f"hive_partitioning = false, union_by_name = true, filename = {literal(FILE)}))"
    )


def _texts(key: Sequence[str]) -> str:
    """As text: one source may have numbers where another has them as text."""
    return ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in map(identifier, key))


def _columns(folder: Path) -> list[str]:
    from pyarrow import parquet

    file = next(folder.glob(f"{PARTITION_COLUMN}=*/{DELIVERY}=*/{FIRST}.parquet"), None)
    return [] if file is None else list(parquet.read_schema(file).names)
