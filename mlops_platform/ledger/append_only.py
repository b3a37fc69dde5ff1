"""Database triggers that refuse to change or remove a row of the ledger."""

from sqlalchemy import Connection, PrimaryKeyConstraint, Table, UniqueConstraint, text

REFUSAL = "the ledger is append-only"

_POSTGRES_FUNCTION = f"""
CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{REFUSAL}: % of %', TG_OP, TG_TABLE_NAME; END $$
"""


def refuse_changes(connection: Connection, tables: list[Table]) -> None:
    """Create the triggers where they are missing."""
    if connection.dialect.name == "sqlite":
        statements = [statement for table in tables for statement in _on_sqlite(table)]
    else:
        statements = [_POSTGRES_FUNCTION, *(_on_postgres(table) for table in tables)]
    for statement in statements:
        connection.execute(text(statement))


def _on_postgres(table: Table) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON {table.name} FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
    )


def _on_sqlite(table: Table) -> list[str]:
    guards = {
        "update": f"BEFORE UPDATE ON {table.name}",
        "delete": f"BEFORE DELETE ON {table.name}",
        # INSERT OR REPLACE removes the row that is in its way without firing the DELETE trigger.
        "replace": f"BEFORE INSERT ON {table.name} WHEN EXISTS ({_rows_in_the_way(table)})",
    }
    return [
        f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{name} {guard} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}: {name} of {table.name}'); END"
        for name, guard in guards.items()
    ]


def _rows_in_the_way(table: Table) -> str:
    keys = [
        " AND ".join(f"{column.name} = NEW.{column.name}" for column in constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, PrimaryKeyConstraint | UniqueConstraint)
    ]
    return f"SELECT 1 FROM {table.name} WHERE {' OR '.join(sorted(keys))}"  # noqa: S608
