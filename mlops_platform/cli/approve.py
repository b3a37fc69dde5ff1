"""`mlops approve`: a person ends the trial of a challenger."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.console import console


@click.command()
@click.argument("model")
@click.option("--reject", is_flag=True, help="Abort the challenger instead; the champion stays.")
@click.option("--reason", required=True, callback=not_blank, help="Why, for the ledger.")
@click.option("--actor", callback=not_blank, help="Who decides  [default: the login name]")
def command(model: str, reject: bool, reason: str, actor: str | None) -> None:
    """Promote the challenger of a model now, or --reject it.

    Neither the evidence so far nor a freeze stops a person; running services follow by themselves.
    """
    from mlops_platform.components.model_lifecycle.services import open_ledger, open_registry
    from mlops_platform.settings import settings
    from mlops_platform.usecases.approve import (
        abort_challenger,
        promote_challenger,
        require_challenger,
    )

    ledger, registry, pointer = open_ledger(), open_registry(), settings().release_pointer(model)
    challenger, actor = require_challenger(ledger, model), actor or login_name()
    if reject:
        abort_challenger(ledger, registry, pointer, challenger, reason=reason, actor=actor)
        done = f"version {challenger.version} of {model} is aborted by {actor}; the champion stays."
    else:
        release = promote_challenger(
            ledger, registry, pointer, challenger, reason=reason, actor=actor
        )
        done = (
            f"version {release.version} of {model} is the champion: release {release.sequence}, "
            f"promoted by {actor}."
        )
    console.print(done, highlight=False, markup=False, soft_wrap=True)
