"""What Dagster says of itself while it loads."""

import warnings

import dagster as dg


def ignore_dagsters_own() -> None:
    """Dagster warns of what it calls beta where it uses it itself: 55 times for each loading.

    Where we use such a thing it goes on warning.
    """
    warnings.filterwarnings("ignore", category=dg.BetaWarning, module=r"dagster(_dbt)?\.")
