"""What `mlops demo` plays: a first champion on three months of flights, and the weeks after it."""

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from mlops_platform.components.models import declared_lifecycle
from mlops_platform.data.windows import Window
from mlops_platform.demo.tables import tables_text
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.phases import Display, Phases
from mlops_platform.files import write_json, write_text
from mlops_platform.formats.demo_summary import upgraded_summary
from mlops_platform.replay.first_champion import first_champion
from mlops_platform.replay.frozen import frozen_performance
from mlops_platform.replay.plots import draw_plots
from mlops_platform.replay.replayed_model import ReplayedModel, windows_from
from mlops_platform.replay.tables import retraining_rows, seconds_by_window, window_rows
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment

MODEL = "flight_delay"
FIRST_DAY = date(2013, 1, 1)
FIRST_TRAINING = date(2013, 4, 1)
"""The demo's first champion knows what was known in New York when this day began."""
WINDOWS = 17
"""Weeks that are replayed after it: to the one of 22 July."""


def play(instance: dg.DagsterInstance, weeks: int, display: Display) -> dict[str, Any]:
    """Play what was not played before, and return the summary of it all.

    The same is left in the folder of the demo: as JSON, and as tables in `summary.txt`.

    Raises:
        MlopsError: a run failed, the gate refused the first candidate, or the home has a history
            of its own.
    """
    definitions = _definitions()
    model = declared_lifecycle(MODEL)
    spec = model.spec
    windows = windows_from(spec, FIRST_TRAINING, weeks)
    phases = Phases(settings().demo / "seconds.json", display)
    replayed = ReplayedModel(JobDriver(definitions, instance), phases, model)
    replayed.start_on(FIRST_TRAINING)
    replayed.land_and_build(_first_days())
    replayed.release_first_champion()
    if not _first_champion_file().is_file():
        write_json(_first_champion_file(), first_champion(MODEL))
    for window in windows:
        replayed.live_through(window)
    if not _is_summed_up(windows):
        with phases.phase("sum up"):
            replayed.export_online()
            write_json(_summary_file(), _summarise(spec, windows, phases.seconds()))
    summary = upgraded_summary(json.loads(_summary_file().read_text()))
    write_text(settings().demo / "summary.txt", tables_text(summary))
    return summary


def _summarise(
    spec: ModelSpec, windows: Sequence[Window], seconds: dict[str, float]
) -> dict[str, Any]:
    """The first champion, every window and retraining, and the seconds of all of it."""
    phases = {name: took for name, took in seconds.items() if not name[:1].isdigit()}
    frozen = frozen_performance(spec, windows, settings().demo / "frozen")
    draw_plots(spec, windows, frozen, settings().demo)
    return {
        **upgraded_summary(json.loads(_first_champion_file().read_text())),
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
    summed_up = {row["start"] for row in json.loads(_summary_file().read_text())["windows"]}
    return summed_up >= {window.name for window in windows}


def _summary_file() -> Path:
    return settings().demo / "summary.json"


def _first_champion_file() -> Path:
    return settings().demo / "first_champion.json"


def _definitions() -> dg.Definitions:
    from mlops_platform.definitions import defs

    return defs()


def _first_days() -> list[date]:
    days = (FIRST_TRAINING - FIRST_DAY).days
    return [FIRST_DAY + timedelta(days=at) for at in range(days)]
