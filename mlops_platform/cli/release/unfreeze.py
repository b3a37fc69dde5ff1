"""`mlops unfreeze`: automation may change what serves again."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import console
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who unfreezes it  [default: the login name]")
def command(model: str, reason: str, actor: str | None) -> None:
    """Allow automatic retraining and releases of a model again."""
    from mlops_platform.usecases.ledger.freeze import unfreeze

    written = unfreeze(open_deployment().ledger, model, reason, actor or login_name())
    console.print(
        f"{model} is unfrozen by {written.actor}: sensors that are switched on "
        "retrain and release it again.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
