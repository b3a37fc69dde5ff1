"""Goals, weeks, subgroups and alarms of the deployed intervals."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.adaptation.live import SCENARIOS
from benchmarks.adaptation.lived import (
    ADJUSTED,
    OWN,
    PLAIN,
    UNCONDITIONAL,
    Lived,
    read_lived,
)
from benchmarks.intervals.champions import COVERAGE
from benchmarks.intervals.choice import DEARER
from benchmarks.intervals.goals import goal_table, way_table
from benchmarks.intervals.subgroups import subgroup_table
from benchmarks.intervals.weeks import REPORTED, Weeks
from benchmarks.processes import measured, mlops
from benchmarks.report import markdown_table, say
from mlops_platform.components.models import declared_spec
from mlops_platform.monitoring.alarms.performance_alarms import performance_alarms

RIVALS = {OWN: DEARER, PLAIN: DEARER, UNCONDITIONAL: 1.0}
CHECK = "coverage"
OFF = 0.05


def measure_adaptation(home: Path | None) -> str:
    """Live through the year in every scenario, and return the tables.

    Args:
        home: folder of the deployments, one a scenario: kept, and gone on with.
    """
    home = home or Path(os.environ.get("TMPDIR", "/tmp")) / "mlops-adaptation-benchmark"  # noqa: S108
    lived = {scenario: _lived(home, scenario) for scenario in SCENARIOS}
    served = {scenario: of.ways for scenario, of in lived.items()}
    return "\n\n".join(
        [
            "## July to December",
            goal_table(served, ADJUSTED, RIVALS),
            _deployments(lived),
            *(way_table(scenario, ways) for scenario, ways in served.items()),
            "## Alarms",
            f"Weeks from April to December whose coverage is more than {OFF} from the promise, and "
            f"in how many of them, and of the others, the check `{CHECK}` fails once the labels "
            "are complete.",
            _alarms(lived),
            "## Subgroups, July to December",
            "Coverage and its 90 % interval, days resampled. Bold where the interval reaches below "
            "0.85.",
            subgroup_table({scenario: ways[ADJUSTED] for scenario, ways in served.items()}),
            "## By week",
            "*D2* compares with the judged rows' own median. *Estimated* is the loss that was "
            "expected without a label of the week, in minutes.",
            _by_week(lived),
        ]
    )


def _lived(home: Path, scenario: str) -> Lived:
    place = home / scenario.replace(" ", "-")
    place.parent.mkdir(parents=True, exist_ok=True)
    environment = {"MLOPS_HOME": str(place)}
    say(f"living through the year, retrained {scenario}: log in {place}.log")
    measured(mlops("setup"), environment, place.with_suffix(".setup.log"))
    command = [sys.executable, "-m", "benchmarks.adaptation.live", scenario]
    measured(command, environment, place.with_suffix(".log"))
    return read_lived(place)


def _deployments(lived: Mapping[str, Lived]) -> str:
    rows = []
    for scenario, of in lived.items():
        weeks = list(of.performance.values())[REPORTED]
        errors = [
            abs(week.losses.estimated_loss - week.losses.loss)
            for week in weeks
            if week.losses.estimated_loss is not None and week.losses.loss is not None
        ]
        rows.append(
            [
                f"retrained {scenario}",
                ", ".join(f"{release.released_at:%-d %B}" for release in of.releases),
                str(of.adjustments),
                f"{np.mean([week.metrics['d2'] for week in weeks]):.3f}",
                f"{np.mean(errors):.2f}",
            ]
        )
    header = ["", "releases", "adjustments", "mean D2", "mean error of the estimated loss, minutes"]
    return markdown_table(header, rows)


def _alarms(lived: Mapping[str, Lived]) -> str:
    rows = []
    for scenario, of in lived.items():
        for way in (OWN, ADJUSTED):
            coverage = Weeks.of(of.ways[way]).coverage
            alarms = np.array(_alarmed(of, coverage))
            off = np.abs(coverage - COVERAGE) > OFF
            rows.append(
                [
                    f"retrained {scenario}, {way}",
                    str(off.sum()),
                    str((alarms & off).sum()),
                    str((alarms & ~off).sum()),
                ]
            )
    return markdown_table(["", "weeks off", "told", "told, not off"], rows)


def _alarmed(lived: Lived, coverage: np.ndarray) -> list[bool]:
    """Whether the check of each week fails, had its rows been covered like this."""
    spec = declared_spec(next(iter(lived.releases)).model)
    alarms = []
    for week, covered in zip(lived.performance.values(), coverage, strict=True):
        metrics = {**week.metrics, CHECK: float(covered)}
        judged = week.model_copy(update={"metrics": metrics, "mature": True})
        [check] = [alarm for alarm in performance_alarms(judged, spec) if alarm.check == CHECK]
        alarms.append(not check.passed)
    return alarms


def _by_week(lived: Mapping[str, Lived]) -> str:
    columns = ("release", "D2", "own factor", "**adjusted**", "score", "loss", "estimated")
    header = ["week from", *(f"{column}, {name}" for name in lived for column in columns)]
    cells: dict[str, list[str]] = {}
    for of in lived.values():
        own, adjusted = Weeks.of(of.ways[OWN]), Weeks.of(of.ways[ADJUSTED])
        for number, (name, week) in enumerate(of.performance.items()):
            cells.setdefault(name, []).extend(
                [
                    str(week.release),
                    f"{week.metrics['d2']:.3f}",
                    f"{own.coverage[number]:.3f}",
                    f"{adjusted.coverage[number]:.3f}",
                    f"{adjusted.score[number]:.0f}",
                    f"{week.losses.loss:.1f}",
                    f"{week.losses.estimated_loss:.1f}",
                ]
            )
    return markdown_table(header, [[name, *row] for name, row in cells.items()])
