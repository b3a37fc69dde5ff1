"""`mlops reconcile`: aliases, tags and pointers say what the ledger says."""

import click
from rich.markup import escape

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, console, json_option, say
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Go on with a ledger that has lost rows, by a decision that names them.",
)
@click.option("--reason", callback=not_blank, help="Why, for that decision.")
@click.option("--actor", callback=not_blank, help="Who decides  [default: the login name]")
@json_option
def command(accept_loss: bool, reason: str | None, actor: str | None, as_json: bool) -> None:
    """Rebuild aliases, tags and pointers from the ledger.

    Where something outside of the ledger names a row that it does not know, it has lost rows, for
    example because an older backup was restored. Then nothing is rebuilt.
    """
    if accept_loss and not reason:
        raise click.UsageError("--accept-loss is a decision: say why with --reason.")
    accepted = (reason, actor or login_name()) if accept_loss and reason else None
    repaired = reconcile_everything(accepted)
    if as_json:
        answer({"repaired": [{"model": model, "what": what} for model, what in repaired]})
    elif not repaired:
        say("nothing to repair")


def reconcile_everything(accepted: tuple[str, str] | None = None) -> list[tuple[str, str]]:
    """Repair every model that is known anywhere; returns and says what was out of step, by model.

    Args:
        accepted: why to go on where the ledger has lost rows, and who says so.

    Raises:
        LedgerError: a row of the ledger was changed after it was written, or was lost.
    """
    from mlops_platform.usecases.ledger.anchors import (
        accept_losses,
        known_somewhere,
        require_ledger,
    )
    from mlops_platform.usecases.release.reconcile import reconcile

    deployment, repaired = open_deployment(), list[tuple[str, str]]()
    require_ledger(deployment)
    for model in known_somewhere(deployment):
        if accepted is not None:
            for lost in accept_losses(deployment, model, *accepted):
                console.print(f"[yellow]accepted[/] {model}: {escape(lost.told)} is lost")
        for repair in reconcile(deployment, model):
            console.print(f"[yellow]repaired[/] {model}: {escape(repair.told)}", highlight=False)
            repaired.append((model, repair.told))
    return repaired
