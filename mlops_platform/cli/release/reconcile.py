"""`mlops reconcile`: the alias and the pointer say what the ledger says."""

import click
from rich.markup import escape

from mlops_platform.cli.console import console
from mlops_platform.errors import LedgerError
from mlops_platform.usecases.deployment import open_deployment


@click.command()
def command() -> None:
    """Rebuild the alias and the release pointer from the ledger."""
    if not reconcile_everything():
        console.print("nothing to repair")


def reconcile_everything() -> bool:
    """Repair every released model; returns whether anything was out of step.

    Raises:
        LedgerError: a row of the ledger was changed after it was written.
    """
    from mlops_platform.usecases.release.reconcile import reconcile

    deployment, repaired = open_deployment(), False
    for model in deployment.ledger.models():
        fault = deployment.ledger.verify_chain(model)
        if fault is not None:
            raise LedgerError(
                f"{fault.table} {fault.row} of {model!r}: {fault.problem}. Nothing is projected "
                "from a ledger that was changed; restore it from a backup."
            )
        for repair in reconcile(deployment, model):
            console.print(f"[yellow]repaired[/] {model}: {escape(repair.told)}", highlight=False)
            repaired = True
    return repaired
