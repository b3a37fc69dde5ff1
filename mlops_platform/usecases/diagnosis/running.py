"""What is wrong with the processes of a deployment: runs, the warehouse's lock, clocks."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.usecases.diagnosis.facts import Facts
from mlops_platform.usecases.diagnosis.fault import Fault

COMMAND_CHARACTERS: Final = 120
HEAL: Final = "mlops doctor --heal"


def faults_of_processes(facts: Facts) -> Iterator[Fault]:
    """Runs that are gone, slots that are held, servers, a locked warehouse, replayed clocks."""
    yield from _of_runs(facts)
    yield from _of_servers(facts)
    yield from _of_lock(facts)
    yield from _of_clocks(facts)


def _of_runs(facts: Facts) -> Iterator[Fault]:
    for run_id, job in facts.lost_runs.items():
        yield Fault(
            severity="error",
            what="the process of this run is gone, and the run counts as running",
            where=f"run {run_id[:8]} of {job}",
            cure=HEAL,
        )
    for run_id, model in facts.dead_registry_runs.items():
        yield Fault(
            severity="warning",
            what="who wrote this run of MLflow was killed, and it stands as running",
            where=f"MLflow run {run_id[:8]} of {model}",
            cure=HEAL,
        )
    for pool, run_id in facts.held_slots:
        yield Fault(
            severity="error",
            what=f"the finished run {run_id[:8]} still holds a slot, so that others wait for it",
            where=f"pool {pool}",
            cure=HEAL,
        )


def _of_servers(facts: Facts) -> Iterator[Fault]:
    """They answer on, which is meant of a service; but nobody replaces or stops them."""
    if facts.left_servers:
        pids = " ".join(map(str, facts.left_servers))
        yield Fault(
            severity="warning",
            what=f"{len(facts.left_servers)} processes of a service go on without the `mlops` that "
            "started it: they answer, and nobody replaces a dead one or stops them",
            where=next(iter(facts.left_servers.values()))[:COMMAND_CHARACTERS],
            cure=f"kill {pids}   # and start it again",
        )


def _of_lock(facts: Facts) -> Iterator[Fault]:
    lock = facts.lock
    if lock is None:
        return
    if lock.damaged:
        yield damaged_warehouse(lock.path, lock.problem, facts.launch)
        return
    end = f"kill {lock.pid}" if lock.pid else f"fuser {lock.path}   # names who has it open"
    yield Fault(
        severity="information" if lock.building else "warning",
        what=lock.problem,
        where=str(lock.path),
        cure="none while a build runs" if lock.building else end,
    )


def damaged_warehouse(warehouse: Path, problem: str, launch: Callable[[str], str]) -> Fault:
    """That a warehouse cannot be read; all that it holds is made of what has landed.

    Args:
        launch: the command that runs a job.
    """
    build = launch("--job build_features")
    return Fault(
        severity="error",
        what=" ".join(problem.split()),
        where=str(warehouse),
        cure=f"rm {shlex.quote(str(warehouse))} && {build}   # builds all days again",
    )


def _of_clocks(facts: Facts) -> Iterator[Fault]:
    for model in facts.models:
        if model.replayed is not None:
            yield Fault(
                severity="information",
                what=(
                    f"time stands at {moment_text(model.now)} for {model.model}: its history "
                    "is replayed"
                ),
                where=str(model.replayed),
                cure="none; its replay moves it on, and without this file it lives in the present",
            )
