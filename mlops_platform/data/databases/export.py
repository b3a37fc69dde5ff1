"""Export a table or view of a database to Parquet, in batches and as of one moment."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Final

from mlops_platform.data.databases.address import DUCKDB, POSTGRES, SQLITE, parsed_url
from mlops_platform.data.databases.database import OpenDatabase
from mlops_platform.data.databases.day_range import DayRange

_ADAPTERS: Final = {SQLITE: "sqlite", POSTGRES: "postgres", DUCKDB: "duckdb_file"}
FILE_NAME: Final = "rows.parquet"


def export_relation(
    url: str,
    relation: str,
    folder: Path,
    *,
    where: DayRange | None = None,
    columns: Collection[str] | None = None,
) -> list[Path]:
    """Write the rows of a relation to files of a folder, in types that can be landed.

    All rows are of one moment: they are read in one transaction. A few thousand are in memory at
    once.

    Args:
        url: as SQLAlchemy's, of SQLite, Postgres or a DuckDB file.
        relation: table or view, with its schema where it is not the usual one.
        where: days that are needed; all rows where None.
        columns: that are needed, as far as they are there; all where None.

    Raises:
        DataError: there is no such database, relation or time column, its driver is not installed,
            it does not let us in, or a value is none of its column's type.
    """
    path = folder / FILE_NAME
    with opened_database(url) as database:
        database.export(relation, path, where, columns)
    return [path]


def relation_names(url: str) -> list[str]:
    """Tables and views of a database, with their schema where it is not the usual one.

    Raises:
        DataError: as `export_relation`.
    """
    with opened_database(url) as database:
        return [named.shown for named in database.relations()]


def opened_database(url: str) -> AbstractContextManager[OpenDatabase]:
    """Open a database for one transaction.

    Raises:
        DataError: it cannot be opened; says why.
    """
    parsed = parsed_url(url)
    module = import_module(f"{__package__}.{_ADAPTERS[parsed.get_backend_name()]}")
    opened: AbstractContextManager[OpenDatabase] = module.opened(parsed)
    return opened
