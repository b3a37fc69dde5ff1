"""`mlops watch`: the windows of a model, with everything that they need."""

import click

from mlops_platform.cli.actor import login_name, not_blank
from mlops_platform.cli.by_hand import by_hand
from mlops_platform.cli.console import answer, json_option, say


@click.command()
@click.argument("model")
@click.argument("window", required=False)
@click.option("--actor", callback=not_blank, help="Who asks for it  [default: the login name]")
@json_option
def command(model: str, window: str | None, actor: str | None, as_json: bool) -> None:
    """Score and measure windows that have ended; build what they need.

    WINDOW is named by its first day; without it all are that have ended or matured since, or whose
    labels have changed. Days that have ended and are not landed are landed first.
    """
    with by_hand(model, actor or login_name()) as running:
        watched = running.watch(window)
    if as_json:
        answer({"model": model, "windows": list(watched)})
        return
    nothing = "No window has ended or matured since, and no labels have changed."
    text = "`mlops status` tells how it does." if watched else nothing
    say(text)
