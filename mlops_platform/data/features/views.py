"""Views of published tables, of which columns are handed on in the types that are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.column_kind import KINDS, ColumnKind
from mlops_platform.data.engine import identifier
from mlops_platform.data.features.published import published_rows
from mlops_platform.data.landing.landed_table import SUPERSEDED_AT
from mlops_platform.errors import DataError
from mlops_platform.spec import FeaturesSpec

if TYPE_CHECKING:
    import duckdb

WHOLE = tuple(
    f"{sign}{name}"
    for sign in ("", "U")
    for name in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "DATE": ("DATE",),
    "BOOLEAN": ("BOOLEAN",),
    "TIMESTAMPTZ": ("TIMESTAMP",),
    "DOUBLE": KINDS["numeric"].published_types,
    "VARCHAR": ("VARCHAR", "ENUM", "BOOLEAN", "UUID", *WHOLE),
}
"""Type in which a column that is no feature is handed on -> beginnings of the types in which it may
be published. Features have those of their kinds."""
RequiredTypes = Mapping[str, str | ColumnKind | None]
"""What each wanted column is handed on as; None for its own type."""


def open_view(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    folder: Path,
    partition: str,
    days: Sequence[date] | None = None,
    *,
    read_days: Sequence[date] | None = None,
) -> dict[str, str]:
    """Make a view of one published table; names and types of its columns.

    Args:
        days: partitions to look into, all where None.
        read_days: as of `published_rows`.

    Raises:
        DataError: none of them is published.
    """
    rows = published_rows(folder, partition, days, read_days=read_days)
    connection.execute(f"CREATE TEMP VIEW {view} AS FROM {rows}")
    described = connection.execute(f"DESCRIBE {view}").fetchall()
    return {name: kind for name, kind, *_ in described}


def select_columns(
    view: str, table: str, required_types: RequiredTypes, types: Mapping[str, str]
) -> str:
    """Write the SQL of the wanted columns, cast to the wanted types (None: to their own).

    Raises:
        DataError: a column is missing or of another type.
    """
    absent = sorted(required_types.keys() - types.keys())
    if absent:
        raise DataError(f"table {table} lacks the columns {absent}. It has {sorted(types)}.")
    columns = []
    for column, required in required_types.items():
        fault = type_fault(column, table, required, types[column])
        if fault is not None:
            raise DataError(fault)
        handed_on, _ = _types(required or types[column])
        columns.append(f"CAST({view}.{identifier(column)} AS {handed_on}) AS {identifier(column)}")
    return ", ".join(columns)


def refuse_doubled_keys(
    connection: duckdb.DuckDBPyConnection, view: str, table: str, features: FeaturesSpec
) -> None:
    """Refuse rows of one time that are joined to predictions, where an entity has two of a day.

    Raises:
        DataError: a key is there twice.
    """
    entity, day = identifier(features.entity), identifier(features.partition)
    doubled = connection.execute(
        f"SELECT {entity}, {day}, count(*) FROM {view} WHERE {entity} IS NOT NULL GROUP BY ALL "
        f"HAVING count(*) > 1 ORDER BY {day}, {entity} LIMIT 1"
    ).fetchone()
    if doubled is not None:
        key, of_day, count = doubled
        raise DataError(
            f"{table} has {count} rows at one time for {features.entity} {key!r} of {of_day}, so "
            f"that its figures would count twice. Publish one row of each, or `{SUPERSEDED_AT}` "
            "for those that no longer stand."
        )


def type_fault(
    column: str, table: str, required: str | ColumnKind | None, published: str | None
) -> str | None:
    """What is wrong with the type of a published column; None where it will do, or is not known."""
    if not required or published is None:
        return None
    _, accepted = _types(required)
    if published.startswith(accepted):
        return None
    usual = accepted[0] if isinstance(required, ColumnKind) else required
    return (
        f"column '{column}' of {table} is {published}, and {usual} is needed. Cast it in the dbt "
        "model, or declare it in another role."
    )


def _types(required: str | ColumnKind) -> tuple[str, tuple[str, ...]]:
    """In which a column is handed on, and beginnings of those in which it may be published."""
    if isinstance(required, ColumnKind):
        return required.sql_type, required.published_types
    return required, ACCEPTED.get(required, ())
