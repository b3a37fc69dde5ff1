"""DuckDB files: rows leave by DuckDB itself, which keeps their types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from mlops_platform.data.databases.address import database_path, shown
from mlops_platform.data.databases.database import OpenDatabase, Relation, Wanted
from mlops_platform.data.engine import identifier, literal, open_engine
from mlops_platform.errors import WAREHOUSE_IS_LOCKED, DataError, LockedError
from mlops_platform.files import replacing_file

if TYPE_CHECKING:
    import duckdb
    from sqlalchemy import URL

USUAL_SCHEMA: Final = "main"
WHOLE: Final = "DECIMAL(38,0)"
"""Parquet has no whole number of 128 bits, and DuckDB would write it rounded."""
NO_DAY: Final = "NOT regexp_matches({column}, '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"


@contextmanager
def opened(url: URL) -> Iterator[OpenDatabase]:
    """Open a file for reading.

    Raises:
        DataError: there is no such file, or it cannot be read.
        LockedError: another process has it open for writing.
    """
    import duckdb

    path = database_path(url)
    try:
        with open_engine(f"database-{uuid4().hex}", path) as connection:
            connection.execute("BEGIN")
            yield DuckDBFile(shown(url), connection)
    except duckdb.Error as error:
        if WAREHOUSE_IS_LOCKED in str(error):
            raise LockedError(
                f"{shown(url)} is open for writing in another process. Close it there, or land "
                "from a copy of the file."
            ) from error
        raise DataError(f"{shown(url)} cannot be read: {str(error).splitlines()[0]}") from error


class DuckDBFile(OpenDatabase):
    """A DuckDB file within one transaction."""

    def __init__(self, shown: str, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(shown)
        self._connection = connection

    def relations(self) -> list[Relation]:
        """Tables and views of the file, of all its schemas."""
        named = self._connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() "
            "WHERE database_name = current_database() AND NOT internal UNION ALL "
            "SELECT schema_name, view_name FROM duckdb_views() "
            "WHERE database_name = current_database() AND NOT internal ORDER BY ALL"
        ).fetchall()
        return [Relation(schema, name, schema == USUAL_SCHEMA) for schema, name in named]

    def column_names(self, relation: Relation) -> list[str]:
        """All columns."""
        return list(self._types(relation))

    def write(self, wanted: Wanted, path: Path) -> None:
        """Write rows in the order of the file."""
        types = self._types(wanted.relation)
        values = ", ".join(
            f"CAST({identifier(name)} AS {WHOLE}) AS {identifier(name)}"
            if types[name] in {"HUGEINT", "UHUGEINT"}
            else identifier(name)
            for name in wanted.columns
        )
        rows = f"SELECT {values} FROM {wanted.relation.sql}{_filter(wanted, types)}"
        with replacing_file(path) as temporary:
            self._connection.execute(
                f"COPY ({rows}) TO {literal(temporary)} (FORMAT parquet, COMPRESSION zstd)"
            )

    def _types(self, relation: Relation) -> dict[str, str]:
        described = self._connection.execute(f"DESCRIBE {relation.sql}").fetchall()
        return {name: str(kind) for name, kind, *_ in described}


def _filter(wanted: Wanted, types: dict[str, str]) -> str:
    if wanted.days is None:
        return ""
    column, kind = identifier(wanted.days.column), types[wanted.days.column]
    if kind == "VARCHAR":
        no_day = f"{column} IS NULL OR {NO_DAY.format(column=column)}"
        return f" WHERE {wanted.days.condition(column, literal, no_day)}"
    if kind != "DATE" and not kind.startswith("TIMESTAMP"):
        # The landing says that it is no time.
        return ""
    condition = wanted.days.condition(
        column, lambda day: f"TIMESTAMP {literal(day)}", f"{column} IS NULL"
    )
    return f" WHERE {condition}"
