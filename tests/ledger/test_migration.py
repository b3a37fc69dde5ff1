"""An old ledger becomes a new one without a row being rewritten, or stays as it was."""

import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, inspect, text

from mlops_platform.errors import LedgerError
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger import revisions
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    BentoIdentity,
    NewActivation,
    NewAdjustment,
    NewDecision,
    NewIncidentEvent,
    VersionIdentity,
)
from mlops_platform.ledger.revisions import REVISIONS, VERSION_TABLE
from mlops_platform.ledger.schema import migration
from mlops_platform.ledger.schema.migration import alembic_config
from mlops_platform.ledger.tables import metadata

NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)
Identity = Callable[[int], VersionIdentity]


def _migrate_to(url: str, revision: str) -> None:
    from alembic import command

    database = Database(url)
    database.make_room()
    with database.writing_any_schema() as connection:
        command.upgrade(alembic_config(connection), revision)


def _described(connection: Connection) -> list[Any]:
    """Tables, columns, keys and triggers, as the database itself describes them."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE tbl_name <> :version ORDER BY name"
        rows = connection.execute(text(query), {"version": VERSION_TABLE})
        return [(name, " ".join((sql or "").split())) for name, sql in rows]
    queries = [
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, "
        "column_default, ordinal_position, "
        "col_description(table_name::regclass, ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name <> :version ORDER BY 1, 7",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> :version "
        "ORDER BY 1, 2",
        "SELECT tgrelid::regclass::text, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger "
        "WHERE NOT tgisinternal AND tgname <> :version ORDER BY 1, 3",
    ]
    return [
        tuple(row)
        for query in queries
        for row in connection.execute(text(query), {"version": VERSION_TABLE})
    ]


def _description(url: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        described = _described(connection)
    engine.dispose()
    return described


def _differences(url: str) -> list[Any]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with create_engine(url).connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


def test_old_rows_verify_and_stay_as_they_are(old_ledger: Any) -> None:
    before = old_ledger.stored_bytes()
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    assert old_ledger.stored_bytes() == before
    assert old_ledger.version() == REVISIONS[-1]
    assert [ledger.verify_chain(model) for model in ledger.models()] == [None, None]
    [release] = ledger.releases("flights")
    assert (release.row_format, release.bento_tag, release.digests) == (0, "flights:v1", {"m": "ä"})
    assert ledger.decisions("flights")[1].evidence == {"loss": [0.5, None]}
    assert {activation.row_format for activation in ledger.activations("flights")} == {0}
    events = IncidentLog(old_ledger.url).events("flights")
    assert [(event.row_format, event.facts) for event in events] == [
        (0, {"number": 1}),
        (0, {"number": 2}),
    ]


def test_chains_of_both_formats_verify(
    old_ledger: Any,
    identity: Identity,
    promotion: NewDecision,
    waiting: NewDecision,
    adjustment: Callable[[int], NewAdjustment],
) -> None:
    before = old_ledger.stored_bytes()
    ledger, log = Ledger(old_ledger.url), IncidentLog(old_ledger.url)
    ledger.create_schema()
    for model in ("flights", "taxis"):
        ledger.record_decision(model, waiting)
    ledger.record_adjustments("flights", [adjustment(1)], after=0)
    ledger.release(
        "flights",
        identity(2),
        promotion,
        expected_sequence=1,
        bento=BentoIdentity(tag="flights:v2"),
    )
    said = {"worker": "w", "event": "stopped", "role": "champion", "sequence": 1, "version": 1}
    activation = {**said, "detail": "", "happened_at": NOW}
    ledger.record_activations("flights", [NewActivation.model_validate(activation)])
    told = {"incident": "flights-2", "kind": "opened", "told": "", "actor": "a"}
    log.write("flights", [NewIncidentEvent.model_validate({**told, "happened_at": NOW})], after=2)
    assert [ledger.verify_chain(model) for model in ("flights", "taxis")] == [None, None]
    assert [release.row_format for release in ledger.releases("flights")] == [0, FORMAT]
    assert [event.row_format for event in log.events("flights")] == [0, 0, FORMAT]
    assert [known.row_format for known in ledger.adjustments("flights", 1)] == [FORMAT]
    assert [decision.row_format for decision in ledger.decisions("taxis")] == [FORMAT, 0]
    after = old_ledger.stored_bytes()
    assert all(set(before[table]) <= set(after[table]) for table in before)


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE decisions SET reason = 'other' WHERE id = 1", "flights/1"),
        ("UPDATE decisions SET reason = 'other' WHERE id = 4", "flights/4"),
        ("DELETE FROM decisions WHERE id = 1", "flights/2"),
    ],
)
def test_tampering_is_found_in_chains_of_both_formats(
    old_ledger: Any, waiting: NewDecision, statement: str, row: str
) -> None:
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    ledger.record_decision("flights", waiting)
    old_ledger.drop_triggers()
    old_ledger.execute(statement)
    assert ledger.verify_chain("flights").row == row


_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@settings(max_examples=20)
@given(old=st.lists(_text, max_size=4), new=st.lists(_text, max_size=3))
def test_any_old_chain_is_continued(
    make_old_ledger: Callable[[str], Any], old: list[str], new: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger_of_format_0 = make_old_ledger(f"sqlite:///{folder}/ledger.db")
        ledger_of_format_0.create()
        for number, reason in enumerate(old, start=1):
            ledger_of_format_0.decide(number, "flights", "wait", reason=reason)
        before = ledger_of_format_0.stored_bytes()["decisions"]
        ledger = Ledger(ledger_of_format_0.url)
        ledger.create_schema()
        for reason in new:
            decision = NewDecision(kind="wait", reason=reason, actor="policy")
            ledger.record_decision("flights", decision)
        assert ledger.verify_chain("flights") is None
        assert [row.reason for row in reversed(ledger.decisions("flights"))] == [*old, *new]
        assert set(before) <= set(ledger_of_format_0.stored_bytes()["decisions"])


@pytest.mark.parametrize("start", ["new", "unversioned", *REVISIONS])
def test_a_migrated_schema_is_that_of_the_tables(empty_old_ledger: Any, start: str) -> None:
    url = empty_old_ledger.url
    if start == "unversioned":
        empty_old_ledger.create()
    elif start != "new":
        _migrate_to(url, start)
    Ledger(url).create_schema()
    assert _differences(url) == []
    assert empty_old_ledger.version() == REVISIONS[-1]


def test_the_first_revision_makes_what_create_all_made(url: str, empty_old_ledger: Any) -> None:
    empty_old_ledger.create()
    empty_old_ledger.drop_triggers()
    made = _description(url)
    tables = [*reversed(metadata.sorted_tables)]
    empty_old_ledger.execute(*(f"DROP TABLE IF EXISTS {table.name}" for table in tables))
    _migrate_to(url, REVISIONS[0])
    assert _description(url) == made


def test_the_revisions_are_those_of_the_scripts_in_one_line(url: str) -> None:
    from alembic.script import ScriptDirectory

    database = Database(url)
    database.make_room()
    with database.reading_any_schema() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
    walked = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(walked)) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_a_ledger_that_had_fewer_tables_gets_the_others(empty_old_ledger: Any) -> None:
    empty_old_ledger.create(only=("decisions", "releases", "packagings"))
    empty_old_ledger.decide(1, "flights", "wait")
    ledger = Ledger(empty_old_ledger.url)
    ledger.create_schema()
    assert _differences(empty_old_ledger.url) == []
    assert ledger.verify_chain("flights") is None
    assert ledger.activations("flights") == []
    assert ledger.adjustments("flights", 1) == []


def test_the_versions_of_others_in_the_database_are_left_alone(old_ledger: Any) -> None:
    old_ledger.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('of_mlflow')",
        "CREATE TABLE experiments (name TEXT)",
    )
    Ledger(old_ledger.url).create_schema()
    with old_ledger.engine.connect() as connection:
        assert connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [
            "of_mlflow"
        ]
        assert "experiments" in inspect(connection).get_table_names()


_FAILING = """
from alembic import op
import sqlalchemy as sa

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.add_column("decisions", sa.Column("later", sa.Integer))
    op.create_table("facts", sa.Column("id", sa.Integer))
    {drop}
    op.execute("UPDATE decisions SET later = 1")
    op.execute("SELECT no_such_column FROM decisions")
