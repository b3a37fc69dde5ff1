"""Requests for runs, all of them in the one job that holds every asset."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import dagster as dg

from mlops_platform.components.stages import Stage, run_tags, stage_keys

ANY_ASSETS: Final = "__ASSET_JOB"
"""Dagster's own job over every asset, under the name that it has had since Dagster 1.0."""


def stage_request(
    model: str,
    stage: Stage,
    run_key: str | None = None,
    *,
    tags: Mapping[str, str] = MappingProxyType({}),
    config: Mapping[str, Any] | None = None,
) -> dg.RunRequest:
    """A run of one stage of one model, with its run configuration."""
    return dg.RunRequest(
        run_key=run_key,
        job_name=ANY_ASSETS,
        asset_selection=stage_keys(model, stage),
        tags={**run_tags(model, stage), **tags},
        run_config=None if config is None else dict(config),
    )
