"""Replacing an online store, a SQLite file or a model's rows in Postgres, whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file
from mlops_platform.spec.online_layout import (
    EXPORT,
    FEATURES,
    POSTGRES_EXPORT,
    POSTGRES_FEATURES,
    OnlineExport,
    libpq_url,
    shown,
)

Row = tuple[str, str, str]
"""Entity, event time in ISO 8601, features as a JSON object."""
Describe = Callable[[], OnlineExport]
"""Says what the export holds, once its rows were consumed."""

# The file is written under a temporary name: a journal would protect nothing.
CREATE_SQLITE = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE {FEATURES} (
    entity TEXT PRIMARY KEY, event_time TEXT NOT NULL, features TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE {EXPORT} (document TEXT NOT NULL);
"""
CREATE_POSTGRES = f"""
CREATE TABLE IF NOT EXISTS {POSTGRES_FEATURES} (
    model TEXT, entity TEXT, event_time TEXT NOT NULL, features TEXT NOT NULL,
    PRIMARY KEY (model, entity)
);
CREATE TABLE IF NOT EXISTS {POSTGRES_EXPORT} (model TEXT PRIMARY KEY, document TEXT NOT NULL)
"""
ROWS_AT_ONCE = 1000


def write_sqlite(path: Path, rows: Iterable[Row], describe: Describe) -> OnlineExport:
    """Replace the file in one rename.

    Raises:
        DataError: it cannot be written; the file that was there stays.
    """
    try:
        with replacing_file(path) as temporary:
            with closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
                connection.executescript(CREATE_SQLITE)
                connection.execute("BEGIN")
                connection.executemany(f"INSERT INTO {FEATURES} VALUES (?, ?, ?)", rows)
                export = describe()
                connection.execute(f"INSERT INTO {EXPORT} VALUES (?)", (export.model_dump_json(),))
                connection.execute("COMMIT")
            _flush_to_disk(temporary)
    except (sqlite3.Error, OSError) as error:
        raise _unwritable(path, error) from error
    return export


def _flush_to_disk(path: Path) -> None:
    """Make sure that the name never stands for a file that a power cut left half written."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def write_postgres(url: str, model: str, rows: Iterable[Row], describe: Describe) -> OnlineExport:
    """Replace the model's rows in one transaction: readers see the old ones until it commits.

    Raises:
        DataError: they cannot be written; the rows that were there stay.
    """
    psycopg2, execute_values = _driver()
    try:
        with (
            closing(psycopg2.connect(libpq_url(url))) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            # One export at a time, also of tables that are not there yet.
            cursor.execute(f"SELECT pg_advisory_xact_lock(hashtext('{POSTGRES_EXPORT}'))")
            cursor.execute(CREATE_POSTGRES)
            cursor.execute(f"DELETE FROM {POSTGRES_FEATURES} WHERE model = %s", (model,))
            execute_values(
                cursor,
                f"INSERT INTO {POSTGRES_FEATURES} VALUES %s",
                ((model, *row) for row in rows),
                page_size=ROWS_AT_ONCE,
            )
            export = describe()
            cursor.execute(
                f"INSERT INTO {POSTGRES_EXPORT} VALUES (%s, %s) "
                "ON CONFLICT (model) DO UPDATE SET document = excluded.document",
                (model, export.model_dump_json()),
            )
    except (psycopg2.Error, ValueError) as error:  # a NUL in a key is a ValueError
        raise _unwritable(url, error) from error
    return export


def _driver() -> tuple[Any, Any]:
    try:
        import psycopg2
        from psycopg2.extras import execute_values
    except ImportError as error:
        raise DataError(
            "online store: psycopg2 is needed for Postgres and not installed; "
            "install mlops-platform[postgres]."
        ) from error
    return psycopg2, execute_values


def _unwritable(location: Path | str, error: Exception) -> DataError:
    return DataError(
        f"online store: {shown(location)} cannot be written ({str(error).strip()}); the export "
        "that was there stays. Make room or correct the address, and export again."
    )
