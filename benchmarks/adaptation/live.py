"""`python -m benchmarks.adaptation.live <scenario>`: lives through April to December in MLOPS_HOME.

Every week lands its days and then lets the sensors of production act; an interrupted one goes on.
"""

from __future__ import annotations

import sys

import dagster as dg
from rich.console import Console

from benchmarks.policy.year import FIRST_WINDOW, WINDOWS
from mlops_platform.cli.progress import ConsoleDisplay
from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.windows import WATCH
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.driving.missing import land_days
from mlops_platform.driving.phases import Phases
from mlops_platform.replay.replayed_model import TICK, ReplayedModel, windows_from
from mlops_platform.settings import settings

MODEL = "arrival_delay"
SCENARIOS = {"never": (WATCH,), "by the default policy": (WATCH, RETRAIN)}
"""Retrained how -> the sensors that act."""


def live(instance: dg.DagsterInstance, scenario: str) -> None:
    """First champion, then the weeks."""
    model, home = declared_lifecycle(MODEL), settings().home
    driver = JobDriver(defs(), instance)
    phases = Phases(home / "seconds.json", ConsoleDisplay(Console(stderr=True)))
    replayed = ReplayedModel(driver, phases, model)
    replayed.start_on(FIRST_WINDOW)
    replayed.catch_up()
    replayed.release_first_champion()
    for window in windows_from(model.spec, FIRST_WINDOW, WINDOWS):
        if phases.has_seconds(window.name):
            continue
        move_to(settings().replay_clock(MODEL), window.ends_at + TICK)
        with phases.phase(window.name) as report:
            land_days(driver, window.days, window.ends_at + TICK, report)
            for sensor in SCENARIOS[scenario]:
                driver.tick(sensor.over([model]), report)


if __name__ == "__main__":
    with open_quiet_instance() as opened:
        live(opened, sys.argv[1])
