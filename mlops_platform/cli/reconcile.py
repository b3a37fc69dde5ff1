"""`mlops reconcile`: the alias and the pointer say what the ledger says."""

import click

from mlops_platform.cli.console import console
from mlops_platform.settings import settings


@click.command()
def command() -> None:
    """Rebuild the alias and the release pointer from the ledger."""
    if not reconcile_everything():
        console.print("nothing to repair")


def reconcile_everything() -> bool:
    """Repair every released model; returns whether anything was out of step."""
    from mlops_platform.components.model_lifecycle.services import open_ledger, open_registry
    from mlops_platform.usecases.reconcile import reconcile

    ledger, registry, repaired = open_ledger(), open_registry(), False
    for model in ledger.models():
        for repair in reconcile(ledger, registry, settings().release_pointer(model), model):
            console.print(f"[yellow]repaired[/] {model}: {repair}")
            repaired = True
    return repaired
