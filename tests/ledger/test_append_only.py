"""After every migration, and whatever became of the triggers before, no row can be changed."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import DBAPIError

from mlops_platform.ledger.database import Database
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewAdjustment, NewDecision
from mlops_platform.ledger.revisions import REVISIONS
from mlops_platform.ledger.schema.append_only import changes_are_refused
from mlops_platform.ledger.schema.migration import alembic_config
from mlops_platform.ledger.tables import metadata

TABLES = [table.name for table in metadata.sorted_tables]
CHANGED = {
    "decisions": "reason",
    "releases": "actor",
    "packagings": "bento_tag",
    "adjustments": "constants",
    "activations": "detail",
    "incident_events": "told",
}


def _statements(table: str, dialect: str) -> list[str]:
    """Every way to change what is there."""
    changed, columns = CHANGED[table], metadata.tables[table].columns
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(f'"{c.name}"' if c.name != changed else "'other'" for c in columns)
    copied = f"INTO {table} ({names}) SELECT {values} FROM {table} WHERE true"
    common = [f"UPDATE {table} SET {changed} = 'other'", f"DELETE FROM {table}"]
    if dialect == "sqlite":
        replaced = [f"INSERT OR REPLACE {copied}", f"REPLACE {copied}"]
        updated = f"INSERT {copied} ON CONFLICT (hash) DO UPDATE SET {changed} = 'other'"
        return [*common, *replaced, updated]
    updated = f"INSERT {copied} ON CONFLICT (hash) DO UPDATE SET {changed} = 'other'"
    return [*common, f"TRUNCATE {table} CASCADE", updated]


def _migrate_old_rows_to(old: Any, revision: str) -> None:
    from alembic import command

    with Database(old.url).writing_any_schema() as connection:
        command.stamp(alembic_config(connection), REVISIONS[0])
        command.upgrade(alembic_config(connection), revision)


@pytest.fixture
def set_up(adjustment: Callable[[int], NewAdjustment]) -> Callable[[Any], Ledger]:
    """Migrates, and gives the table that old ledgers do not have a row as well."""

    def migrate(old: Any) -> Ledger:
        ledger = Ledger(old.url)
        ledger.create_schema()
        ledger.record_adjustments("flights", [adjustment(1)], after=0)
        return ledger

    return migrate


def _refuses_every_change(old: Any) -> None:
    before = old.stored_bytes_of_today()
    assert all(before.values())
    for table in TABLES:
        for statement in _statements(table, old.engine.dialect.name):
            with pytest.raises(DBAPIError, match="append-only"):
                old.execute(statement)
    assert old.stored_bytes_of_today() == before


@pytest.mark.parametrize("start", ["unversioned", *REVISIONS])
def test_no_row_can_be_changed_after_a_migration(
    old_ledger: Any, set_up: Callable[[Any], Ledger], start: str
) -> None:
    if start != "unversioned":
        _migrate_old_rows_to(old_ledger, start)
    set_up(old_ledger)
    _refuses_every_change(old_ledger)


@pytest.mark.parametrize("start", ["unversioned", *REVISIONS])
def test_triggers_that_were_gone_are_there_after_set_up(
    old_ledger: Any, set_up: Callable[[Any], Ledger], start: str
) -> None:
    if start != "unversioned":
        _migrate_old_rows_to(old_ledger, start)
    old_ledger.drop_triggers()
    set_up(old_ledger)
    _refuses_every_change(old_ledger)


WEAKENED = {
    "sqlite": [
        ["DROP TRIGGER releases_no_replace"],
        [
            "DROP TRIGGER decisions_no_update",
            "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions BEGIN SELECT 1; END",
        ],
        [
            "DROP TRIGGER decisions_no_delete",
            "CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions WHEN OLD.id = 0 "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END",
        ],
    ],
    "postgres": [
        ["DROP TRIGGER releases_append_only ON releases"],
        ["ALTER TABLE decisions DISABLE TRIGGER decisions_append_only"],
        [
            "CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        ],
        [
            "CREATE OR REPLACE TRIGGER decisions_append_only BEFORE UPDATE ON decisions "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
        ],
        [
            "CREATE OR REPLACE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            "ON decisions FOR EACH STATEMENT WHEN (false) EXECUTE FUNCTION refuse_ledger_change()"
        ],
        [
            "CREATE OR REPLACE TRIGGER decisions_append_only BEFORE UPDATE OF kind OR DELETE "
            "OR TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
        ],
    ],
}


@pytest.mark.parametrize(
    ("url", "statements"),
    [(database, statements) for database, ways in WEAKENED.items() for statements in ways],
    indirect=["url"],
)
def test_weakened_triggers_are_made_anew(
    old_ledger: Any, set_up: Callable[[Any], Ledger], statements: list[str]
) -> None:
    ledger = set_up(old_ledger)
    old_ledger.execute(*statements)
    with old_ledger.engine.connect() as connection:
        assert not changes_are_refused(connection, metadata.sorted_tables)
    ledger.create_schema()
    with old_ledger.engine.connect() as connection:
        assert changes_are_refused(connection, metadata.sorted_tables)
    _refuses_every_change(old_ledger)


def test_what_is_complete_is_not_written_to(ledger: Ledger, url: str, waiting: NewDecision) -> None:
    impatient = make_url(url)
    if impatient.get_backend_name() == "postgresql":
        impatient = impatient.update_query_dict({"options": "-c lock_timeout=2000"})
    with Database(url).writing():
        # Another writer is at work: a write transaction would wait for it.
        Ledger(impatient.render_as_string(hide_password=False)).create_schema()
    assert ledger.record_decision("flights", waiting).id == 1


def test_the_triggers_of_a_new_ledger_are_complete(ledger: Ledger, url: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        assert changes_are_refused(connection, metadata.sorted_tables)
    engine.dispose()
