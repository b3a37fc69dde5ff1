"""Which days a delivery touches: its own, those of its facts elsewhere, and where it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.features.seen import News
from mlops_platform.data.landing.contract import first_files, landed_schemas
from mlops_platform.data.landing.day_versions import counts_from, said_known_at
from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    DELIVERY,
    FIRST,
    GONE,
    INTERNAL,
    LATER,
    PARTITION_COLUMN,
    day_folder,
    day_in_sql,
    moment_in_sql,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.data.landing.schema.layouts import ByName
from mlops_platform.data.parquet_files import FILE

DAY: Final = identifier(f"{INTERNAL}day")
NUMBER, KIND, ARRIVED_AT, SAID_AT = (
    identifier(f"{INTERNAL}{name}") for name in ("number", "kind", "arrived_at", "said_at")
)
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
    for table, of_table in groupby(sorted(news), key=lambda happened: happened.table):
        arrived = []
        for happened in of_table:
            touched[happened] = Touched(frozenset({happened.day}))
            if happened.happened == "arrived":
                arrived.append(happened)
        touched.update(_of_arrived(landing_root, table, arrived))
    return touched


def _of_arrived(landing_root: Path, table: str, news: Sequence[News]) -> dict[News, Touched]:
    declared = read_state(landing_root / table).declared or LandedTable(table=table, key=())
    files = [
        (
            number,
            kind,
            day_folder(landing_root, table, arrived.day) / arrived.delivery / f"{kind}.parquet",
        )
        for number, arrived in enumerate(news)
        for kind in (FIRST, *LATER)
    ]
    landed = [each for each in files if each[-1].is_file()]
    if not landed:
        return {}
    by_name = ByName.last_of(landed_schemas(landing_root / table))
    selects = [_rows_of(declared, by_name, *each) for each in landed]
    days: defaultdict[int, set[date]] = defaultdict(set)
    with private_duckdb() as connection:
        connection.execute(f"CREATE TEMP TABLE arrived AS {' UNION ALL BY NAME '.join(selects)}")
        for query in (_days_of_moments(), *_days_elsewhere(landing_root, declared, by_name)):
            for number, day in connection.execute(query).fetchall():
                days[number].add(day)
        counts = {number: rows for number, *rows in connection.execute(_counts()).fetchall()}
    return {
        arrived: Touched(frozenset({arrived.day, *days[number]}), *counts.get(number, (0, 0, 0)))
        for number, arrived in enumerate(news)
    }


def _rows_of(declared: LandedTable, by_name: ByName, number: int, kind: str, file: Path) -> str:
    """Write the SQL of what is wanted of the rows of one file: their keys, and what counts them."""
    said = said_known_at(declared, list(by_name.columns)) or "NULL::TIMESTAMPTZ"
    columns = [
        f"{number} AS {NUMBER}",
        f"{literal(kind)} AS {KIND}",
        f"{moment_in_sql(literal(file))} AS {ARRIVED_AT}",
        f"{said} AS {SAID_AT}",
        *_texts(declared.key),
    ]
    return f"SELECT {', '.join(columns)} FROM ({by_name.files([file])})"


def _counts() -> str:
    """Write the SQL of the rows that are new, changed and gone, by delivery."""
    counted = ((FIRST, ADDED), (CHANGED,), (GONE,))
    counts = (
        f"count(*) FILTER ({KIND} IN ({', '.join(map(literal, kinds))}))" for kinds in counted
    )
    return f"SELECT {NUMBER}, {', '.join(counts)} FROM arrived GROUP BY ALL"


def _days_of_moments() -> str:
    """Write the SQL of the days of the moments from which rows count.

    Rows that came with their day, and of which the source says nothing, count since ever.
    """
    cases = " ".join(
        f"WHEN {literal(kind)} THEN {counts_from(kind, SAID_AT, ARRIVED_AT)}"
        for kind in (FIRST, *LATER)
    )
    around = ", ".join(map(str, DAYS_AROUND))
    return (
        f"SELECT DISTINCT {NUMBER}, day + around FROM (SELECT DISTINCT {NUMBER}, "
        f"CAST(timezone('UTC', CASE {KIND} {cases} END) AS DATE) AS day FROM arrived), "
        f"(SELECT unnest([{around}]) AS around) WHERE day IS NOT NULL"
    )


def _days_elsewhere(landing_root: Path, declared: LandedTable, by_name: ByName) -> Iterator[str]:
    """Write the SQL of the days of every landed table that have rows with one of the keys."""
    # The number of a row among equal ones is of its own table.
    key = [name for name in declared.key if name != declared.numbered_by]
    names = ", ".join(map(identifier, key))
    for folder in sorted(path for path in landing_root.iterdir() if path.is_dir()):
        landed = _landed_keys(folder, {name: by_name.names_of(name) for name in key})
        if landed is not None:
            yield (
                f"SELECT DISTINCT {NUMBER}, {DAY} FROM ({landed}) "
                f"JOIN (SELECT DISTINCT {NUMBER}, {names} FROM arrived) USING ({names})"
            )


def _landed_keys(folder: Path, key: Mapping[str, Sequence[str]]) -> str | None:
    """Write the SQL of all keys that ever landed, with their days; None where they are none here.

    Args:
        key: columns, and all names that they have or had where they come from.
    """
    here = ByName.last_of(landed_schemas(folder))
    columns = {name: here.called(names) for name, names in key.items()}
    if not columns or None in columns.values():
        return None
    files = first_files(folder)
    for redelivered in read_state(folder).redelivered:
        files += folder.glob(f"{PARTITION_COLUMN}={redelivered}/{DELIVERY}=*/{ADDED}.parquet")
    keys = here.with_columns({name: here.columns[name] for name in columns.values() if name})
    rows = keys.files(files, f"{day_in_sql(FILE)} AS {DAY}")
    texts = (
        f"CAST({identifier(column)} AS VARCHAR) AS {identifier(name)}"
        for name, column in columns.items()
        if column
    )
    return f"SELECT {', '.join(texts)}, {DAY} FROM ({rows})"


def _texts(key: Sequence[str]) -> list[str]:
    """As text: one source may have numbers where another has them as text."""
    return [f"CAST({name} AS VARCHAR) AS {name}" for name in map(identifier, key)]
