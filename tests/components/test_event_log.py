"""The pooled event log stores what Dagster's own stores."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date, timedelta
from uuid import uuid4

import dagster as dg
import pytest

from mlops_platform.components.event_log import MAX_OPEN_DATABASES, PooledSqliteEventLogStorage
from mlops_platform.components.instance import open_instance
from mlops_platform.driving.driver import QUIET, day_range

DAYS = dg.DailyPartitionsDefinition(start_date="2013-01-01", end_date="2013-02-01")


@dg.asset(partitions_def=DAYS, backfill_policy=dg.BackfillPolicy.single_run())
def facts() -> None:
    """A daily asset."""


JOB = dg.Definitions([facts], jobs=[dg.define_asset_job("land", [facts])])


def _land(instance: dg.DagsterInstance, first: date, days: int) -> dg.ExecuteInProcessResult:
    last = first + timedelta(days=days - 1)
    return JOB.resolve_job_def("land").execute_in_process(
        instance=instance,
        tags=day_range([first, last]),
        run_config=QUIET,
    )


def test_the_shipped_dagster_yaml_uses_it(home) -> None:
    with open_instance() as instance:
        assert isinstance(instance.event_log_storage, PooledSqliteEventLogStorage)


def test_every_day_of_a_range_is_materialised_and_another_process_would_see_it(home) -> None:
    with open_instance() as instance:
        assert _land(instance, date(2013, 1, 3), 5).success
    with open_instance() as instance:
        assert instance.get_materialized_partitions(facts.key) == {
            f"2013-01-0{day}" for day in range(3, 8)
        }
        (run,) = instance.get_runs()
        started = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
        assert [entry.step_key for entry in started] == ["facts"]


def test_it_agrees_with_the_storage_of_dagster_itself(home, tmp_path) -> None:
    def materialisations(instance: dg.DagsterInstance) -> list[tuple[str | None, str]]:
        found = instance.fetch_materializations(facts.key, limit=100).records
        return sorted((record.partition_key, str(record.asset_key)) for record in found)

    (tmp_path / "plain").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "plain")) as plain:
        _land(plain, date(2013, 1, 1), 4)
        expected = materialisations(plain)
    with open_instance() as pooled:
        _land(pooled, date(2013, 1, 1), 4)
        assert materialisations(pooled) == expected


def test_threads_that_read_while_a_run_writes_neither_fail_nor_block(home) -> None:
    failures: list[Exception] = []
    ended = threading.Event()

    with open_instance() as instance:

        def read() -> None:
            while not ended.is_set():
                try:
                    for run in instance.get_runs():
                        instance.all_logs(run.run_id)
                    instance.get_materialized_partitions(facts.key)
                except Exception as error:
                    failures.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert _land(instance, date(2013, 1, 1), 20).success
        ended.set()
        for thread in threads:
            thread.join(timeout=30)

    assert failures == []


def test_databases_that_were_longest_unused_are_closed(home) -> None:
    with open_instance() as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, PooledSqliteEventLogStorage)
        for run in range(MAX_OPEN_DATABASES + 3):
            with storage.run_connection(f"run-{run}"):
                pass
        assert len(storage._engines) == MAX_OPEN_DATABASES
        with storage.run_connection("run-0") as connection:
            assert connection.exec_driver_sql("select count(*) from event_logs").scalar() == 0


def test_a_deleted_run_is_gone(home) -> None:
    with open_instance() as instance:
        run_id = _land(instance, date(2013, 1, 1), 2).run_id
        instance.delete_run(run_id)
        assert instance.get_run_by_id(run_id) is None
        assert instance.all_logs(run_id) == []


LAND_IN_ANOTHER_PROCESS = """
import sys
import dagster as dg
import pytest

@dg.asset
def slow():
    return None

job = dg.Definitions([slow], jobs=[dg.define_asset_job("j", [slow])]).resolve_job_def("j")
with dg.DagsterInstance.get() as instance:
    job.execute_in_process(instance=instance, run_id=sys.argv[1])
"""


def test_a_watcher_sees_the_events_of_a_run_in_another_process(home) -> None:
    """The run page of the UI lives on this."""
    run_id, seen, succeeded = str(uuid4()), [], threading.Event()

    def watch(entry: dg.EventLogEntry, _cursor: str) -> None:
        seen.append(entry)
        if entry.dagster_event and entry.dagster_event.is_job_success:
            succeeded.set()

    with open_instance() as instance:
        instance.watch_event_logs(run_id, None, watch)
        subprocess.run(
            [sys.executable, "-c", LAND_IN_ANOTHER_PROCESS, run_id], check=True, timeout=120
        )
        assert succeeded.wait(timeout=60), f"saw only {len(seen)} events"
        instance.end_watch_event_logs(run_id, watch)


def test_a_tool_without_dagster_home_does_not_litter_the_working_folder(
    home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    storage = PooledSqliteEventLogStorage.from_config_value(None, {})
    assert storage.path_for_shard("x").startswith(str(home.dagster_home))


def test_a_second_run_starts_from_an_empty_database_of_its_own(home) -> None:
    with open_instance() as instance:
        first = _land(instance, date(2013, 1, 3), 1)
        second = _land(instance, date(2013, 1, 4), 1)
        for result, day in ((first, "2013-01-03"), (second, "2013-01-04")):
            kind = dg.DagsterEventType.ASSET_MATERIALIZATION
            (entry,) = instance.all_logs(result.run_id, of_type=kind)
            assert entry.dagster_event.partition == day
        storage = instance.event_log_storage
        assert {first.run_id, second.run_id} == {*storage.get_all_run_ids()} - {"index"}
    # What was copied is what Dagster itself would have made.
    schemas = [_schema(storage.path_for_shard(run.run_id)) for run in (first, second)]
    assert schemas[0] == schemas[1] != []


def _schema(file: str) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(file)) as database:
        tables = database.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*tables, *database.execute("SELECT * FROM alembic_version").fetchall()]
