"""`mlops reconcile`: the alias and the pointer say what the ledger says."""

import click
from rich.markup import escape

from mlops_platform.cli.console import answer, console, json_option, say
from mlops_platform.errors import LedgerError
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Rebuild the alias and the release pointer from the ledger."""
    repaired = reconcile_everything()
    if as_json:
        answer({"repaired": [{"model": model, "what": what} for model, what in repaired]})
    elif not repaired:
        say("nothing to repair")


def reconcile_everything() -> list[tuple[str, str]]:
    """Repair every released model; returns and says what was out of step, by model.

    Raises:
        LedgerError: a row of the ledger was changed after it was written.
    """
    from mlops_platform.usecases.release.reconcile import reconcile

    deployment, repaired = open_deployment(), list[tuple[str, str]]()
    for model in deployment.ledger.models():
        fault = deployment.ledger.verify_chain(model)
        if fault is not None:
            raise LedgerError(
                f"{fault.table} {fault.row} of {model!r}: {fault.problem}. Nothing is projected "
                "from a ledger that was changed; restore it from a backup."
            )
        for repair in reconcile(deployment, model):
            console.print(f"[yellow]repaired[/] {model}: {escape(repair.told)}", highlight=False)
            repaired.append((model, repair.told))
    return repaired
