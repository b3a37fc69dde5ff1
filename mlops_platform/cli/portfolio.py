"""`mlops portfolio`: every model but the demo's, with a champion and its latest windows."""

import time
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.by_hand import job_driver, running_by_hand
from mlops_platform.cli.console import answer, console, counted, folding_table, json_option, say
from mlops_platform.cli.errors import error_text, was_interrupted

if TYPE_CHECKING:
    from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
    from mlops_platform.driving.driver import JobDriver
    from mlops_platform.replay.portfolio import Brought

ACTOR = "mlops portfolio"
WINDOWS = 8
FAILED = 1
COLUMNS = {"model": None, "": 8, "version": None, "windows": None, "seconds": None}


@click.command()
@click.option(
    "--windows",
    type=click.IntRange(1, 520),
    default=WINDOWS,
    show_default=True,
    help="How many of the latest windows follow the first champion of a model.",
)
@json_option
def command(windows: int, as_json: bool) -> None:
    """Bring every other model to its first champion, and live through its latest windows.

    That is every declared model but the demo's. One that fails is told at the end, and stops no
    other. Interrupted and started again, it goes on where it was.
    """
    from mlops_platform.cli.demo import alerts_off_the_console
    from mlops_platform.cli.home.heal import heal
    from mlops_platform.cli.home.setup import ensure_set_up

    ensure_set_up()
    brought: list[tuple[Brought, float]] = []
    with alerts_off_the_console(), job_driver() as driver:
        heal(driver.instance)
        for model in _models():
            started = time.perf_counter()
            found = _bring(driver, model, windows)
            brought.append((found, time.perf_counter() - started))
    _show(brought)
    if as_json:
        answer([{**found._asdict(), "seconds": seconds} for found, seconds in brought])
    if any(found.state == "failed" for found, _ in brought):
        raise click.exceptions.Exit(FAILED)


def _models() -> "list[LifecycleModel]":
    """Those that are declared, but the demo's and retired ones."""
    from mlops_platform.components.models import declared_lifecycles
    from mlops_platform.demo.story import MODEL
    from mlops_platform.replay.portfolio import in_order
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.ledger.retirement import retired_models

    left_out = {MODEL, *retired_models(open_deployment().ledger)}
    return in_order([model for model in declared_lifecycles() if model.name not in left_out])


def _bring(driver: "JobDriver", model: "LifecycleModel", windows: int) -> "Brought":
    """What became of a model; whatever goes wrong with it stays its own."""
    from datetime import UTC, datetime

    from mlops_platform.replay.portfolio import Brought, PortfolioModel

    console.print(f"\n[bold]{model.name}[/]", highlight=False)
    try:
        running = running_by_hand(driver, model, ACTOR)
        found = PortfolioModel(running, windows, datetime.now(UTC)).bring()
    except Exception as error:
        if was_interrupted(error):
            raise
        found = Brought(model.name, "failed", None, 0, error_text(error, "portfolio"))
    say(found.text)
    return found


def _show(brought: "list[tuple[Brought, float]]") -> None:
    console.print()
    table = folding_table(COLUMNS)
    table.show_lines = False
    for found, seconds in brought:
        version = "-" if found.version is None else str(found.version)
        table.add_row(found.model, found.state, version, str(found.windows), f"{seconds:.0f}")
    console.print(table)
    failed = [found.model for found, _ in brought if found.state == "failed"]
    for found, _ in brought:
        if found.state == "failed":
            say(f"\n{found.model}: {found.text}")
        elif found.state == "waiting":
            say(f"mlops approve {found.model} --reason ...   # after its card, or --reject")
    if failed:
        say(f"\n{counted(len(failed), 'model')} failed: {', '.join(failed)}.")
    say("mlops status   # all of them")
