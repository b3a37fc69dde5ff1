"""`mlops demo`: the main job on real data, through the jobs of production."""

import logging

import click

from mlops_platform.cli.console import console
from mlops_platform.cli.home.heal import heal
from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.components.instance import open_instance
from mlops_platform.demo.progress import ConsoleDisplay
from mlops_platform.demo.story import WINDOWS, play
from mlops_platform.demo.summary import show
from mlops_platform.notifying.log import logger as alerts_log


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
    _keep_alerts_off_the_console()
    with open_instance() as instance:
        heal(instance)
        summary = play(instance, windows, ConsoleDisplay(console))
    show(summary, console)


def _keep_alerts_off_the_console() -> None:
    """It belongs to the progress; `mlops incidents` tells them afterwards.

    By level: Dagster configures logging anew in every run, which enables what was disabled.
    """
    alerts_log.setLevel(logging.CRITICAL)
