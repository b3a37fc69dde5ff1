"""A backup is whole and verified, or there is none; a restore makes the same home elsewhere."""

import json
import select
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.errors import BackupError, FormatError, LedgerError, SettingsError
from mlops_platform.files import sha256_of_file
from mlops_platform.formats.home_stamp import require_current_home
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.settings import Settings, read_settings
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.home import copying
from mlops_platform.usecases.home.backup import Backup, back_up
from mlops_platform.usecases.home.contents import Turn, files_of, is_sqlite, turn_of
from mlops_platform.usecases.home.manifest import MANIFEST_FILE, BackupManifest
from mlops_platform.usecases.home.restore import restore
from mlops_platform.usecases.home.upgrade import upgrade_home
from mlops_platform.usecases.home.verification import verify_ledger
from tests.data.landing.landed import landed, minutes, table_of

MODEL = "flight_delay"


@pytest.fixture
def home(old_home: Settings) -> Settings:
    """Settings of a home of today."""
    upgrade_home(deployment_at(old_home))
    return old_home


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return read_settings({"MLOPS_HOME": str(tmp_path / "else where"), "HOME": "/nowhere"})


def _back_up(home: Settings, folder: Path) -> Backup:
    return back_up(deployment_at(home), _made(folder))


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _wait(kind: str = "wait") -> NewDecision:
    return NewDecision(kind=kind, reason="r", actor="a")


