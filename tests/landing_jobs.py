"""Which job lands the days of a table: landings of other days have one of their own."""

import dagster as dg

from mlops_platform.components.landing.jobs import daily_landings


def landing_job(definitions: dg.Definitions, table: str) -> str:
    """The job that lands a table's days."""
    (job,) = (
        landing.job
        for landing in daily_landings(definitions)
        if dg.AssetKey(["landing", table]) in landing.keys
    )
    return job
