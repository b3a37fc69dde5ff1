"""The doctor looks at what it can, and tells what it cannot; it never ends in a traceback."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from click.testing import CliRunner

from mlops_platform.cli import main
from mlops_platform.components.instance import open_instance
from mlops_platform.ledger import database
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from tests.homes.blank_registry import put_blank_registry

Damage = Callable[[Settings], AbstractContextManager[None]]
GARBAGE = b"no database, and no Parquet either. " * 300


@pytest.fixture
def deployed(home: Settings) -> Settings:
    """What `mlops setup` leaves behind, without the dbt manifest."""
    open_deployment().ledger.create_schema()
    put_blank_registry(home.home)
    (home.home / "setup.json").write_text("{}")
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
    "a warehouse that is none": (_garbage("warehouse", "warehouse.duckdb"), "warehouse.duckdb"),
    "a landed day that is no Parquet": (
        _garbage("lake", "landing", "tides", "day=2024-03-05", "data.parquet"),
        "tides",
    ),
    "what a build has seen that is no JSON": (_garbage("lake", "features", "builds.json"), ""),
    "runs that are none": (_garbage("dagster", "history", "runs.db"), ""),
    "a folder that is a file": (_folder_that_is_a_file, "Dagster's history"),
    "a full disk": (_full_disk, ""),
}


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
