"""Which models something runs for, or waits to run."""

from collections.abc import Collection
from typing import Final

import dagster as dg

from mlops_platform.components.stages import Stage, models_of, stage_of

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
    return {
        model for run in runs for model in models_of(run, models) if stage_of(run, model) == stage
    }
