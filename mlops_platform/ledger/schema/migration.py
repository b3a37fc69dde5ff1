"""Migration of the ledger's schema, by Alembic and without rewriting a row."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from mlops_platform.ledger.revisions import REVISIONS, existing_tables, stored_revision
from mlops_platform.ledger.schema.append_only import refuse_changes
from mlops_platform.ledger.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS: Final = Path(__file__).parent / "migrations"
VERSIONS: Final[tuple[Path, ...]] = (SCRIPTS / "versions",)
_FIRST_TABLES: Final = frozenset(
    {"decisions", "releases", "packagings", "activations", "incident_events"}
)


def migrate(connection: Connection) -> None:
    """Bring the schema to the newest revision and make the triggers anew.

    Args:
        connection: its transaction excludes other writers, and undoes all of it if it fails.
    """
    from alembic import command

    config = alembic_config(connection)
    if stored_revision(connection) is None and _has_first_tables(connection):
        # Made by `create_all`, before there were migrations.
        command.stamp(config, REVISIONS[0])
    command.upgrade(config, "head")
    refuse_changes(connection, metadata.sorted_tables)


def alembic_config(connection: Connection) -> "Config":
    """Configuration that needs no file and leaves logging alone."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    options = {
        "script_location": str(SCRIPTS),
        "version_locations": "\n".join(str(folder) for folder in VERSIONS),
        "path_separator": "newline",
    }
    for name, value in options.items():
        config.set_main_option(name, value.replace("%", "%%"))
    return config


def _has_first_tables(connection: Connection) -> bool:
    return {table.name for table in existing_tables(connection)} >= _FIRST_TABLES
