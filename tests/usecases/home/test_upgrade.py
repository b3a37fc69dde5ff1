"""An old home is upgraded, or stays exactly what it was."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlops_platform.clock import present
from mlops_platform.errors import FormatError, MlopsError, SettingsError
from mlops_platform.files import sha256_of_file
from mlops_platform.formats.home_stamp import (
    read_stamp,
    refuse_newer_home,
    require_current_home,
)
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision
from mlops_platform.registry.registry import Registry
from mlops_platform.registry.relocation import DATASET_SOURCES, LOCATIONS
from mlops_platform.settings import Settings, read_settings
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.home import upgrade
from mlops_platform.usecases.home.upgrade import JOURNAL_FILE, upgrade_home
from tests.registry.fetched import fetched_directory, fetched_version

MODEL = "flight_delay"


def _ledger(settings: Settings) -> Ledger:
    return Ledger(settings.ledger_url)


def _registry(settings: Settings) -> Registry:
    return Registry(settings.mlflow_tracking_uri, settings.mlflow_artifacts, settings.home)


def _upgrade(settings: Settings) -> Path | None:
    return upgrade_home(deployment_at(settings))


def _content(home: Path) -> dict[str, str]:
    """Every file with its digest; databases by what they hold, for their pages may be reordered."""
    return {
        file.relative_to(home).as_posix(): _dump(file)
        if file.name.endswith(".db")
        else _digest(file)
        for file in sorted(home.rglob("*"))
        if file.is_file() and "backups" not in file.parts and file.name != ".setup.lock"
    }


def _digest(file: Path) -> str:
    return sha256_of_file(file)


def _dump(file: Path) -> str:
    with closing(sqlite3.connect(file)) as database:
        return "\n".join(database.iterdump())


def test_ledger_registry_and_records_say_nothing_of_where_the_home_was(old_home: Settings) -> None:
    written_at = json.loads((old_home.home / "setup.json").read_text())["home"]
    saved = _upgrade(old_home)

    assert saved is not None
    stamp = read_stamp(old_home.home)
    assert stamp is not None
    assert (stamp.format, stamp.path) == (FORMAT, old_home.home)
    require_current_home(old_home.home)
    assert not (old_home.home / "replayed_moment").exists()
    assert present(old_home.replay_clock(MODEL)) == datetime(2013, 1, 28, 11, tzinfo=UTC)
    for place in (written_at, str(old_home.home)):
        assert place not in _dump(old_home.home / "registry" / "mlflow.db")
        records = old_home.records.rglob("*.json")
        assert [file for file in records if place in file.read_text()] == []
    assert _ledger(old_home).verify_chain(MODEL) is None
    assert (saved / "records").is_dir()
    assert not (old_home.home / JOURNAL_FILE).exists()


def test_registered_files_are_found_where_the_home_is_now(old_home: Settings) -> None:
    _upgrade(old_home)
    registry = _registry(old_home)
    for version in registry.versions(MODEL):
        fetched = fetched_version(registry, MODEL, version.version)
        assert fetched.directory.is_relative_to(old_home.home)
        reference = fetched_directory(registry, version.run_id, "reference")
        assert (reference / "reference.json").is_file()


def test_an_upgraded_home_is_not_upgraded_again(old_home: Settings) -> None:
    _upgrade(old_home)
    before = _content(old_home.home)
    assert _upgrade(old_home) is None
    assert _content(old_home.home) == before


@pytest.mark.parametrize(
    "step", ["initialise", "former_homes", "relocate_records", "relocate", "create_schema"]
)
def test_an_upgrade_that_fails_leaves_the_old_home_as_it_was(
    old_home: Settings, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = _content(old_home.home)
    owner = next(one for one in (Ledger, Registry, upgrade) if hasattr(one, step))
    works = getattr(owner, step)

    with monkeypatch.context() as patch:

        def fails(*arguments: object) -> None:
            # What has failed once may be called again to take it back.
            patch.setattr(owner, step, works)
            if step != "create_schema":
                works(*arguments)
            raise OSError(28, "No space left on device")

        patch.setattr(owner, step, fails)
        with pytest.raises(OSError, match="No space left"):
            _upgrade(old_home)
    assert _content(old_home.home) == before
    assert _upgrade(old_home) is not None


def test_what_fails_after_the_ledgers_migration_is_taken_back_too(
    old_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _content(old_home.home)

    def fails(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(upgrade, "write_json", fails)
        with pytest.raises(OSError, match="No space left"):
            _upgrade(old_home)
    after = _content(old_home.home)
    # The ledger has one more column, without a value: its rows and chains are what they were.
    assert after | {"ledger/ledger.db": ""} == before | {"ledger/ledger.db": ""}
    assert _ledger(old_home).verify_chain(MODEL) is None
    assert _upgrade(old_home) is not None


def test_what_others_wrote_before_an_upgrade_is_taken_back_is_not_lost(
    old_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = old_home.records / "latest" / "flight_delay__candidate.json"
    registry = _registry(old_home)

    def fails(*arguments: object) -> None:
        record.write_text("written by a run that nobody stopped")
        with registry.training_run(MODEL, "a run that nobody stopped", {}):
            pass
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "create_schema", fails)
        with pytest.raises(OSError, match="No space left"):
            _upgrade(old_home)
    assert record.read_text() == "written by a run that nobody stopped"
    assert "a run that nobody stopped" in _dump(old_home.home / "registry" / "mlflow.db")


def test_a_home_that_moved_into_a_folder_above_it_is_found(
    packed_home: Path, tmp_path: Path
) -> None:
    """As a project's `.mlops` that became the project's folder."""
    above = tmp_path / "above"
    shutil.copytree(packed_home, above)
    content = json.loads((above / "setup.json").read_text())
    was, here = str(content["home"]), f"{above}/home"
    settings = read_settings({"MLOPS_HOME": str(above)})
    _replace_in_old_home(settings, was, here)
    (above / "setup.json").write_text(json.dumps(content | {"home": here}))

    _upgrade(settings)
    registry = _registry(settings)
    for version in registry.versions(MODEL):
        assert fetched_version(registry, MODEL, version.version).directory.is_relative_to(above)
    stored = (settings.records / "latest" / "flight_delay__bento.json").read_text()
    assert '"path": "bentos/' in stored


def _replace_in_old_home(settings: Settings, was: str, here: str) -> None:
    for file in settings.records.rglob("*.json"):
        file.write_text(file.read_text().replace(was, here))
    with closing(sqlite3.connect(settings.home / "registry" / "mlflow.db")) as database, database:
        for table, column in (*LOCATIONS, DATASET_SOURCES):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (was, here))


def test_a_home_that_has_lost_its_stamp_is_taken_for_the_oldest(old_home: Settings) -> None:
    written_at = json.loads((old_home.home / "setup.json").read_text())["home"]
    (old_home.home / "setup.json").unlink()
    assert _upgrade(old_home) is not None
    assert written_at not in _dump(old_home.home / "registry" / "mlflow.db")
    records = old_home.records.rglob("*.json")
    assert [file for file in records if written_at in file.read_text()] == []


KILLED = """
import os, signal, sys
from pathlib import Path
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.registry.registry import Registry
from mlops_platform.settings import read_settings
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.home import upgrade

