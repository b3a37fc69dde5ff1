"""What every start puts right, so that nothing that was killed blocks what comes next."""

import dagster as dg

from mlops_platform.cli.console import console
from mlops_platform.cli.release.reconcile import reconcile_everything
from mlops_platform.components.instance import fail_orphaned_runs, free_dead_slots
from mlops_platform.components.registry_runs import end_dead_registry_runs
from mlops_platform.usecases.deployment import open_deployment


def heal(instance: dg.DagsterInstance) -> None:
    """Fail orphaned runs, free their pool slots, and rebuild what follows the ledger.

    Runs of MLflow that they wrote are marked as killed.
    """
    for run_id in fail_orphaned_runs(instance):
        console.print(f"[yellow]failed orphaned run[/] {run_id}")
    free_dead_slots(instance)
    for run_id, model in end_dead_registry_runs(open_deployment().registry, instance).items():
        console.print(f"[yellow]marked as killed[/] MLflow run {run_id} of {model}")
    reconcile_everything()
