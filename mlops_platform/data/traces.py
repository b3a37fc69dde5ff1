"""What was made of facts and still holds their keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.engine import identifier
from mlops_platform.record import Record

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

PART_OF: Final = {
    "features": None,
    "training_sets": "training_set",
    "predictions": "window",
    "served": "day",
}
"""By schema of the catalogue the column that tells its parts apart; None where they are one."""


class Trace(Record):
    """Rows that hold keys.

    Args:
        kind: schema of the catalogue.
        name: of the table or model.
        part: training set, window or day; None of a published table.
    """

    kind: str
    name: str
    part: str | None
    rows: int


def traces_of(lake_root: Path, keys: pa.Table) -> list[Trace]:
    """Where keys still are: in whatever has columns of the names that they have."""
    with open_catalogue(lake_root) as catalogue:
        # As text: what was made of a key may have it in another type.
        catalogue.register("erased_keys", _as_text(keys))
        return list(_traces(catalogue, keys.column_names))


def _traces(catalogue: duckdb.DuckDBPyConnection, names: list[str]) -> Iterator[Trace]:
    same = " AND ".join(
        f"CAST(made.{name} AS VARCHAR) = erased_keys.{name}" for name in map(identifier, names)
    )
    views = catalogue.sql("SELECT schema, name FROM catalogue ORDER BY ALL").fetchall()
    for schema, name in views:
        if schema not in PART_OF:
            continue
        view = f"{schema}.{identifier(name)}"
        columns = {row[0] for row in catalogue.sql(f"DESCRIBE {view}").fetchall()}
        if not columns.issuperset(names):
            continue
        column = PART_OF[schema]
        part = "NULL" if column is None else f"CAST(made.{identifier(column)} AS VARCHAR)"
        counted = catalogue.sql(
            f"SELECT {part} AS part, count(*) FROM {view} AS made "
            f"WHERE EXISTS (FROM erased_keys WHERE {same}) GROUP BY ALL ORDER BY ALL"
        )
        for value, rows in counted.fetchall():
            if rows:
                yield Trace(kind=schema, name=name, part=value, rows=rows)


def _as_text(keys: pa.Table) -> pa.Table:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("keys", keys)
        columns = ", ".join(
            f"CAST({name} AS VARCHAR) AS {name}" for name in map(identifier, keys.column_names)
        )
        return connection.sql(f"SELECT {columns} FROM keys").to_arrow_table()