"""
_DROP = {
    "sqlite": 'op.execute("DROP TRIGGER decisions_no_update")',
    "postgresql": 'op.execute("DROP TRIGGER decisions_append_only ON decisions")',
}


@pytest.fixture
def _failing_revision(old_ledger: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop = _DROP[old_ledger.engine.dialect.name]
    folder = tmp_path / "more versions, 100 %"
    folder.mkdir()
    (folder / "revision_9999.py").write_text(_FAILING.format(head=REVISIONS[-1], drop=drop))
    monkeypatch.setattr(migration, "VERSIONS", (*migration.VERSIONS, folder))
    monkeypatch.setattr(revisions, "REVISIONS", (*REVISIONS, "9999"))


@pytest.mark.usefixtures("_failing_revision")
def test_a_migration_that_fails_half_way_leaves_all_as_it_was(
    old_ledger: Any, tmp_path: Path
) -> None:
    before = old_ledger.stored_bytes(), _description(old_ledger.url)
    ledger = Ledger(old_ledger.url)
    with pytest.raises(LedgerError, match="no_such_column"):
        ledger.create_schema(tmp_path / "backups")
    assert (old_ledger.stored_bytes(), _description(old_ledger.url)) == before
    with old_ledger.engine.connect() as connection:
        assert not inspect(connection).has_table(VERSION_TABLE)
    # The backup stays; nobody can say yet that it is not needed.
    assert len(list((tmp_path / "backups").glob("0000-*/ledger.*"))) == 1


@pytest.mark.usefixtures("_failing_revision")
def test_a_ledger_migrates_once_what_failed_is_mended(
    old_ledger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(old_ledger.url)
    with pytest.raises(LedgerError):
        ledger.create_schema()
    monkeypatch.setattr(migration, "VERSIONS", migration.VERSIONS[:1])
    monkeypatch.setattr(revisions, "REVISIONS", REVISIONS)
    ledger.create_schema()
    assert ledger.verify_chain("flights") is None


def test_logging_is_left_as_it_was(url: str) -> None:
    root, other = logging.getLogger(), logging.getLogger("mlops_platform.of_the_caller")
    before = list(root.handlers), root.level, other.disabled, other.level
    Ledger(url).create_schema()
    assert (list(root.handlers), root.level, other.disabled, other.level) == before


_AT_HEAD = """
import sys
from mlops_platform.ledger.ledger import Ledger
Ledger(sys.argv[1]).create_schema()
print([name for name in sys.modules if name.split(".")[0] == "alembic"])
"""


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_alembic_is_imported_only_to_migrate(ledger: Ledger, url: str) -> None:
    command = [sys.executable, "-c", _AT_HEAD, url]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"


_SET_UP = """
import sys
from pathlib import Path
from mlops_platform.ledger.ledger import Ledger

ledger = Ledger(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(ledger.create_schema(Path(sys.argv[2])), ledger.verify_chain("flights"), flush=True)
"""


@pytest.mark.slow
def test_of_several_processes_one_migrates(old_ledger: Any, tmp_path: Path) -> None:
    before, backups = old_ledger.stored_bytes(), tmp_path / "backups"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _SET_UP, old_ledger.url, str(backups)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = sorted(process.communicate(timeout=60)[0].split()[0] for process in processes)
    assert [process.returncode for process in processes] == [0] * 4
    [written] = [output for output in outputs if output != "None"]
    assert list(backups.glob("*/*")) == [Path(written)]
    assert old_ledger.stored_bytes() == before
    assert Ledger(old_ledger.url).verify_chain("flights") is None
