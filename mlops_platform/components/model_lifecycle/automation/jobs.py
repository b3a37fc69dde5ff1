"""The shared jobs: one of each stage, whatever the number of models."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import dagster as dg

from mlops_platform.components.stages import (
    STAGE_TAG,
    Stage,
    model_tags,
    stage_keys,
)

ANY_ASSETS: Final = "__ASSET_JOB"
"""Dagster's own job over every asset: no other may hold windows of several calendars."""
JOBS: Final[Mapping[Stage, str]] = MappingProxyType(
    {
        "train": (
            "Trains and judges a candidate; one that passes the gate is released, documented and "
            "packaged. Losing is a normal outcome: the run succeeds."
        ),
        "backtest": "Replays the past of a model under every retraining policy.",
        "roll_out": "Judges a challenger: promote, abort or wait.",
        "land_served": "Lands a prediction log and proves it against the pipeline.",
        "export_online": "Replaces an online store by what is published.",
    }
)
"""Descriptions of the shared jobs, by their names."""


def shared_jobs() -> dg.Definitions:
    """The jobs over the assets of all models; a run of one is about one model."""
    jobs = [
        dg.define_asset_job(
            stage,
            selection=dg.AssetSelection.tag(STAGE_TAG, stage),
            description=f"{description} Choose the assets of one model.",
        )
        for stage, description in JOBS.items()
    ]
    return dg.Definitions(jobs=jobs)


def stage_request(
    model: str,
    stage: Stage,
    run_key: str | None = None,
    *,
    tags: Mapping[str, str] = MappingProxyType({}),
) -> dg.RunRequest:
    """A run of one stage of one model."""
    return dg.RunRequest(
        run_key=run_key,
        job_name=stage,
        asset_selection=stage_keys(model, stage),
        tags={**model_tags(model), **tags},
    )
