"""Runs of MLflow that stand as running after the run of Dagster that wrote them was killed."""

import dagster as dg

from mlops_platform.components.instance import UNFINISHED, orphaned_runs
from mlops_platform.components.stages import models_of
from mlops_platform.registry.registry import Registry


def dead_registry_runs(registry: Registry, instance: dg.DagsterInstance) -> dict[str, str]:
    """Models of the runs that nobody goes on with, by run: nothing of the model runs in Dagster."""
    unfinished = registry.unfinished_runs()
    if not unfinished:
        return {}
    orphans = {run.run_id for run in orphaned_runs(instance)}
    models = set(unfinished.values())
    at_work = {
        model
        for run in instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
        if run.run_id not in orphans
        for model in models_of(run, models)
    }
    return {run_id: model for run_id, model in unfinished.items() if model not in at_work}


def end_dead_registry_runs(registry: Registry, instance: dg.DagsterInstance) -> dict[str, str]:
    """Mark them as killed, and return them."""
    dead = dead_registry_runs(registry, instance)
    for run_id in dead:
        registry.end_run(run_id)
    return dead
