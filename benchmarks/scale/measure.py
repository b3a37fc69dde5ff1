"""Landing, features, a training set and a window of millions of rows, beside bare DuckDB."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.comparison import BARE, PLATFORM
from benchmarks.processes import ROOT, environment_of_processes, mlops, python
from benchmarks.report import markdown_table, say
from benchmarks.scale.project import make_project

STEPS_FILE: Final = Path(__file__).with_name("steps.py")
SIZES: Final = (1_000_000, 10_000_000)
DAYS: Final = 364
SHORT, WEEK = 98, 7
"""Days of the short history, whose last week is compared with that of the whole year."""
LARGEST_WITH_MODEL: Final = 10_000_000
GOAL_RATIO, GOAL_BYTES = 1.5, 2.5e9


class Taken(NamedTuple):
    """What one step took in a process of its own."""

    seconds: float
    cpu_seconds: float
    peak_bytes: float

    @property
    def text(self) -> str:
        """As a cell of the report."""
        return (
            f"{self.seconds:.1f} s, {self.cpu_seconds:.1f} CPU s, {self.peak_bytes / 1e6:,.0f} MB"
        )


def measure_scale(sizes: Sequence[int], folder: Path | None) -> str:
    """Every size, one after the other; those above ten million rows stop after the features.

    Args:
        sizes: rows of a year.
        folder: on a disk with room for it; a temporary one where None.
    """
    lines = []
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="mlops-scale-", dir=folder) as temporary:
            lines += _Place(Path(temporary), rows).lines()
    header = ["rows, step", BARE, PLATFORM, "seconds", "CPU", "memory goal"]
    return markdown_table(header, lines)


class _Place:
    """Facts of one size, a project and a home that land and build them."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._rows = folder, rows

    def lines(self) -> list[list[str]]:
        """One per step."""
        self._prepare()
        # The last week comes by itself.
        before, whole = DAYS - WEEK, DAYS
        lines = [
            self._line("land", bare="land", days=before),
            self._line("features, all", "build_features", bare="build_features", days=before),
            self._line("features, all once more", "build_features", days=before),
            self._line("land a week", "land", days=whole, last=WEEK),
            self._line("features, one more week", "build_week", days=whole, last=WEEK),
        ]
        if self._rows <= LARGEST_WITH_MODEL:
            lines += [
                self._line(
                    "training set", "take_training_set", bare="take_training_set", days=whole
                ),
                self._line("training, capped", "train", days=whole),
                self._line("window", "watch", days=whole),
            ]
        return [*lines, *self._short_history()]

    def _short_history(self) -> list[list[str]]:
        """The same week after a quarter of the history."""
        short = _Place(self._folder / "short", self._rows)
        (self._folder / "short").mkdir()
        (self._folder / "short" / "facts").symlink_to(self._folder / "facts")
        short._set_up()
        short._platform("land", SHORT - WEEK)
        short._platform("build_features", SHORT - WEEK)
        short._platform("land", SHORT, WEEK)
        name = f"features, one more week after {(SHORT - WEEK) // WEEK} weeks"
        return [short._line(name, "build_week", days=SHORT, last=WEEK)]

    def _prepare(self) -> None:
        facts = [str(self._folder / "facts"), str(self._rows), str(DAYS)]
        self._run(python("-m", "benchmarks.scale.facts", *facts), ROOT)
        self._set_up()

    def _set_up(self) -> None:
        make_project(self._folder / "project", self._folder / "facts")
        self._run(mlops("setup"), self._folder / "project")

    def _line(
        self,
        name: str,
        step: str = "land",
        *,
        days: int,
        last: int | None = None,
        bare: str | None = None,
    ) -> list[str]:
        platform = self._platform(step, days, last)
        peer = self._bare(bare, days) if bare else None
        within = "met" if platform.peak_bytes <= GOAL_BYTES else "missed"
        ratios = ["–", "–"]
        if peer is not None:
            ratios = [
                f"{platform.seconds / peer.seconds:.2f}",
                f"{platform.cpu_seconds / peer.cpu_seconds:.2f}",
            ]
        line = [
            f"{self._rows:,}: {name}",
            peer.text if peer else "–",
            platform.text,
            *ratios,
            within,
        ]
        say(" | ".join(line))
        return line

    def _platform(self, step: str, days: int, last: int | None = None) -> Taken:
        asked = [str(days), *([] if last is None else [str(last)])]
        return self._taken(python(str(STEPS_FILE), step, *asked), self._folder / "project")

    def _bare(self, step: str, days: int) -> Taken:
        command = python("-m", "benchmarks.scale.bare", step, str(self._folder), str(days))
        return self._taken(command, ROOT)

    def _taken(self, command: Sequence[str], place: Path) -> Taken:
        return Taken(**json.loads(self._run(command, place).splitlines()[-1]))

    def _run(self, command: Sequence[str], place: Path) -> str:
        environment = {**environment_of_processes(), "MLOPS_HOME": str(self._folder / "home")}
        finished = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, check=False
        )
        if finished.returncode:
            raise RuntimeError(f"{' '.join(command)} failed:\n{finished.stderr[-4000:]}")
        return finished.stdout