settings = read_settings({"MLOPS_HOME": sys.argv[1]})
owner = {"Ledger": Ledger, "Registry": Registry, "upgrade": upgrade}[sys.argv[2]]
works = getattr(owner, sys.argv[3])
def killed(*arguments):
    works(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, sys.argv[3], killed)
upgrade.upgrade_home(deployment_at(settings))
"""


KILLED_AFTER = [
    ("upgrade", "write_text"),
    ("upgrade", "relocate_records"),
    ("Registry", "relocate"),
    ("Ledger", "create_schema"),
    ("upgrade", "write_json"),
]
"""The journal, and every change that follows it; the last is the stamp."""


@pytest.mark.parametrize(("owner", "step"), KILLED_AFTER)
def test_an_upgrade_that_is_killed_is_taken_back_and_done_by_the_next_set_up(
    old_home: Settings, packed_home: Path, tmp_path: Path, owner: str, step: str
) -> None:
    command = [sys.executable, "-c", KILLED, str(old_home.home), owner, step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (old_home.home / JOURNAL_FILE).is_file()
    killed = shutil.copytree(old_home.home, tmp_path / "killed")

    upgrade.undo_interrupted_upgrade(deployment_at(old_home))
    ledger = {} if step not in ("create_schema", "write_json") else {"ledger/ledger.db": "migrated"}
    assert _content(old_home.home) | ledger == _content(packed_home) | ledger

    shutil.rmtree(old_home.home)
    killed.rename(old_home.home)
    assert _upgrade(old_home) is not None
    assert _ledger(old_home).verify_chain(MODEL) is None
    require_current_home(old_home.home)


def test_what_was_decided_after_a_killed_upgrade_is_not_lost(old_home: Settings) -> None:
    command = [sys.executable, "-c", KILLED, str(old_home.home), "upgrade", "write_json"]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    unfrozen = NewDecision(kind="unfreeze", reason="after the kill", actor="alice")
    _ledger(old_home).record_decision(MODEL, unfrozen)

    _upgrade(old_home)
    assert _ledger(old_home).decisions(MODEL, limit=1)[0].reason == "after the kill"


def test_of_two_set_ups_at_once_one_upgrades(old_home: Settings) -> None:
    with ThreadPoolExecutor(2) as threads:
        saved = list(threads.map(lambda _: _upgrade(old_home), range(2)))
    assert sorted(folder is None for folder in saved) == [False, True]
    assert _ledger(old_home).verify_chain(MODEL) is None
    require_current_home(old_home.home)


def test_a_home_that_a_newer_platform_wrote_is_refused_in_one_sentence(old_home: Settings) -> None:
    file = old_home.home / "setup.json"
    file.write_text(json.dumps({"format": FORMAT + 1, "home": str(old_home.home)}))
    before = _content(old_home.home)
    with pytest.raises(FormatError) as refusal:
        _upgrade(old_home)
    assert str(refusal.value) == (
        f"the home {old_home.home} has format {FORMAT + 1}, and this version of the platform "
        f"reads formats up to {FORMAT}: install the version that wrote it, or a newer one."
    )
    assert _content(old_home.home) == before
    with pytest.raises(FormatError):
        refuse_newer_home(old_home.home)


def test_an_old_or_moved_home_asks_for_set_up(old_home: Settings) -> None:
    with pytest.raises(FormatError, match=r"has format 0.*`mlops setup`"):
        require_current_home(old_home.home)
    _upgrade(old_home)
    moved = old_home.home.with_name("moved")
    old_home.home.rename(moved)
    with pytest.raises(SettingsError, match=rf"was set up at {old_home.home}"):
        require_current_home(moved)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"format": "x"}', '{"home": 3}'])
def test_a_damaged_stamp_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "setup.json").write_text(content)
    with pytest.raises(MlopsError, match=r"setup\.json"):
        read_stamp(tmp_path)


def test_a_new_home_says_nowhere_where_it_is(tmp_path: Path) -> None:
    settings = read_settings({"MLOPS_HOME": str(tmp_path / "new")})
    assert read_stamp(settings.home) is None
    require_current_home(settings.home)
    refuse_newer_home(settings.home)

    assert _upgrade(settings) is None
    with _registry(settings).training_run(MODEL, "run", {}) as run:
        run.log_text("note.txt", "x")
    database = _dump(settings.home / "registry" / "mlflow.db")
    assert str(settings.home) not in database
    assert str(Path.cwd()) not in database
    assert list(settings.mlflow_artifacts.rglob("note.txt")) != []
