"""Before rows are migrated there is a copy of them, and from it the ledger can be made again."""

import json
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mlops_platform.errors import FormatError, LedgerError
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewAdjustment, NewDecision
from mlops_platform.ledger.schema.backup import dump_rows

OLD_LINES = 9  # 3 decisions, 1 release, 1 packaging, 2 activations, 2 events of the old ledger
LINES = OLD_LINES + 2  # 1 decision, 1 adjustment


def _rows(url: str) -> dict[str, Any]:
    ledger = Ledger(url)
    return {
        "decisions": [ledger.decisions(model) for model in ledger.models()],
        "releases": ledger.releases("flights"),
        "adjustments": ledger.adjustments("flights", 1),
        "activations": ledger.activations("flights"),
        "events": IncidentLog(url).events("flights"),
    }


def test_rows_are_backed_up_before_they_are_migrated(old_ledger: Any, tmp_path: Path) -> None:
    ledger, backups = Ledger(old_ledger.url), tmp_path / "backups"
    copy = ledger.create_schema(backups)
    assert [file for file in backups.rglob("*") if file.is_file()] == [copy]
    assert copy.name == ("ledger.db" if "sqlite" in old_ledger.url else "ledger.jsonl")
    revision, moment = copy.parent.name.split("-")
    written = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert (revision, copy.parent.parent) == ("0000", backups)
    assert abs((datetime.now(UTC) - written).total_seconds()) < 60
    # It has the schema of before.
    if copy.suffix == ".db":
        columns = sqlite3.connect(copy).execute("SELECT name FROM pragma_table_info('decisions')")
        assert ("format",) not in columns.fetchall()
    else:
        assert "format" not in copy.read_text()


def test_without_rows_to_migrate_there_is_no_backup(
    empty_old_ledger: Any, waiting: NewDecision, tmp_path: Path
) -> None:
    ledger, backups = Ledger(empty_old_ledger.url), tmp_path / "backups"
    empty_old_ledger.create()
    assert ledger.create_schema(backups) is None
    ledger.record_decision("flights", waiting)
    assert ledger.create_schema(backups) is None
    empty_old_ledger.drop_triggers()
    assert ledger.create_schema(backups) is None
    assert not backups.exists()


def test_a_backup_that_cannot_be_written_stops_the_migration(
    old_ledger: Any, tmp_path: Path
) -> None:
    (tmp_path / "backups").write_text("no folder")
    ledger = Ledger(old_ledger.url)
    with pytest.raises(LedgerError, match="cannot be backed up"):
        ledger.create_schema(tmp_path / "backups")
    assert ledger.needs_migration()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_copy_of_a_file_is_a_whole_ledger(
    old_ledger: Any, waiting: NewDecision, tmp_path: Path
) -> None:
    before = old_ledger.stored_bytes()
    copy = Ledger(old_ledger.url).back_up(tmp_path / "copy")
    restored = Ledger(f"sqlite:///{copy}")
    assert restored.needs_migration()
    restored.create_schema()
    assert restored.verify_chain("flights") is None
    restored.record_decision("flights", waiting)
    assert old_ledger.stored_bytes() == before
    assert [file.name for file in copy.parent.iterdir()] == ["ledger.db"]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_ledger_that_is_not_there_is_not_backed_up(url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="nothing to back up"):
        Ledger(url).back_up(tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def dump(
    old_ledger: Any,
    waiting: NewDecision,
    adjustment: Callable[[int], NewAdjustment],
    tmp_path: Path,
) -> tuple[str, Path]:
    """Rows of both formats as JSON lines, which both databases can read and Postgres writes."""
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    ledger.record_decision("flights", waiting)
    ledger.record_adjustments("flights", [adjustment(1)], after=0)
    path = tmp_path / "dump" / "ledger.jsonl"
    path.parent.mkdir()
    if old_ledger.engine.dialect.name == "postgresql":
        assert ledger.back_up(path.parent) == path
    else:
        with Database(old_ledger.url).reading() as connection:
            dump_rows(connection, path)
    return old_ledger.url, path


@pytest.fixture
def empty(tmp_path: Path) -> Ledger:
    ledger = Ledger(f"sqlite:///{tmp_path / 'restored.db'}")
    ledger.create_schema()
    return ledger


def _url_of(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'restored.db'}"


def test_a_dump_has_a_canonical_line_for_each_row(dump: tuple[str, Path]) -> None:
    lines = dump[1].read_text().splitlines()
    assert len(lines) == LINES
    for line in lines:
        content = json.loads(line)
        assert set(content) == {"table", "row"}
        assert (
            json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False) == line
        )


