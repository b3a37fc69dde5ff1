"""Restoring of a ledger from the rows that a backup wrote as JSON lines."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, exists, insert, select

from mlops_platform.errors import LedgerError
from mlops_platform.formats.row_formats import format_of
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.tables import UtcDateTime, metadata
from mlops_platform.ledger.verification import first_fault, models_with_rows


def restore_rows(database: Database, dump: Path) -> int:
    """Load the rows of a dump into an empty ledger that is set up; return how many there were.

    Raises:
        LedgerError: the ledger has rows, the file is no dump, or a chain in it is broken; nothing
            was written.
        FormatError: a newer version of the platform wrote a row; nothing was written.
    """
    with database.writing() as connection:
        _require_empty(connection, database.name)
        count = 0
        for table, row in _rows(dump):
            connection.execute(insert(table), row)
            count += 1
        _require_whole_chains(connection, dump)
    return count


def _require_empty(connection: Connection, ledger: str) -> None:
    for table in metadata.sorted_tables:
        if connection.scalar(select(exists().select_from(table))):
            raise LedgerError(
                f"ledger {ledger} has {table.name} already, and rows are restored into an empty "
                "one only. Name a new database in MLOPS_LEDGER_URL and run `mlops setup`."
            )


def _require_whole_chains(connection: Connection, dump: Path) -> None:
    for model in models_with_rows(connection):
        fault = first_fault(connection, model)
        if fault is not None:
            raise LedgerError(
                f"{dump} is no whole ledger: {fault.table} {fault.row} {fault.problem}. "
                "Take another backup."
            )


def _rows(dump: Path) -> Iterator[tuple[Table, dict[str, Any]]]:
    try:
        with dump.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield _row(f"{dump}:{number}", line)
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerError(
            f"{dump} cannot be read: {error}. Name the ledger.jsonl of a backup."
        ) from error


def _row(place: str, line: str) -> tuple[Table, dict[str, Any]]:
    try:
        content = json.loads(line)
        table, stored = metadata.tables[content["table"]], dict(content["row"])
        format_of(table.name, stored.get("format"))
        row = {name: _value(table, name, value) for name, value in stored.items()}
    except (KeyError, TypeError, ValueError) as error:
        raise LedgerError(
            f"{place} is no row of a ledger: {error!r}. Take a file that a backup wrote."
        ) from error
    return table, row


def _value(table: Table, name: str, value: Any) -> Any:
    is_moment = isinstance(table.c[name].type, UtcDateTime)
    return datetime.fromisoformat(value) if is_moment and value is not None else value
