"""Backups of a ledger: a copy of the SQLite file, or the rows of Postgres as JSON lines."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, cast

from sqlalchemy import Connection, inspect, select

from mlops_platform.errors import LedgerError
from mlops_platform.files import replacing_file
from mlops_platform.formats.row_hash import canonical_json
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.revisions import existing_tables

FILE: Final = "ledger.db"
DUMP: Final = "ledger.jsonl"
_ROWS_AT_A_TIME: Final = 1000


def back_up(database: Database, target_directory: Path) -> Path:
    """Write a consistent copy of a ledger of any schema; return its file.

    Raises:
        LedgerError: the database cannot be read, or the copy not be written.
    """
    if not database.exists():
        raise LedgerError(
            f"ledger {database.name} is not there: there is nothing to back up. "
            "Check MLOPS_LEDGER_URL."
        )
    path = target_directory / (FILE if database.is_sqlite else DUMP)
    with database.reading_any_schema() as connection:
        try:
            with replacing_file(path) as temporary:
                copy = _copy_file if database.is_sqlite else dump_rows
                copy(connection, temporary)
        except (OSError, sqlite3.Error) as error:
            raise LedgerError(
                f"ledger {database.name} cannot be backed up to {path}: {error}. "
                "Make room there, or name another folder."
            ) from error
    return path


def dump_rows(connection: Connection, path: Path) -> None:
    """Write every row of either database as a line of canonical JSON."""
    with path.open("w", encoding="utf-8") as file:
        for table, row in _rows(connection):
            file.write(canonical_json({"table": table, "row": row}) + "\n")


def _copy_file(connection: Connection, path: Path) -> None:
    source = cast(sqlite3.Connection, connection.connection.driver_connection)
    with closing(sqlite3.connect(path)) as target:
        source.backup(target)


def _rows(connection: Connection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row, with the columns that its table has in this schema, in the order of its key."""
    for table in existing_tables(connection):
        names = {column["name"] for column in inspect(connection).get_columns(table.name)}
        columns = [column for column in table.columns if column.name in names]
        query = select(*columns).order_by(*table.primary_key.columns)
        result = connection.execute(query, execution_options={"yield_per": _ROWS_AT_A_TIME})
        for row in result.mappings():
            yield table.name, dict(row)
