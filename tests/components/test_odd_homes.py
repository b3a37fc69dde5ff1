"""Dagster's databases are below the home, whatever it is called."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from mlops_platform.components.event_log import PooledSqliteEventLogStorage
from mlops_platform.components.instance import open_instance
from mlops_platform.settings import PROJECT_ROOT, settings


@dg.op
def compute() -> int:
    return 1


@dg.job(executor_def=dg.in_process_executor)
def small() -> None:
    compute()


@dg.schedule(job=small, cron_schedule="0 0 * * *")
def nightly() -> dict[str, object]:
    return {}


def run_and_schedule() -> str:
    with open_instance() as instance:
        run = small.execute_in_process(instance=instance)
        assert run.success
        repository = dg.Definitions(jobs=[small], schedules=[nightly]).get_repository_def()
        assert [schedule.name for schedule in repository.schedule_defs] == ["nightly"]
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)
        assert list(instance.all_instigator_state()) == []
    return run.run_id


def test_runs_and_schedules_are_stored_below_an_odd_name(
    odd_folder: Path, monkeypatch: pytest.MonkeyPatch, cache_folder: Path
) -> None:
    monkeypatch.setenv("MLOPS_HOME", str(odd_folder))
    monkeypatch.setenv("DAGSTER_HOME", "set by open_instance")
    settings.cache_clear()
    try:
        (odd_folder / "dagster").mkdir()
        # The storage itself puts the folder in, where set-up has not.
        shutil.copy(PROJECT_ROOT / "dagster.yaml", odd_folder / "dagster")
        run_id = run_and_schedule()
    finally:
        settings.cache_clear()

    history = odd_folder / "dagster" / "history"
    with closing(sqlite3.connect(history / "runs.db")) as connection:
        assert connection.execute("SELECT run_id FROM runs").fetchall() == [(run_id,)]
    with closing(sqlite3.connect(history / "runs" / f"{run_id}.db")) as connection:
        ((events,),) = connection.execute("SELECT count(*) FROM event_logs").fetchall()
    assert events > 5
    assert (odd_folder / "dagster" / "schedules" / "schedules.db").is_file()
    assert [path.name for path in odd_folder.parent.iterdir()] == [odd_folder.name]
