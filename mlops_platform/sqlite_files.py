"""SQLite files as wholes: where a URL keeps one, and a consistent copy while others write."""

import sqlite3
from contextlib import closing
from pathlib import Path

from mlops_platform.files import replacing_file

BUSY_SECONDS = 30.0


def database_file(url: str) -> Path | None:
    """The file of a SQLAlchemy URL; None where it names a server."""
    from sqlalchemy import make_url

    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return None
    return Path(parsed.database)


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as of one moment, whole or not at all; writers go on meanwhile."""
    with (
        replacing_file(target) as temporary,
        closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as original,
        closing(sqlite3.connect(temporary)) as copy,
    ):
        original.backup(copy)
