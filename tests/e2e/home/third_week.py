"""A copy of the demo's home in a third week: killed in it, gone on with and backed up."""

import json
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    from tests.e2e.conftest import Deployment

THIRD_WEEK = "2013-02-11"
WINDOWS = dg.RunsFilter(tags={"mlops/stage": "watch"})
"""Runs of windows."""
WHILE_AT_WORK = 2


@dataclass(frozen=True)
class ThirdWeek:
    """What was seen of it; whoever loses the home loses it for good.

    Args:
        backups: taken while the week was gone on with.
        shown: what the demo wrote that went on.
        runs: status of each run of a window, the newest first.
    """

    deployment: "Deployment"
    backups: tuple[Path, ...]
    shown: str
    summary: dict[str, Any]
    runs: tuple[str, ...]


def live_through_third_week(deployment: "Deployment", folder: Path, program: Path) -> ThirdWeek:
    """Kill the demo in the week, go on with it, and back up meanwhile.

    Args:
        folder: an empty one, of the copy and its backups.
        program: the demo.

    Raises:
        AssertionError: it did not go on, or had ended before it was backed up.
    """
    copy, backups = deployment.copied_to(folder / "home"), folder / "backups"
    backups.mkdir()
    copy.kill_demo_in("flight_delay__drift_report", "--windows", "3")
    taken, shown = [], []
    with copy.start(sys.executable, str(program), "--windows", "3") as work:
        ended = threading.Thread(target=lambda: shown.append(work.communicate()[0]))
        ended.start()
        while ended.is_alive() and len(taken) < WHILE_AT_WORK:
            taken.append(back_up(copy, backups))
        ended.join(500)
    assert work.returncode == 0, shown
    assert len(taken) == WHILE_AT_WORK
    with copy.instance() as instance:
        runs = tuple(run.status.value for run in instance.get_runs(WINDOWS))
    summary = json.loads((copy.settings.demo / "summary.json").read_text())
    return ThirdWeek(copy, tuple(taken), shown[0], summary, runs)


def back_up(deployment: "Deployment", folder: Path) -> Path:
    """A new backup below a folder."""
    return Path(deployment.mlops("backup", str(folder)).splitlines()[-1])
