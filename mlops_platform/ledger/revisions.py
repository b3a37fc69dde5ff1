"""What schema a ledger's database has: by its version table alone, without Alembic's weight."""

from typing import Final, Literal

from sqlalchemy import Column, Connection, MetaData, String, Table, inspect, select

from mlops_platform.errors import FormatError, LedgerError
from mlops_platform.ledger.tables import metadata

VERSION_TABLE: Final = "mlops_ledger_version"
"""Apart from the `alembic_version` of MLflow and Optuna, which may share the database."""
REVISIONS: Final = ("0000", "0001", "0002", "0003")
"""Every migration in its order; the last is the schema of `tables`."""

SchemaState = Literal["absent", "behind", "current"]

_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32)))


def stored_revision(connection: Connection) -> str | None:
    """Revision of the schema; None before there were migrations, or where there is no ledger."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(_version.c.version_num))


def existing_tables(connection: Connection) -> list[Table]:
    """Tables of the ledger that the database has, each after those that it refers to."""
    names = set(inspect(connection).get_table_names())
    return [table for table in metadata.sorted_tables if table.name in names]


def schema_state(connection: Connection, ledger: str) -> SchemaState:
    """How the schema relates to this version of the platform.

    Raises:
        FormatError: a newer version of the platform made it.
    """
    revision = stored_revision(connection)
    if revision is None:
        return "behind" if existing_tables(connection) else "absent"
    if revision not in REVISIONS:
        raise FormatError(
            f"ledger {ledger} was written by a newer version of the platform (its schema is "
            f"{revision}, the newest known here is {REVISIONS[-1]}): install it."
        )
    return "current" if revision == REVISIONS[-1] else "behind"


def absent(ledger: str) -> str:
    """That a ledger is not there, and what to do."""
    return f"ledger {ledger} is not there yet. Check MLOPS_LEDGER_URL and run `mlops setup`."


def require_current(connection: Connection, ledger: str) -> None:
    """Refuse to read or write a ledger whose schema is another.

    Raises:
        FormatError: a newer version of the platform made it.
        LedgerError: it was not set up by this version.
    """
    match schema_state(connection, ledger):
        case "absent":
            raise LedgerError(absent(ledger))
        case "behind":
            raise LedgerError(
                f"ledger {ledger} was written by an older version of the platform: "
                "run `mlops setup`, which migrates it."
            )
