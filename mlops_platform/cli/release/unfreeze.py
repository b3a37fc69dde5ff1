"""`mlops unfreeze`: automation may change what serves again."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import answer, json_option, say
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("model")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who unfreezes it  [default: the login name]")
@json_option
def command(model: str, reason: str, actor: str | None, as_json: bool) -> None:
    """Allow automatic retraining and releases of a model again."""
    from mlops_platform.components.known_models import require_known
    from mlops_platform.usecases.ledger.freeze import unfreeze

    ledger = open_deployment().ledger
    require_known(ledger, model)
    written = unfreeze(ledger, model, reason, actor or login_name())
    if as_json:
        answer({"decision": written.model_dump(mode="json")})
        return
    say(
        f"{model} is unfrozen by {written.actor}: sensors that are switched on "
        "retrain and release it again.",
    )
