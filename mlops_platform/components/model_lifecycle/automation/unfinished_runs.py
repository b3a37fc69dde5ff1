"""Which models something runs for, or waits to run."""

from collections.abc import Collection
from typing import Final

import dagster as dg

from mlops_platform.components.stages import Stage, model_of, stage_of

UNFINISHED: Final = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def models_at_work(instance: dg.DagsterInstance, stage: Stage, models: Collection[str]) -> set[str]:
    """Those of the models that have an unfinished run of a stage, whoever started it."""
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    owners = ((model_of(run, models), run) for run in runs)
    return {model for model, run in owners if model is not None and stage_of(run, model) == stage}
