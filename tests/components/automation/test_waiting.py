"""Steps that meet a lock, held by another process or connection, and begin anew."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from mlops_platform.components import waiting
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.data.features.warehouse import warehouse_table
from mlops_platform.errors import DataError, MlopsError, TrainingError, is_of_a_lock
from mlops_platform.settings import PROJECT_ROOT
from tests.documents.cases import Case, refuse_undocumented

HOLD_WAREHOUSE = (
    "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
)
CASES = (
    Case(
        given="the warehouse is open in another process when a run builds, publishes or reads it",
        was="the run failed, and its window waited for the next one",
        now="the step begins anew every 30 seconds, ten times",
        reads="Could not set lock on file",
    ),
    Case(
        given="a database of SQLite is locked when a run writes the ledger or the registry",
        was="the run failed, and its window waited for the next one",
        now="the step begins anew every 30 seconds, ten times",
        reads="database is locked",
    ),
)


def read_warehouse(path: Path) -> None:
    with warehouse_table(path, "main", "days", "day", ["id"]) as table:
        table.partitions()


@contextmanager
def warehouse_held(path: Path) -> Iterator[None]:
    """Another process has the file open."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE days AS SELECT DATE '2024-01-01' AS day, 1 AS id")
    command = [sys.executable, "-c", HOLD_WAREHOUSE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield
        process.stdin.close()


def write_database(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"timeout": 0})
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE written (id)"))
    except Exception as error:
        # As MLflow does, with an error of its own.
        raise MlopsError("the registry cannot be written") from error


@contextmanager
def database_held(path: Path) -> Iterator[None]:
    """Another connection writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
        connection.execute("ROLLBACK")


HELD: list[tuple[Case, Callable[[Path], AbstractContextManager[None]], Callable[[Path], None]]] = [
    (CASES[0], warehouse_held, read_warehouse),
    (CASES[1], database_held, write_database),
]


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SECONDS_TO_WAIT", 0)


def run(body: Callable[[], None]) -> dg.ExecuteInProcessResult:
    @dg.asset
    @waits_for_locks
    def asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        body()
        yield dg.MaterializeResult()

    return dg.materialize([asset], raise_on_error=False)


def test_these_cases_are_documented() -> None:
    refuse_undocumented("Windows and gate", CASES)


@pytest.mark.parametrize(("case", "held", "opened"), HELD)
def test_a_lock_of_another_is_waited_for(
    tmp_path: Path,
    case: Case,
    held: Callable[[Path], AbstractContextManager[None]],
    opened: Callable[[Path], None],
) -> None:
    path, holder = tmp_path / "held", None

    def body() -> None:
        nonlocal holder
        if holder is not None:
            holder.__exit__(None, None, None)
            return opened(path)
        holder = held(path)
        holder.__enter__()
        return opened(path)

    result = run(body)

    assert result.success
    [again] = [event for event in result.all_events if event.is_step_up_for_retry]
    assert case.reads in str(again.step_retry_data.error)


def test_a_lock_that_nobody_lets_go_of_fails_the_run_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITS", 2)
    with database_held(tmp_path / "held"):
        result = run(lambda: write_database(tmp_path / "held"))
    assert not result.success
    assert len([event for event in result.all_events if event.is_step_up_for_retry]) == 2
    [failure] = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None
    assert "the registry cannot be written" in str(error.cause)


@pytest.mark.parametrize(
    "error", [TrainingError("one class"), DataError("a column lacks"), sqlite3.IntegrityError("x")]
)
def test_any_other_error_fails_the_run_at_once(error: Exception) -> None:
    attempts = []

    def body() -> None:
        attempts.append(1)
        raise error

    assert not run(body).success
    assert len(attempts) == 1
    assert not is_of_a_lock(error)


def test_every_asset_of_a_model_waits() -> None:
    folder = PROJECT_ROOT / "mlops_platform" / "components" / "model_lifecycle"
    texts = [file.read_text(encoding="utf-8") for file in folder.rglob("*.py")]
    bodies = [body for text in texts for body in re.findall(r"\n    \)\n    (@?\w+).*\n", text)]
    declared = sum(text.count("@dg.asset(") for text in texts)
    assert declared == bodies.count("@waits_for_locks") > 10
