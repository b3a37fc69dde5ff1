"""Set-up of a ledger's schema: created, or backed up and migrated, by one process of several."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, exists, select

from mlops_platform.ledger.database import Database
from mlops_platform.ledger.revisions import (
    REVISIONS,
    existing_tables,
    schema_state,
    stored_revision,
)
from mlops_platform.ledger.schema.append_only import changes_are_refused
from mlops_platform.ledger.schema.backup import back_up
from mlops_platform.ledger.schema.migration import migrate
from mlops_platform.ledger.tables import metadata


def set_up_schema(database: Database, backups: Path | None) -> Path | None:
    """Bring the schema to this version's; return the backup that was written before.

    Args:
        backups: folder for a backup of the rows that are about to be migrated.

    Raises:
        FormatError: a newer version of the platform made the schema; nothing was changed.
        LedgerError: the backup or the migration failed; nothing was changed.
    """
    database.make_room()
    with database.reading_any_schema() as connection:
        if _is_complete(connection, database.name):
            return None
    with database.writing_any_schema() as connection:
        # Asked again: another process may have done it meanwhile.
        if _is_complete(connection, database.name):
            return None
        backup = None
        if backups is not None and has_old_rows(connection, database.name):
            # On a connection of its own; what it reads stands still, for no other process writes.
            backup = back_up(database, backups / _folder_name(connection))
        migrate(connection)
    return backup


def is_set_up(database: Database) -> bool:
    """Whether the schema is this version's, and its triggers are there."""
    with database.reading_any_schema() as connection:
        return _is_complete(connection, database.name)


def has_old_rows(connection: Connection, ledger: str) -> bool:
    """Whether there are rows in a schema that this version of the platform would migrate.

    Raises:
        FormatError: a newer version of the platform made the schema.
    """
    if schema_state(connection, ledger) != "behind":
        return False
    tables = existing_tables(connection)
    return any(connection.scalar(select(exists().select_from(table))) for table in tables)


def _is_complete(connection: Connection, ledger: str) -> bool:
    current = schema_state(connection, ledger) == "current"
    return current and changes_are_refused(connection, metadata.sorted_tables)


def _folder_name(connection: Connection) -> str:
    revision = stored_revision(connection) or REVISIONS[0]
    return f"{revision}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
