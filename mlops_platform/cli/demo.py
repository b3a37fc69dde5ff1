"""`mlops demo`: the main job on real data, through the jobs of production."""

from collections.abc import Iterator
from datetime import date, timedelta

import click
import dagster as dg

from mlops_platform.cli.demo_progress import DemoProgress
from mlops_platform.cli.demo_summary import show, summarise
from mlops_platform.cli.heal import heal
from mlops_platform.cli.setup import ensure_set_up
from mlops_platform.components.driver import JobDriver, run_config
from mlops_platform.components.instance import open_instance
from mlops_platform.components.model_lifecycle.services import open_ledger
from mlops_platform.data.published import published_days
from mlops_platform.errors import MlopsError
from mlops_platform.files import write_json
from mlops_platform.settings import settings

MODEL = "flight_delay"
FIRST_DAY, LAST_DAY = date(2013, 1, 1), date(2013, 3, 31)
AS_OF = "2013-04-01T00:00:00-04:00"
"""The demo knows what was known in New York when March ended."""


@click.command()
def command() -> None:
    """Land three months of flights and release the first champion.

    Interrupted and started again, it goes on where it was; started twice, it changes nothing.
    """
    ensure_set_up()
    progress = DemoProgress(settings().demo / "seconds.json")
    with open_instance() as instance, progress.shown():
        heal(instance)
        driver = JobDriver(_definitions(), instance)
        _land_and_build(driver, progress)
        _train_and_release(driver, progress)
    _refuse_nothing_released()
    summary = summarise(MODEL, progress.seconds())
    write_json(settings().demo / "summary.json", summary)
    show(summary)


def _definitions() -> dg.Definitions:
    from mlops_platform.definitions import defs

    return defs()


def _land_and_build(driver: JobDriver, progress: DemoProgress) -> None:
    root = settings().published
    published = published_days(root, "flight_features") & published_days(root, "flight_labels")
    missing = sorted(set(_days()) - published)
    if not missing:
        progress.done_before("land")
        progress.done_before("build features")
        return
    # What lies between is landed and built again, which changes nothing.
    span = [day for day in _days() if missing[0] <= day <= missing[-1]]
    with progress.phase("land") as report:
        driver.run("land_snapshots", report=report)
        driver.run("land_days", days=span, report=report)
    with progress.phase("build features") as report:
        days = {"start_day": str(span[0]), "end_day": str(span[-1])}
        driver.run("build_features", config=run_config("dbt_features", days), report=report)


def _train_and_release(driver: JobDriver, progress: DemoProgress) -> None:
    release = open_ledger().current_release(MODEL)
    if release is not None and release.bento_tag is not None:
        progress.done_before("train, judge and release")
        return
    with progress.phase("train, judge and release") as report:
        if release is None:
            config = run_config(f"{MODEL}__training_set", {"as_of": AS_OF})
            driver.run(f"train_{MODEL}", config=config, report=report)
        else:
            # The champion again: an interrupted one is in the ledger but handed nothing on.
            rest = [dg.AssetKey([MODEL, name]) for name in ("champion", "model_card", "bento")]
            driver.run(f"train_{MODEL}", assets=rest, report=report)


def _refuse_nothing_released() -> None:
    ledger = open_ledger()
    if ledger.current_release(MODEL) is None:
        (decision,) = ledger.decisions(MODEL, limit=1)
        raise MlopsError(
            f"nothing was released. {decision.reason} Change the gate in "
            f"mlops_platform/defs/{MODEL}/defs.yaml if this machine deserves it, and start again."
        )


def _days() -> Iterator[date]:
    day = FIRST_DAY
    while day <= LAST_DAY:
        yield day
        day += timedelta(days=1)
