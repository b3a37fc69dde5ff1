"""Three commands from a file to a champion: how long they take, and whether one came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.definitions_load import copy_project
from benchmarks.onboarding.sources import FIVE, LARGE, Start
from benchmarks.processes import Usage, measured_whatever_becomes_of_it, mlops
from benchmarks.report import markdown_table, say

ROWS: Final = (200_000, 3_000_000)
"""Of each of the five tables, and of the large one."""
LIMIT_MINUTES: Final = (10, 25)
LIMIT_BYTES: Final = 3e9
COMMANDS: Final = ("init", "train", "predict")
LAST_LINES: Final = 12
SEPARATOR: Final = "\u2500"


@dataclass(frozen=True)
class Onboarding:
    """One way from a file to a champion.

    Args:
        usages: of the commands that were run; none after one that failed.
        has_champion: whether a release came of it.
        said: the end of what the last command said.
    """

    start: Start
    rows: int
    usages: Sequence[Usage]
    has_champion: bool
    said: str

    @property
    def wall_seconds(self) -> float:
        """All commands, one after the other."""
        return sum(usage.wall_seconds for usage in self.usages)

    @property
    def peak_bytes(self) -> int:
        """Of the hungriest command."""
        return max(usage.peak_bytes for usage in self.usages)

    @property
    def is_whole(self) -> bool:
        """Whether every command did what it is for."""
        ran = [usage.exit_code for usage in self.usages]
        return self.has_champion and ran == [0] * len(COMMANDS)


def measure_onboarding(rows: Sequence[int] = ROWS) -> str:
    """Run all of them, one after the other; returns the report.

    Args:
        rows: of each of the five tables, and of the large one, which is left out if there is no
            second number.
    """
    runs = [_run(start, rows[0]) for start in FIVE]
    large = [_run(LARGE, number) for number in rows[1:2]]
    return _report(runs, large)


def _run(start: Start, rows: int) -> Onboarding:
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as place:
        folder = Path(place)
        project, home = folder / "project", folder / "home"
        copy_project(project)
        data, new = start.write(folder, rows)
        model = start.said["--name"]
        flags = [part for flag in start.said.items() for part in flag]
        commands = {
            "init": ["init", "--data", data, *flags, "--yes", "--json"],
            "train": ["train", model],
            "predict": ["predict", model, str(new), "--allow-missing"],
        }
        usages: list[Usage] = []
        for name in COMMANDS:
            log = folder / f"{name}.log"
            environment = {"MLOPS_HOME": str(home)}
            command = mlops(*commands[name])
            usages.append(measured_whatever_becomes_of_it(command, environment, log, project))
            say(f"{start.table}, {rows:,} rows, {name}: {usages[-1].wall_seconds:.1f} s")
            if usages[-1].exit_code:
                break
        champion = any(home.rglob(f"{model}/release.json"))
        return Onboarding(start, rows, usages, champion, _end(log))


def _end(log: Path) -> str:
    lines = [line.rstrip() for line in log.read_text(errors="replace").splitlines()]
    return "\n".join([line for line in lines if line.strip(SEPARATOR + " ")][-LAST_LINES:])


def _report(runs: Sequence[Onboarding], large: Sequence[Onboarding]) -> str:
    header = ["table", "rows"]
    header += [f"{command} {what}" for command in COMMANDS for what in ("s", "CPU s", "MB")]
    table = markdown_table(
        [*header, "all, min", "champion"], [_row(run) for run in (*runs, *large)]
    )
    goals = [
        *(_goal(run, LIMIT_MINUTES[0], None) for run in runs),
        *(_goal(run, LIMIT_MINUTES[1], LIMIT_BYTES) for run in large),
    ]
    ends = [
        f"`{run.start.table}` of {run.rows:,} rows ended with:\n\n```\n{run.said}\n```"
        for run in (*runs, *large)
        if not run.is_whole
    ]
    return "\n\n".join([table, "\n".join(goals), *ends])


def _row(run: Onboarding) -> list[str]:
    cells = [f"`{run.start.table}`: {run.start.shape}", f"{run.rows:,}"]
    for number, _ in enumerate(COMMANDS):
        cells += _cells(run.usages[number]) if number < len(run.usages) else ["", "", ""]
    return [*cells, f"{run.wall_seconds / 60:.1f}", "yes" if run.has_champion else "no"]


def _cells(usage: Usage) -> list[str]:
    failed = f" (ended with {usage.exit_code})" if usage.exit_code else ""
    return [
        f"{usage.wall_seconds:.1f}{failed}",
        f"{usage.cpu_seconds:.1f}",
        f"{usage.peak_bytes / 1e6:.0f}",
    ]


def _goal(run: Onboarding, minutes: int, most_bytes: float | None) -> str:
    within = run.wall_seconds <= 60 * minutes and run.peak_bytes <= (most_bytes or float("inf"))
    room = f" and {most_bytes / 1e9:.0f} GB" if most_bytes else ""
    verdict = "met" if run.is_whole and within else "missed"
    return (
        f"- `{run.start.table}`, {run.rows:,} rows: from the file to predictions of a champion in "
        f"{minutes} minutes{room}: {verdict}."
    )
