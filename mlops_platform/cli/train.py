"""`mlops train`: one training of a model, with everything that it needs."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.by_hand import by_hand
from mlops_platform.cli.console import console


@click.command()
@click.argument("model")
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
def command(model: str, actor: str | None) -> None:
    """Train and judge a candidate now; land and build what it needs first.

    A candidate that passes the gate is released and packaged. Losing is a normal outcome.
    """
    with by_hand(model, actor or login_name()) as running:
        verdict = running.train()
    text = f"{verdict.kind}: {verdict.reason}"
    console.print(text, highlight=False, markup=False, soft_wrap=True)