def test_every_file_is_restored_as_it_was(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    backup = _back_up(home, tmp_path / "backups")
    restore(backup.path, elsewhere)

    expected, restored = (list(files_of(one.home)) for one in (home, elsewhere))
    assert restored == expected
    for file in expected:
        if is_sqlite(home.home / file):
            assert _dump(elsewhere.home / file) == _dump(home.home / file)
        else:
            assert sha256_of_file(elsewhere.home / file) == sha256_of_file(home.home / file)
    verify_ledger(Ledger(elsewhere.ledger_url), backup.manifest.newest_hashes)
    assert backup.manifest.newest_hashes[MODEL].keys() >= {"decisions", "releases", "packagings"}


def _dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


def test_all_that_matters_is_held_and_what_is_made_again_is_not(home: Settings) -> None:
    (home.home / "logs").mkdir()
    (home.home / "logs" / "daemon.log").write_text("line")
    (home.home / "records" / ".x.json.1-2.tmp").write_text("half")
    (home.home / "ledger" / "ledger.db-journal").write_text("")
    held = [str(file) for file in files_of(home.home)]
    for part in (
        *("ledger/ledger.db", "registry/mlflow.db", "dagster/history/runs.db"),
        *("records/latest/flight_delay__champion.json", "models/flight_delay/release.json"),
        *("warehouse/warehouse.duckdb", "setup.json", "replayed/flight_delay"),
    ):
        assert part in held
    for folder in ("lake/landing/", "lake/features/", "lake/training_sets/", "bentos/", "served/"):
        assert any(file.startswith(folder) for file in held)
    assert not [file for file in held if file.endswith((".tmp", "-journal"))]
    assert not [file for file in held if file.startswith(("backups/", "logs/"))]


def test_what_refers_to_something_is_copied_before_it(home: Settings) -> None:
    turns = {str(file): turn_of(file) for file in files_of(home.home)}
    assert turns["records/latest/flight_delay__champion.json"] == Turn.REFERRING
    assert turns["models/flight_delay/release.json"] == Turn.REFERRING
    assert turns["dagster/history/runs.db"] == Turn.REFERRING
    assert turns["ledger/ledger.db"] == Turn.LEDGER
    assert turns["registry/mlflow.db"] == Turn.REGISTRY
    assert {turn for name, turn in turns.items() if name.startswith("lake/features/")} == {
        Turn.FEATURES
    }
    for folder in ("registry/artifacts/", "bentos/", "lake/landing/", "lake/training_sets/"):
        found = {turn for name, turn in turns.items() if name.startswith(folder)}
        assert found == {Turn.REFERRED}


def test_what_says_which_days_were_delivered_again_is_copied_after_them(tmp_path: Path) -> None:
    table, day = LandedTable(table="visits", key=("id",)), date(2024, 3, 1)
    for at, value in enumerate((1, 2)):
        rows = table_of(id=["a"], value=[value])
        landed(tmp_path / "lake" / "landing", table, day, rows, minutes(at))
    left_by_a_killed_one = tmp_path / "lake/landing/visits/day=2024-03-01/.delivery=1.abc.tmp"
    left_by_a_killed_one.mkdir()
    (left_by_a_killed_one / "data.parquet").touch()
    turns = {str(file): turn_of(file) for file in files_of(tmp_path)}
    [listing] = [name for name, turn in turns.items() if turn == Turn.LISTING]
    assert listing == "lake/landing/visits/_landing.json"
    assert {turn for name, turn in turns.items() if name != listing} == {Turn.REFERRED}
    assert sorted(Path(name).name for name in turns) == [
        "_landing.json",
        "changed.parquet",
        "data.parquet",
        "delivery.json",
        "delivery.json",
        "versions.parquet",
    ]


WRITER = """
import sys
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
ledger = Ledger(sys.argv[1])
print("writing", flush=True)
while True:
    ledger.record_decision("flight_delay", NewDecision(kind="wait", reason="r", actor="writer"))
"""


def test_a_ledger_that_is_written_all_the_time_is_copied_as_of_one_moment(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, home.ledger_url], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        try:
            backup = _back_up(home, tmp_path / "backups")
        finally:
            writer.kill()
    restore(backup.path, elsewhere)
    assert Ledger(elsewhere.ledger_url).verify_chain(MODEL) is None
    verify_ledger(Ledger(elsewhere.ledger_url), backup.manifest.newest_hashes)


BUILDER = """
import sys, time, duckdb
from pathlib import Path
from mlops_platform.data.features.warehouse import build_lock
from mlops_platform.files import one_process_at_a_time
warehouse = Path(sys.argv[1])
print("started", flush=True)
with one_process_at_a_time(build_lock(warehouse)):
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS built AS SELECT 1 AS n")
    print("built", flush=True)
    sys.stdin.readline()
    Path(sys.argv[2]).write_text("published")
print("ended", flush=True)
"""


@contextmanager
def _builder(home: Settings) -> Iterator[subprocess.Popen[str]]:
    """A process that builds and, once it is told to, publishes."""
    published = home.published / "flight_features" / "published.txt"
    command = [sys.executable, "-c", BUILDER, str(home.warehouse), str(published)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "started\n"
        yield builder
        builder.kill()


def test_a_build_that_is_under_way_is_waited_for_until_it_has_published(
    home: Settings, tmp_path: Path
) -> None:
    with _builder(home) as builder, ThreadPoolExecutor() as threads:
        assert builder.stdout is not None
        assert builder.stdout.readline() == "built\n"
        waits = threading.Event()

        def report(line: str) -> None:
            if Turn.FEATURES.description in line:
                waits.set()

        folder = _made(tmp_path / "backups")
        running = threads.submit(back_up, deployment_at(home), folder, report)
        assert waits.wait(60)
        assert not running.done()
        assert builder.stdin is not None
        builder.stdin.write("\n")
        builder.stdin.flush()
        copy = running.result(60).path / "home"
    assert (copy / "lake" / "features" / "flight_features" / "published.txt").is_file()
    with duckdb.connect(str(copy / "warehouse" / "warehouse.duckdb"), read_only=True) as warehouse:
        assert warehouse.execute("SELECT n FROM built").fetchall() == [(1,)]


def test_no_build_begins_while_warehouse_and_tables_are_copied(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_one, tried = copying._copy, []

    def copy_while_a_build_is_started(source: Path, copy: Path) -> str:
        digest = copy_one(source, copy)
        if source == home.warehouse:
            # Reading and closing the file would have let DuckDB's own lock go.
            with _builder(home) as builder:
                assert builder.stdout is not None
                tried.append(select.select([builder.stdout], [], [], 0.5)[0])
        return digest

    monkeypatch.setattr(copying, "_copy", copy_while_a_build_is_started)
    _back_up(home, tmp_path / "backups")
    assert tried == [[]]


def test_a_ledger_that_was_changed_is_not_backed_up_as_if_it_were_whole(
    home: Settings, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(home.home / "ledger" / "ledger.db")) as database, database:
        database.execute("DROP TRIGGER decisions_no_update")
        database.execute("UPDATE decisions SET reason = 'another' WHERE id = 2")
    with pytest.raises(BackupError, match=f"chain of '{MODEL}' is broken at decisions"):
        _back_up(home, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_released_files_that_are_gone_are_told(home: Settings, tmp_path: Path) -> None:
    (model,) = list(home.mlflow_artifacts.glob("*/models/*/artifacts/model.skops"))[:1]
    model.unlink()
    with pytest.raises(BackupError, match=r"files of version \d of 'flight_delay' are not in"):
        _back_up(home, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_folder_in_the_home_is_no_place_for_its_backup(home: Settings) -> None:
    with pytest.raises(BackupError, match="outside of it"):
        _back_up(home, home.home / "mine")


def test_a_disk_without_room_is_told_before_anything_is_written(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=105_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BackupError, match=r"has room for 5 MB .*takes \d\d MB"):
        _back_up(home, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


@pytest.mark.parametrize("damage", ["changed", "missing", "extra"])
def test_a_backup_that_is_not_what_was_written_is_not_restored(
    home: Settings, elsewhere: Settings, tmp_path: Path, damage: str
) -> None:
    backup = _back_up(home, tmp_path / "backups")
    file = backup.path / "home" / "replayed" / MODEL
    if damage == "changed":
        file.write_text("another")
    elif damage == "missing":
        file.unlink()
    else:
        file.with_name("surplus").write_text("")
    with pytest.raises(BackupError, match="1 files are not what was backed up"):
        restore(backup.path, elsewhere)
    assert not elsewhere.home.exists()


def test_nothing_is_restored_over_anything(home: Settings, tmp_path: Path) -> None:
    backup = _back_up(home, tmp_path / "backups")
    before = sorted(files_of(home.home))
    with pytest.raises(BackupError, match="overwrites nothing"):
        restore(backup.path, home)
    assert sorted(files_of(home.home)) == before


def test_a_restore_that_fails_leaves_an_empty_home(
    home: Settings, elsewhere: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = _back_up(home, tmp_path / "backups")
    copy_tree = shutil.copytree

    def fails(*arguments: object, **options: object) -> None:
        copy_tree(*arguments, **options)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copytree", fails)
        with pytest.raises(BackupError, match=r"cannot be restored to .*Input/output error"):
            restore(backup.path, elsewhere)
    assert list(elsewhere.home.iterdir()) == []
    restore(backup.path, elsewhere)
    assert Ledger(elsewhere.ledger_url).verify_chain(MODEL) is None


KILLED_RESTORE = """
import os, shutil, signal, sys
from pathlib import Path
from mlops_platform.settings import read_settings
from mlops_platform.usecases.home.restore import restore
copy_tree = shutil.copytree
def killed(*arguments, **options):
    copy_tree(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
shutil.copytree = killed
restore(Path(sys.argv[1]), read_settings({"MLOPS_HOME": sys.argv[2]}))
"""


def test_a_restore_that_was_killed_is_no_home_and_is_begun_again(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    backup = _back_up(home, tmp_path / "backups")
    command = [sys.executable, "-c", KILLED_RESTORE, str(backup.path), str(elsewhere.home)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with pytest.raises(SettingsError, match="not finished: call `mlops restore` again"):
        require_current_home(elsewhere.home)
    with pytest.raises(SettingsError, match="not finished"):
        upgrade_home(deployment_at(elsewhere))

    restore(backup.path, elsewhere)
    # Where it is, is for set-up to say.
    with pytest.raises(SettingsError, match="was set up at"):
        require_current_home(elsewhere.home)


def test_a_backup_is_not_restored_into_itself(home: Settings, tmp_path: Path) -> None:
    backup = _back_up(home, tmp_path / "backups")
    inside = read_settings({"MLOPS_HOME": str(backup.path / "inside")})
    with pytest.raises(BackupError, match="lie in each other"):
        restore(backup.path, inside)
    backup.manifest.verify(backup.path)


def test_a_new_disk_is_restored_to(home: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    (elsewhere.home / "lost+found").mkdir(parents=True)
    restore(_back_up(home, tmp_path / "backups").path, elsewhere)
    assert {part.name for part in elsewhere.home.iterdir()} > {"lost+found", "ledger", "lake"}


def test_folders_on_other_disks_are_part_of_a_home(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    for name in ("lake", "ledger"):
        (home.home / name).rename(tmp_path / f"other-{name}")
        (home.home / name).symlink_to(tmp_path / f"other-{name}")
    expected = list(files_of(home.home))
    assert [file for file in expected if file.parts[0] == "lake"] != []
    restore(_back_up(home, tmp_path / "backups").path, elsewhere)
    assert list(files_of(elsewhere.home)) == expected


@pytest.mark.parametrize(
    ("link", "target", "message"),
    [("lake/more", "../nowhere", "symlink to nothing"), ("lake/more", "..", "there already")],
)
def test_a_symlink_that_cannot_be_followed_is_told(
    home: Settings, tmp_path: Path, link: str, target: str, message: str
) -> None:
    (home.home / link).symlink_to(target)
    with pytest.raises(BackupError, match=message):
        _back_up(home, tmp_path / "backups")


def test_databases_in_files_elsewhere_are_backed_up_and_restored_elsewhere(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    place = tmp_path / "databases"
    place.mkdir()
    (home.home / "ledger" / "ledger.db").rename(place / "ledger.db")
    moved = replace(home, ledger_url=f"sqlite:///{place / 'ledger.db'}")
    backup = _back_up(moved, tmp_path / "backups")
    assert (backup.path / "databases" / "ledger.sqlite").is_file()

    with pytest.raises(BackupError, match=r"holds ledger\.sqlite outside of the home"):
        restore(backup.path, elsewhere)
    restored = replace(elsewhere, ledger_url=f"sqlite:///{tmp_path / 'restored' / 'ledger.db'}")
    restore(backup.path, restored)
    verify_ledger(Ledger(restored.ledger_url), backup.manifest.newest_hashes)


def test_a_home_without_its_ledger_is_not_backed_up(home: Settings, tmp_path: Path) -> None:
    another = replace(home, ledger_url=f"sqlite:///{tmp_path / 'other.db'}")
    Ledger(another.ledger_url).create_schema()
    shutil.rmtree(home.home / "ledger")
    _back_up(another, tmp_path / "backups")
    with pytest.raises(LedgerError, match="`mlops setup`"):
        _back_up(home, tmp_path / "backups")


def test_what_is_half_written_is_left_out(home: Settings) -> None:
    for name in ("bentos/.building-1/src/service.py", ".records.upgraded/x.json"):
        (home.home / name).parent.mkdir(parents=True)
        (home.home / name).write_text("")
    held = [str(file) for file in files_of(home.home)]
    assert not [file for file in held if "building" in file or file.endswith("x.json")]


def test_what_a_service_is_compiling_is_left_out(home: Settings) -> None:
    """It may be gone by the time at which it is copied."""
    before = list(files_of(home.home))
    [code, *_] = [home.home / file for file in before if file.suffix == ".py"]
    (code.parent / "__pycache__").mkdir()
    (code.parent / "__pycache__" / "code.pyc.139906851207440").symlink_to("nothing")

    assert list(files_of(home.home)) == before


def test_who_may_not_read_a_home_may_not_read_its_backup(home: Settings, tmp_path: Path) -> None:
    (home.home / "ledger").chmod(0o700)
    (home.home / "ledger" / "ledger.db").chmod(0o600)
    backup = _back_up(home, tmp_path / "backups")
    assert stat.S_IMODE(backup.path.stat().st_mode) == 0o700
    assert stat.S_IMODE((backup.path / "home" / "ledger").stat().st_mode) == 0o700
    copy = backup.path / "home" / "ledger" / "ledger.db"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_what_is_no_backup_is_told(elsewhere: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="is no whole backup"):
        restore(tmp_path, elsewhere)


def test_a_backup_of_a_newer_platform_is_refused(
    home: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    backup = _back_up(home, tmp_path / "backups")
    content = json.loads((backup.path / MANIFEST_FILE).read_text())
    (backup.path / MANIFEST_FILE).write_text(json.dumps(content | {"home_format": FORMAT + 1}))
    with pytest.raises(FormatError, match=r"the home in .* has format"):
        restore(backup.path, elsewhere)
    assert not elsewhere.home.exists()


def test_a_ledger_that_lost_its_newest_rows_is_not_that_of_the_backup(
    home: Settings, tmp_path: Path
) -> None:
    ledger = Ledger(home.ledger_url)
    ledger.record_decision(MODEL, _wait())
    manifest = _back_up(home, tmp_path / "backups").manifest
    ledger.record_decision(MODEL, _wait())
    verify_ledger(ledger, manifest.newest_hashes)
    with closing(sqlite3.connect(home.home / "ledger" / "ledger.db")) as database, database:
        database.execute("DROP TRIGGER decisions_no_delete")
        database.execute(
            "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions ORDER BY id DESC LIMIT 2)"
        )
    with pytest.raises(BackupError, match="lacks the newest row of 'flight_delay' in decisions"):
        verify_ledger(ledger, manifest.newest_hashes)


def test_a_manifest_is_read_back(tmp_path: Path, home: Settings) -> None:
    backup = _back_up(home, tmp_path / "backups")
    assert BackupManifest.of(backup.path) == backup.manifest
