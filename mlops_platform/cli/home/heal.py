"""What every start puts right, so that nothing that was killed blocks what comes next."""

import dagster as dg

from mlops_platform.cli.console import console
from mlops_platform.cli.release.reconcile import reconcile_everything
from mlops_platform.components.instance import fail_orphaned_runs, free_dead_slots


def heal(instance: dg.DagsterInstance) -> None:
    """Fail orphaned runs, free their pool slots, and rebuild what follows the ledger."""
    for run_id in fail_orphaned_runs(instance):
        console.print(f"[yellow]failed orphaned run[/] {run_id}")
    free_dead_slots(instance)
    reconcile_everything()
