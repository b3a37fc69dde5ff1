"""The Dagster instance of this deployment, and the runs that a dead process left behind."""

import os
import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import dagster as dg
import psutil

from mlops_platform.components.run_locks import forget_run, run_is_held
from mlops_platform.settings import settings

STARTING_GRACE_SECONDS = 120
FORMER_AUTOMATION = (
    "watch",
    "retrain",
    "alerts",
    "rollout",
    "probation",
    "export",
    "land_served",
)
SHARED = ("export_online", "land_served")
"""Sensors of today that a model named `online` or `served` would have had as its own."""
UNFINISHED = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def open_instance() -> dg.DagsterInstance:
    """The instance under `MLOPS_HOME`; creates its databases at the first call."""
    home = settings().dagster_home
    home.mkdir(parents=True, exist_ok=True)
    os.environ["DAGSTER_HOME"] = str(home)
    return dg.DagsterInstance.get()


@contextmanager
def instance_if_reachable() -> Iterator[tuple[dg.DagsterInstance | None, Exception | None]]:
    """Yield the instance, or why it cannot be opened."""
    try:
        instance = open_instance()
    except Exception as error:  # Dagster's, SQLAlchemy's or the system's: who looks tells it
        yield None, error
        return
    with instance:
        yield instance, None


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs whose process is gone, and free the pool slots that they still hold.

    A run that was killed with -9 never says so: without this, the next run that wants its pool
    waits for a slot that nobody will give back.

    Returns:
        Ids of the runs that were failed.
    """
    orphans = orphaned_runs(instance)
    for run in orphans:
        instance.report_run_failed(run, "The process of this run is gone; failed at start-up.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
        forget_run(run.run_id)
    return [run.run_id for run in orphans]


def orphaned_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Unfinished runs whose process is gone."""
    unfinished = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    return [run for run in unfinished if _is_orphaned(instance, run)]


def free_dead_slots(instance: dg.DagsterInstance) -> None:
    """Free pool slots that finished or deleted runs still hold."""
    for _, run_id in dead_slots(instance):
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def dead_slots(instance: dg.DagsterInstance) -> list[tuple[str, str]]:
    """Pools with the finished or deleted runs that hold a slot of them, or wait for one."""
    storage, slots = instance.event_log_storage, []
    for key in sorted(storage.get_concurrency_keys()):
        info = storage.get_concurrency_info(key)
        for run_id in sorted({*info.active_run_ids, *info.pending_run_ids}):
            run = instance.get_run_by_id(run_id)
            if run is None or run.is_finished:
                slots.append((key, run_id))
    return slots


def forget_automation_of(instance: dg.DagsterInstance, models: Collection[str]) -> list[str]:
    """Forget the sensors and schedules of single models, from before all models shared them.

    The daemon would look for them in vain, and say so, at every tick.

    Returns:
        Names of those that a person had switched off.
    """
    kinds, names = "|".join(FORMER_AUTOMATION), "|".join(map(re.escape, models))
    former = re.compile(rf"({kinds})_({names})(_periodically(_\d+)?)?")
    switched_off = []
    for state in instance.all_instigator_state():
        name = state.instigator_name
        if former.fullmatch(name) and name not in SHARED:
            instance.delete_instigator_state(state.instigator_origin_id, state.selector_id)
            if not state.is_running:
                switched_off.append(name)
    return sorted(switched_off)


def _is_orphaned(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    if run_is_held(run.run_id):
        return False
    # It has not begun its first step, is between two steps, or is dead.
    processes = list(_processes(instance, run.run_id))
    if not processes:
        # The launcher has not said yet which process it started.
        record = instance.get_run_record_by_id(run.run_id)
        return record is not None and (
            # By its last change: it may have waited in the queue for hours before it was launched.
            time.time() - record.update_timestamp.timestamp() > STARTING_GRACE_SECONDS
        )
    return not any(process_is_alive(pid, seen_at) for pid, seen_at in processes)


def _processes(instance: dg.DagsterInstance, run_id: str) -> Iterator[tuple[int, float]]:
    """Process ids that the run's engine events name, and when they were named."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.dagster_event
        pid = event.engine_event_data.metadata.get("pid") if event else None
        if pid is not None:
            yield int(str(pid.value)), entry.timestamp


def process_is_alive(pid: int, seen_at: float) -> bool:
    """Whether the process that had this id then still has it: ids are used again."""
    try:
        process = psutil.Process(pid)
        started_before = process.create_time() <= seen_at + 1
        return started_before and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
