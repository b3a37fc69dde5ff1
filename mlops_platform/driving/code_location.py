"""Under which code location Dagster's pages list a run that was executed in this process."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

LOCATION = "mlops_platform"
"""The name that `workspace.yaml` gives to this project's definitions."""


def location_tags(repository: str) -> Mapping[str, str]:
    """Tags by which a job's page finds its runs."""
    label = f"{repository}@{LOCATION}"
    return {".dagster/repository": label, "dagster/code_location": LOCATION}


def list_under_location(instance: dg.DagsterInstance, run_id: str, repository: str) -> None:
    """Give a run that has these tags the origin by which the overview's timeline finds it.

    Dagster gives one only to runs that it launches in another process.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return
    # Its classes have no public name, but Dagster reads for ever what it has once stored.
    stored = {
        "__class__": "ExternalPipelineOrigin",
        "external_repository_origin": {
            "__class__": "ExternalRepositoryOrigin",
            "repository_location_origin": {
                "__class__": "RegisteredRepositoryLocationOrigin",
                "location_name": LOCATION,
            },
            "repository_name": repository,
        },
        "pipeline_name": run.job_name,
    }
    origin: Any = dg.deserialize_value(json.dumps(stored))
    instance.run_storage.replace_job_origin(run, origin)
