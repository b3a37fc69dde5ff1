"""`mlops freeze`: no automation changes what serves until a person says so."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import console
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who freezes it  [default: the login name]")
def command(model: str, reason: str, actor: str | None) -> None:
    """Stop automatic retraining and releases of a model.

    What serves goes on serving, and a run that a person starts still releases.
    """
    from mlops_platform.usecases.ledger.freeze import freeze

    written = freeze(open_deployment().ledger, model, reason, actor or login_name())
    console.print(
        f"{model} is frozen by {written.actor}: sensors retrain and release nothing "
        f"until `mlops unfreeze {model}`; a person's own run still releases.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
