"""A killed run never blocks the next one."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import dagster as dg
import psutil
import pytest

from mlops_platform.components import instance as instance_module
from mlops_platform.components.instance import (
    fail_orphaned_runs,
    forget_automation_of,
    free_dead_slots,
    open_instance,
    process_is_alive,
)
from mlops_platform.settings import Settings

HOLD_THE_POOL = """
import time
import dagster as dg

@dg.asset(pool="warehouse")
def slow():
    print("holding", flush=True)
    time.sleep(600)

from mlops_platform.components.record_io_manager import RecordIOManager

resources = {"io_manager": RecordIOManager()}
dg.materialize([slow], instance=dg.DagsterInstance.get(), resources=resources)
"""


@dg.asset(pool="warehouse")
def quick() -> None:
    """Wants the pool that the killed run held."""


def _start_a_run_that_holds_the_pool() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_POOL], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "holding"
    return process


def test_a_killed_run_is_failed_and_its_pool_slot_is_free_again(home) -> None:
    process = _start_a_run_that_holds_the_pool()
    process.kill()
    process.wait()

    with open_instance() as instance:
        (orphan,) = instance.get_runs()
        assert orphan.status == dg.DagsterRunStatus.STARTED
        assert fail_orphaned_runs(instance) == [orphan.run_id]
        assert instance.get_run_by_id(orphan.run_id).status == dg.DagsterRunStatus.FAILURE

        began = time.monotonic()
        assert dg.materialize([quick], instance=instance).success
        assert time.monotonic() - began < 30


def test_a_run_whose_process_lives_is_left_alone(home) -> None:
    process = _start_a_run_that_holds_the_pool()
    try:
        with open_instance() as instance:
            assert fail_orphaned_runs(instance) == []
            (run,) = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.STARTED
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("hours", [-1, 1, 30 * 24])
def test_a_live_run_outlives_a_clock_that_is_set(
    home, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    process = _start_a_run_that_holds_the_pool()
    began = psutil.Process.create_time
    # What the system tells of the past after its clock was set, and what it tells of the present.
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: began(self) + 3600 * hours)
    monkeypatch.setattr(
        instance_module, "time", SimpleNamespace(time=lambda: time.time() + 3600 * hours)
    )
    try:
        with open_instance() as instance:
            assert fail_orphaned_runs(instance) == []
            process.kill()
            process.wait()
            assert len(fail_orphaned_runs(instance)) == 1
            assert list((home.dagster_home / "live_runs").iterdir()) == []
    finally:
        process.kill()
        process.wait()


def test_a_process_id_that_was_used_again_does_not_count_as_alive() -> None:
    now = time.time()
    assert process_is_alive(os.getpid(), seen_at=now)
    assert not process_is_alive(os.getpid(), seen_at=now - 7 * 86400)


def test_the_pool_limit_of_the_shipped_dagster_yaml_is_in_force(home) -> None:
    with open_instance() as instance:
        assert instance.get_concurrency_config().pool_config.default_pool_limit == 1


def test_a_slot_that_a_finished_run_still_holds_is_freed(home) -> None:
    process = _start_a_run_that_holds_the_pool()
    process.kill()
    process.wait()

    with open_instance() as instance:
        (orphan,) = instance.get_runs()
        instance.report_run_canceled(orphan)
        assert fail_orphaned_runs(instance) == []
        free_dead_slots(instance)
        assert dg.materialize([quick], instance=instance).success


def test_what_was_switched_on_for_single_models_is_forgotten_and_nothing_else(
    home: Settings,
) -> None:
    from dagster._core import remote_origin
    from dagster._core.scheduler import instigation

    location = remote_origin.RegisteredCodeLocationOrigin("mlops_platform")
    repository = remote_origin.RemoteRepositoryOrigin(location, "__repository__")
    former = {"watch_churn", "retrain_churn_periodically", "retrain_churn_periodically_2"}
    others = {"watch", "watch_birds", "churn_mails", "export_online"}
    with open_instance() as instance:
        for name in former | others:
            instance.add_instigator_state(
                instigation.InstigatorState(
                    remote_origin.RemoteInstigatorOrigin(repository, name),
                    instigation.InstigatorType.SENSOR,
                    instigation.InstigatorStatus["STOPPED" if name == "watch_churn" else "RUNNING"],
                )
            )
        assert forget_automation_of(instance, ["churn", "online"]) == ["watch_churn"]
        left = {state.instigator_name for state in instance.all_instigator_state()}
    assert left == others


def test_ticks_that_asked_for_nothing_are_not_kept_for_a_week(home) -> None:
    from dagster._core.scheduler import instigation

    with open_instance() as instance:
        settings = instance.get_tick_retention_settings(instigation.InstigatorType.SENSOR)
    days = {status.value: days for status, days in settings.items()}
    assert days["SKIPPED"] == 1
    assert days["SUCCESS"] == days["FAILURE"] == 30
