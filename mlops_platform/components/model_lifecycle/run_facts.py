"""What a run says of itself: where its code comes from, and who started it."""

import dagster as dg

from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.usecases.candidate.provenance import provenance

AUTOMATIONS = ("dagster/sensor_name", "dagster/schedule_name")


def provenance_of(context: dg.AssetExecutionContext) -> dict[str, str]:
    """Code, data definitions and run behind what this step makes."""
    return provenance(PROJECT_ROOT, context.run_id)


def actor_of(context: dg.AssetExecutionContext) -> str:
    """Who acts: the person or automation that Dagster names, else the run itself."""
    for tag in ("user", *AUTOMATIONS):
        if tag in context.run.tags:
            return context.run.tags[tag]
    return f"dagster run {context.run_id[:8]}"


def is_automatic(context: dg.AssetExecutionContext) -> bool:
    """Whether a sensor or a schedule started this run, and no person."""
    return any(tag in context.run.tags for tag in AUTOMATIONS)
