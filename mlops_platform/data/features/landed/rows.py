"""Views of a feature table whose rows have no event time: which rows are news, and the newest.

A row is (entity, landed day), and a full snapshot every day repeats most of them. A row is *news*
where its entity is new, or a column that the model declares differs from the entity's row of the
landed day before: news train and are scored, what is only repeated is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier, literal, private_duckdb
from mlops_platform.data.features.published import published_rows
from mlops_platform.data.features.views import select_columns
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import LANDED_AT

if TYPE_CHECKING:
    import duckdb


def open_news(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    days: Sequence[date] | None = None,
) -> dict[str, str]:
    """Make the view `features` of the rows that are news; names and types of its columns.

    Args:
        days: of each entity only the last of its news on these days, all news where None.

    Raises:
        DataError: nothing is published (of the days), a column is missing, or an entity occurs
            twice on a day.
    """
    types = _open_landed(connection, published_root, spec, days)
    entity, day = _keys(spec)
    columns = ", ".join(map(identifier, (*spec.features.names, *spec.features.beside)))
    news = (
        f"SELECT * FROM landed WINDOW chain AS (PARTITION BY {entity} ORDER BY {day}) "
        f"QUALIFY lag({day}) OVER chain IS NULL "
        f"OR row({columns}) IS DISTINCT FROM lag(row({columns})) OVER chain"
    )
    if days is not None:
        news = (
            f"SELECT * FROM ({news}) WHERE {day} IN ({_listed(days)}) "
            f"QUALIFY row_number() OVER (PARTITION BY {entity} ORDER BY {day} DESC) = 1"
        )
    connection.execute(f"CREATE TEMP VIEW features AS {news}")
    return types


def open_newest(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    until: date | None = None,
) -> dict[str, str]:
    """Make the view `features` of the newest row of every entity; names and types of its columns.

    Args:
        until: rows that have landed on later days do not count.

    Raises:
        DataError: as `open_news`.
    """
    types = _open_landed(connection, published_root, spec)
    entity, day = _keys(spec)
    landed_by_then = "" if until is None else f"WHERE {day} <= DATE '{until}' "
    connection.execute(
        f"CREATE TEMP VIEW features AS SELECT * FROM landed {landed_by_then}"
        f"QUALIFY row_number() OVER (PARTITION BY {entity} ORDER BY {day} DESC) = 1"
    )
    return types


def has_news(spec: ModelSpec, published_root: Path, days: Sequence[date]) -> bool:
    """Whether something that landed on some days is news.

    Raises:
        DataError: as `open_news`.
    """
    with private_duckdb() as connection:
        open_news(connection, published_root, spec, days)
        return connection.execute("SELECT 1 FROM features LIMIT 1").fetchone() is not None


def count_landed(spec: ModelSpec, published_root: Path, days: Sequence[date]) -> int:
    """Entities that landed on some days, with news or without.

    Raises:
        DataError: none of the days is published.
    """
    features = spec.features
    rows = published_rows(published_root / features.table, features.partition, days)
    with private_duckdb() as connection:
        (count,) = connection.execute(
            f"SELECT count(DISTINCT {identifier(features.entity)}) FROM {rows}"
        ).fetchone() or (0,)
    return int(count)


def _open_landed(
    connection: duckdb.DuckDBPyConnection,
    published_root: Path,
    spec: ModelSpec,
    days: Sequence[date] | None = None,
) -> dict[str, str]:
    """Make the view `landed` of all rows with their moment, or of the entities of some days."""
    features = spec.features
    entity, day = _keys(spec)
    folder = published_root / features.table
    rows = published_rows(folder, features.partition)
    condition = ""
    if days is not None:
        of_days = published_rows(folder, features.partition, days)
        condition = (
            f" WHERE {day} <= DATE '{max(days)}' AND {entity} IN (SELECT {entity} FROM {of_days})"
        )
    zone = literal(spec.window.timezone)
    connection.execute(
        f"CREATE TEMP VIEW landed AS SELECT *, timezone({zone}, CAST({day} AS TIMESTAMP)) "
        f"AS {LANDED_AT} FROM {rows}{condition}"
    )
    described = connection.execute("DESCRIBE landed").fetchall()
    types = {name: kind for name, kind, *_ in described}
    wanted = (features.entity, *features.names, *features.beside)
    select_columns("landed", features.table, dict.fromkeys(wanted), types)
    _refuse_repeated_rows(connection, spec)
    return types


def _refuse_repeated_rows(connection: duckdb.DuckDBPyConnection, spec: ModelSpec) -> None:
    """Of two rows of an entity and day nobody knows which is the newest."""
    entity, day = _keys(spec)
    repeated = connection.execute(
        f"SELECT {entity}, {day} FROM landed GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
    ).fetchone()
    if repeated is not None:
        table, column = spec.features.table, spec.features.entity
        raise DataError(
            f"{table} has {column} {repeated[0]!r} more than once on {repeated[1]}, and without "
            "event time nobody knows which row is the newest. Make the entity unique within its "
            "day in the dbt model."
        )


def _keys(spec: ModelSpec) -> tuple[str, str]:
    return identifier(spec.features.entity), identifier(spec.features.partition)


def _listed(days: Sequence[date]) -> str:
    return ", ".join(f"DATE '{day}'" for day in days)