def test_a_dump_is_restored_unchanged(
    dump: tuple[str, Path], empty: Ledger, waiting: NewDecision, tmp_path: Path
) -> None:
    url, path = dump
    assert empty.restore_rows(path) == LINES
    assert _rows(_url_of(tmp_path)) == _rows(url)
    assert empty.verify_chain("flights") is None
    empty.record_decision("flights", waiting)
    assert empty.verify_chain("flights") is None


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_the_rows_of_a_backup_come_back_to_postgres(old_ledger: Any, tmp_path: Path) -> None:
    ledger = Ledger(old_ledger.url)
    copy = ledger.create_schema(tmp_path)
    before = _rows(old_ledger.url)
    old_ledger.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    ledger.create_schema()
    assert ledger.restore_rows(copy) == OLD_LINES
    assert _rows(old_ledger.url) == before
    assert [ledger.verify_chain(model) for model in ledger.models()] == [None, None]


def test_a_ledger_with_rows_is_not_restored_into(
    dump: tuple[str, Path], empty: Ledger, waiting: NewDecision
) -> None:
    empty.record_decision("flights", waiting)
    with pytest.raises(LedgerError, match="has decisions already"):
        empty.restore_rows(dump[1])
    assert len(empty.decisions("flights")) == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("labels immature", "labels mature", r"decisions flights/4 was changed"),
        ('"told":"it moved"', '"told":"nothing"', r"incident_events flights/1 was changed"),
        (r"\"factor\":1.1", r"\"factor\":1.2", r"adjustments flights/1 was changed"),
        ('"table":"releases"', '"table":"others"', r"ledger\.jsonl:\d+ is no row of a ledger"),
        ('"bento_tag"', '"tag"', r"ledger\.jsonl:\d+ is no row of a ledger"),
        ('{"row"', '{"row', r"ledger\.jsonl:\d+ is no row of a ledger"),
    ],
)
def test_a_dump_that_was_changed_is_refused_whole(
    dump: tuple[str, Path], empty: Ledger, old: str, new: str, problem: str
) -> None:
    _, path = dump
    changed = path.read_text().replace(old, new)
    assert changed != path.read_text()
    path.write_text(changed)
    with pytest.raises(LedgerError, match=problem):
        empty.restore_rows(path)
    assert empty.models() == []


def test_a_file_that_cannot_be_read_is_no_dump(empty: Ledger, tmp_path: Path) -> None:
    for path, content in ((tmp_path / "absent", None), (tmp_path / "binary", b"\xff\xfe")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(LedgerError, match="cannot be read"):
            empty.restore_rows(path)


def test_a_dump_that_lacks_a_row_is_refused(dump: tuple[str, Path], empty: Ledger) -> None:
    _, path = dump
    lines = path.read_text().splitlines(keepends=True)
    first = next(line for line in lines if '"incident":' in line)
    path.write_text("".join(line for line in lines if line != first))
    with pytest.raises(LedgerError, match="one was removed"):
        empty.restore_rows(path)


def test_a_dump_of_a_newer_platform_is_refused(dump: tuple[str, Path], empty: Ledger) -> None:
    _, path = dump
    path.write_text(path.read_text().replace(f'"format":{FORMAT}', f'"format":{FORMAT + 1}'))
    with pytest.raises(FormatError, match="a row of the ledger's table decisions has format"):
        empty.restore_rows(path)
    assert empty.models() == []


def test_a_copy_is_of_one_moment(ledger: Ledger, url: str, tmp_path: Path) -> None:
    wait = NewDecision(kind="wait", reason="x" * 3000, actor="policy")
    for _ in range(30):
        ledger.record_decision("flights", wait)
    ended = False

    def write() -> None:
        while not ended:
            ledger.record_decision("flights", wait)

    writer = Thread(target=write)
    writer.start()
    try:
        time.sleep(0.05)
        copies = [Ledger(url).back_up(tmp_path / str(number)) for number in range(3)]
    finally:
        ended = True
        writer.join()
    for number, copy in enumerate(copies):
        restored = Ledger(
            f"sqlite:///{copy if copy.suffix == '.db' else tmp_path / f'{number}.db'}"
        )
        if copy.suffix != ".db":
            restored.create_schema()
            restored.restore_rows(copy)
        assert restored.verify_chain("flights") is None
        assert len(restored.decisions("flights", limit=10_000)) >= 30
