"""Database triggers that refuse to change or remove a row of the ledger."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint, text

REFUSAL = "the ledger is append-only"

_POSTGRES_BODY: Final = f" BEGIN RAISE EXCEPTION '{REFUSAL}: % of %', TG_OP, TG_TABLE_NAME; END "
_POSTGRES_FUNCTION: Final = f"""
CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
$${_POSTGRES_BODY}$$
"""
_POSTGRES_TRIGGERS: Final = text("""
SELECT relname FROM pg_trigger
JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE tgname = relname || '_append_only' AND tgenabled IN ('O', 'A')
AND tgtype = :guarded AND tgqual IS NULL AND tgattr::text = ''
AND prosrc = :body AND pg_table_is_visible(pg_class.oid)
""")
_BEFORE_DELETE_UPDATE_TRUNCATE: Final = 2 + 8 + 16 + 32


def refuse_changes(connection: Connection, tables: Sequence[Table]) -> None:
    """Make the triggers anew: one that is there already may guard what the table was before."""
    if connection.dialect.name == "sqlite":
        for table in tables:
            for name, definition in _on_sqlite(table).items():
                connection.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
                connection.execute(text(definition))
        return
    connection.execute(text(_POSTGRES_FUNCTION))
    for table in tables:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {table.name}_append_only ON {table.name}"))
        connection.execute(text(_on_postgres(table)))


def changes_are_refused(connection: Connection, tables: Sequence[Table]) -> bool:
    """Whether every trigger is there as `refuse_changes` makes it, and enabled."""
    if connection.dialect.name == "sqlite":
        stored = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        existing = {row.name: row.sql for row in connection.execute(stored)}
        return all(_on_sqlite(table).items() <= existing.items() for table in tables)
    parameters = {"guarded": _BEFORE_DELETE_UPDATE_TRUNCATE, "body": _POSTGRES_BODY}
    guarded = set(connection.scalars(_POSTGRES_TRIGGERS, parameters))
    return guarded >= {table.name for table in tables}


def _on_postgres(table: Table) -> str:
    return (
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {table.name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
    )


def _on_sqlite(table: Table) -> dict[str, str]:
    guards = {
        "update": f"BEFORE UPDATE ON {table.name}",
        "delete": f"BEFORE DELETE ON {table.name}",
        # INSERT OR REPLACE removes the row that is in its way without firing the DELETE trigger.
        "replace": f"BEFORE INSERT ON {table.name} WHEN EXISTS ({_rows_in_the_way(table)})",
    }
    return {
        f"{table.name}_no_{name}": f"CREATE TRIGGER {table.name}_no_{name} {guard} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}: {name} of {table.name}'); END"
        for name, guard in guards.items()
    }


def _rows_in_the_way(table: Table) -> str:
    keys = [
        " AND ".join(f"{column.name} = NEW.{column.name}" for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    return f"SELECT 1 FROM {table.name} WHERE {' OR '.join(sorted(keys))}"  # noqa: S608
