"""`mlops demo`: the main job on real data, through the jobs of production."""

import logging

import click

from mlops_platform.cli.console import console
from mlops_platform.cli.home.heal import heal
from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.cli.progress import ConsoleDisplay
from mlops_platform.demo.story import MODEL, WINDOWS, lines, play
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.notifying.log import logger as alerts_log
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.incidents.acknowledge import incidents_in


@click.command()
@click.option(
    "--windows",
    type=click.IntRange(0, 39),
    default=WINDOWS,
    show_default=True,
    help="How many weeks to replay after the first champion.",
)
def command(windows: int) -> None:
    """Release a first champion on three months of flights, then replay the weeks that followed.

    Interrupted and started again, it goes on where it was; started twice, it changes nothing.
    """
    ensure_set_up()
    keep_alerts_off_the_console()
    with open_quiet_instance() as instance:
        heal(instance)
        summary = play(instance, windows, ConsoleDisplay(console))
    incidents = incidents_in(open_deployment().incident_log, MODEL).values()
    console.print()
    for line in lines(summary, incidents):
        # In one piece, so that a path or a command can be copied.
        style = "bold" if line[:1].strip() else ""
        console.print(line, style=style, soft_wrap=True, markup=False, highlight=False)


def keep_alerts_off_the_console() -> None:
    """It belongs to the progress; `mlops incidents` tells them afterwards.

    By level: Dagster configures logging anew in every run, which enables what was disabled.
    """
    alerts_log.setLevel(logging.CRITICAL)
