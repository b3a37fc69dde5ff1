"""`mlops demo`: the main job on real data, through the jobs of production."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click

from mlops_platform.cli.console import answer, console, json_option
from mlops_platform.cli.home.heal import heal
from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.cli.progress import ConsoleDisplay
from mlops_platform.cli.project.example import EXAMPLE, example_removals
from mlops_platform.demo.story import MODEL, WINDOWS, lines, play
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.errors import DataError
from mlops_platform.notifying.log import logger as alerts_log
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.incidents.acknowledge import incidents_in
from mlops_platform.usecases.scaffold.journal.journal import Journal


@click.command()
@click.option(
    "--windows",
    type=click.IntRange(0, 39),
    default=WINDOWS,
    show_default=True,
    help="How many weeks to replay after the first champion.",
)
@json_option
def command(windows: int, as_json: bool) -> None:
    """Release a first champion on three months of flights, then replay the weeks that followed.

    Interrupted and started again, it goes on where it was; started twice, it changes nothing.
    """
    ensure_set_up()
    _require_example()
    with alerts_off_the_console(), open_quiet_instance() as instance:
        heal(instance)
        summary = play(instance, windows, ConsoleDisplay(console))
    if as_json:
        answer(summary)
        return
    incidents = incidents_in(open_deployment().incident_log, MODEL).values()
    console.print()
    for line in lines(summary, incidents):
        # In one piece, so that a path or a command can be copied.
        style = "bold" if line[:1].strip() else ""
        console.print(line, style=style, soft_wrap=True, markup=False, highlight=False)


def _require_example() -> None:
    """Say how it comes back, where it was taken out.

    Raises:
        DataError: it was.
    """
    if not example_removals(Journal(PROJECT_ROOT), [EXAMPLE]):
        raise DataError(
            "The example is not in this project. `mlops init --undo` brings back what `mlops init "
            "--without-example` took out; or restore the folders `flights` from version control."
        )


@contextmanager
def alerts_off_the_console() -> Iterator[None]:
    """It belongs to the progress; `mlops incidents` tells them afterwards.

    By level: Dagster configures logging anew in every run, which enables what was disabled.
    """
    level = alerts_log.level
    alerts_log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        alerts_log.setLevel(level)
