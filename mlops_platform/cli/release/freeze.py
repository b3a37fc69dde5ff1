"""`mlops freeze`: no automation changes what serves until a person says so."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, json_option, say
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who freezes it  [default: the login name]")
@json_option
def command(model: str, reason: str, actor: str | None, as_json: bool) -> None:
    """Stop automatic retraining and releases of a model.

    What serves goes on serving, and a run that a person starts still releases.
    """
    from mlops_platform.components.known_models import require_known
    from mlops_platform.usecases.ledger.freeze import freeze

    ledger = open_deployment().ledger
    require_known(ledger, model)
    written = freeze(ledger, model, reason, actor or login_name())
    if as_json:
        answer({"decision": written.model_dump(mode="json")})
        return
    say(
        f"{model} is frozen by {written.actor}: sensors retrain and release nothing "
        f"until `mlops unfreeze {model}`; a person's own run still releases.",
    )
