"""`mlops demo`: the main job on real data, through the jobs of production."""

import json
import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import dagster as dg

from mlops_platform.cli.demo_progress import DemoProgress
from mlops_platform.cli.demo_summary import first_champion, show
from mlops_platform.cli.heal import heal
from mlops_platform.cli.replay import Replay
from mlops_platform.cli.replay_summary import (
    draw_plots,
    frozen_performance,
    retraining_rows,
    seconds_by_window,
    window_rows,
)
from mlops_platform.cli.setup import ensure_set_up
from mlops_platform.clock import move_to
from mlops_platform.components.driver import JobDriver, run_config
from mlops_platform.components.instance import open_instance
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.published import published_days
from mlops_platform.data.windows import Window, window_named
from mlops_platform.errors import MlopsError
from mlops_platform.files import write_json
from mlops_platform.notifying.log import logger as alerts_log
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment

MODEL = "flight_delay"
FIRST_DAY = date(2013, 1, 1)
FIRST_TRAINING = date(2013, 4, 1)
"""The demo's first champion knows what was known in New York when this day began."""
WINDOWS = 17
"""Weeks that are replayed after it: to the one of 22 July."""


@click.command()
@click.option(
    "--windows",
    type=click.IntRange(0, 39),
    default=None,
    help=f"How many weeks to replay after the first champion [{WINDOWS}].",
)
def command(windows: int | None) -> None:
    """Release a first champion on three months of flights, then replay the weeks that followed.

    Interrupted and started again, it goes on where it was; started twice, it changes nothing.
    """
    ensure_set_up()
    _keep_alerts_off_the_console()
    progress = DemoProgress(settings().demo / "seconds.json")
    spec = declared_spec(MODEL)
    replayed = _windows(spec, WINDOWS if windows is None else windows)
    with open_instance() as instance, progress.shown():
        heal(instance)
        driver = JobDriver(_definitions(), instance)
        _start_the_clock(spec)
        _land_and_build(driver, progress)
        _train_and_release(driver, progress)
        _refuse_nothing_released()
        if not _first_champion_file().is_file():
            write_json(_first_champion_file(), first_champion(MODEL))
        replay = Replay(driver, progress, MODEL)
        for window in replayed:
            replay.live_through(window)
        if not _is_summed_up(replayed):
            with progress.phase("sum up") as report:
                # In production the sensor looks every minute; here every window would pay for it.
                driver.tick(f"export_{MODEL}", report)
                write_json(_summary_file(), _summarise(spec, replayed, progress))
    show(json.loads(_summary_file().read_text()))


def _keep_alerts_off_the_console() -> None:
    """It belongs to the progress; `mlops incidents` tells them afterwards.

    By level: Dagster configures logging anew in every run, which enables what was disabled.
    """
    alerts_log.setLevel(logging.CRITICAL)


def _summarise(
    spec: ModelSpec, windows: Sequence[Window], progress: DemoProgress
) -> dict[str, Any]:
    """The first champion, every window and retraining, and the seconds of all of it."""
    seconds = progress.seconds()
    phases = {name: took for name, took in seconds.items() if not name[:1].isdigit()}
    frozen = frozen_performance(spec, windows)
    draw_plots(spec, windows, frozen)
    return {
        **json.loads(_first_champion_file().read_text()),
        "champion": open_deployment()
        .ledger.releases(MODEL)[-1]
        .model_dump(mode="json", include={"version", "sequence", "bento_tag", "released_at"}),
        "windows": window_rows(spec, windows, frozen),
        "retrainings": retraining_rows(spec, windows),
        "seconds": {**phases, "replay": round(sum(seconds[w.name] for w in windows), 1)},
        "seconds_by_window": seconds_by_window(windows, seconds),
    }


def _is_summed_up(windows: Sequence[Window]) -> bool:
    """Whether the summary tells of all these windows: a call may have died before it did."""
    if not _summary_file().is_file():
        return False
    told = {row["start"] for row in json.loads(_summary_file().read_text())["windows"]}
    return told >= {window.name for window in windows}


def _summary_file() -> Path:
    return settings().demo / "summary.json"


def _first_champion_file() -> Path:
    return settings().demo / "first_champion.json"


def _definitions() -> dg.Definitions:
    from mlops_platform.definitions import defs

    return defs()


def _windows(spec: ModelSpec, count: int) -> Sequence[Window]:
    """The windows after the first training, oldest first."""
    windows: list[Window] = []
    for _ in range(count):
        start = windows[-1].end if windows else FIRST_TRAINING
        windows.append(window_named(spec.window, start.isoformat()))
    return windows


def _start_the_clock(spec: ModelSpec) -> None:
    """Put this deployment into the past, where it has no history of its own.

    Raises:
        MlopsError: it lives in the present.
    """
    clock = settings().replayed_moment
    if clock.is_file():
        return
    if open_deployment().ledger.decisions(MODEL, limit=1):
        raise MlopsError(
            f"{settings().home} has a history of {MODEL} of its own, and the demo replays the "
            "past. Give it a folder of its own: MLOPS_HOME=/another/folder mlops demo."
        )
    midnight = datetime.combine(FIRST_TRAINING, datetime.min.time())
    move_to(clock, midnight.replace(tzinfo=ZoneInfo(spec.window.timezone)))


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
    releases = open_deployment().ledger.releases(MODEL)
    if releases and releases[0].bento_tag is not None:
        progress.done_before("train, judge and release")
        return
    with progress.phase("train, judge and release") as report:
        if not releases:
            driver.run(f"train_{MODEL}", report=report)
        else:
            # The champion again: an interrupted one is in the ledger but handed nothing on.
            rest = [dg.AssetKey([MODEL, name]) for name in ("champion", "model_card", "bento")]
            driver.run(f"train_{MODEL}", assets=rest, report=report)


def _refuse_nothing_released() -> None:
    ledger = open_deployment().ledger
    if ledger.current_release(MODEL) is None:
        (decision,) = ledger.decisions(MODEL, limit=1)
        raise MlopsError(
            f"nothing was released. {decision.reason} Change the gate in "
            f"mlops_platform/defs/{MODEL}/defs.yaml if this machine deserves it, and start again."
        )


def _days() -> list[date]:
    days = (FIRST_TRAINING - FIRST_DAY).days
    return [FIRST_DAY + timedelta(days=at) for at in range(days)]
