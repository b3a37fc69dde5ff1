"""The doctor looks at what it can, and tells what it cannot; it never ends in a traceback."""

import json
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.instance import open_instance
from mlops_platform.ledger import database
from mlops_platform.settings import Settings, settings
from tests.homes.set_up import set_up_without_manifest

Damage = Callable[[Settings], AbstractContextManager[None]]
GARBAGE = b"no database, and no Parquet either. " * 300


@pytest.fixture
def deployed(home: Settings) -> Settings:
    """What `mlops setup` leaves behind, without the dbt manifest."""
    set_up_without_manifest(home)
    with open_instance():
        pass
    return home


def _garbage(*parts: str) -> Damage:
    @contextmanager
    def damage(home: Settings) -> Iterator[None]:
        file = home.home.joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(GARBAGE)
        yield

    return damage


@contextmanager
def _locked_ledger(home: Settings) -> Iterator[None]:
    holder = sqlite3.connect(home.home / "ledger" / "ledger.db")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        holder.close()


@contextmanager
def _full_disk(home: Settings) -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def _folder_that_is_a_file(home: Settings) -> Iterator[None]:
    home.dagster_home.rename(home.home / "away")
    home.dagster_home.write_text("a file where the folder belongs")
    yield


DAMAGES: dict[str, tuple[Damage, str]] = {
    "a ledger that is none": (_garbage("ledger", "ledger.db"), "models"),
    "a ledger that is locked": (_locked_ledger, "models"),
    "a warehouse that is none": (
        _garbage("warehouse", "warehouse.duckdb"),
        "warehouse.duckdb && DAGSTER_HOME=",
    ),
    "a landed day that is no Parquet": (
        _garbage("lake", "landing", "tides", "day=2024-03-05", "data.parquet"),
        "tides",
    ),
    "what a build has seen that is no JSON": (
        _garbage("lake", "features", "_builds.json"),
        "dg launch --job build_features",
    ),
    "a record that is no JSON": (
        _garbage("records", "latest", "flight_delay__performance", "2013-04-01.json"),
        "mlops doctor --deep",
    ),
    "a stamp that is no JSON": (_garbage("setup.json"), "mlops setup"),
    "runs that are none": (_garbage("dagster", "history", "runs.db"), ""),
    "a folder that is a file": (_folder_that_is_a_file, "Dagster's history"),
    "a full disk": (_full_disk, "df -h"),
}
SILENT = "postgresql+psycopg2://mlops:secret@127.0.0.1:1/mlops"


@pytest.mark.parametrize("deep", [(), ("--deep",)], ids=["doctor", "deep"])
@pytest.mark.parametrize(("damage", "where"), DAMAGES.values(), ids=DAMAGES)
def test_what_cannot_be_looked_at_is_told(
    deployed: Settings,
    monkeypatch: pytest.MonkeyPatch,
    damage: Damage,
    where: str,
    deep: tuple[str, ...],
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with damage(deployed):
        shown = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["doctor", *deep])
    assert shown.exit_code in (0, 1), shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
    assert "Traceback" not in shown.output
    assert "nobody foresaw" not in shown.output
    assert where in shown.output
    assert shown.exit_code == 0 or "cure: " in shown.output


@pytest.mark.parametrize(
    ("name", "url", "where"),
    [
        ("MLOPS_LEDGER_URL", SILENT, "ledger, models"),
        ("MLOPS_MLFLOW_TRACKING_URI", SILENT, "MLflow's runs, "),
        ("MLOPS_MLFLOW_TRACKING_URI", "http://127.0.0.1:1", "MLflow's runs, "),
    ],
)
def test_a_server_that_does_not_answer_is_told_once_and_nothing_is_to_be_restored(
    deployed: Settings, monkeypatch: pytest.MonkeyPatch, name: str, url: str, where: str
) -> None:
    monkeypatch.setenv(name, url)
    settings.cache_clear()
    shown = CliRunner(env={"COLUMNS": "400"}).invoke(main, ["doctor"])
    assert shown.exit_code == 1
    assert shown.output.count("cure: ") == 1
    assert f"error  {where}" in shown.output
    assert "Connection refused" in shown.output
    assert "cure: mlops doctor   # again, once the server that is named answers" in shown.output
    assert "secret" not in shown.output


def test_of_a_home_whose_stamp_is_damaged_nothing_else_is_looked_at(deployed: Settings) -> None:
    stamp = deployed.home / "setup.json"
    stamp.write_text('{"format": ')
    settings.cache_clear()
    shown = CliRunner().invoke(main, ["doctor", "--json"])
    [fault] = json.loads(shown.output)["faults"]
    assert (fault["severity"], fault["where"]) == ("error", str(stamp))
    assert fault["cure"].endswith(f"rm {stamp} && mlops setup")


def _run(*arguments: str) -> str:
    return CliRunner(env={"COLUMNS": "400"}).invoke(main, list(arguments)).output


def test_the_cure_of_a_ledger_whose_guards_are_gone_cures_it(deployed: Settings) -> None:
    assert "set up" in _run("setup")
    assert _run("doctor", "--deep") == "nothing to cure\n"
    with closing(sqlite3.connect(deployed.home / "ledger" / "ledger.db")) as connection:
        connection.execute("DROP TRIGGER releases_no_update")
        connection.commit()
    assert "cure: mlops setup\n" in _run("doctor", "--deep")
    assert "set up" in _run("setup")
    assert _run("doctor", "--deep") == "nothing to cure\n"


def test_a_damaged_history_is_told_by_who_reads_it(deployed: Settings) -> None:
    _run("setup")
    (deployed.dagster_home / "history" / "runs.db").write_bytes(GARBAGE)
    output = _run("watch", "flight_delay")
    assert f"A database of {deployed.home} is damaged. `mlops doctor --deep` names it" in output
    assert "nobody foresaw" not in output
