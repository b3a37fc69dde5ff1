"""The platform's main job against a bare script that does the same work."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
from benchmarks.event_log import steps_of
from benchmarks.processes import Usage, measured, mlops, python
from benchmarks.report import say

STEPS = {
    "landing__flight_schedules": "land",
    "landing__flight_outcomes": "land",
    "landing__weather": "land",
    "landing__planes": "land",
    "landing__airports": "land",
    "landing__airlines": "land",
    "dbt_features": "features",
    "flight_delay__training_set": "training set",
    "flight_delay__candidate": "train",
    "flight_delay__evaluation": "judge",
    "flight_delay__gate": "judge",
    "flight_delay__registered_version": "register",
    "flight_delay__champion": "register",
    "flight_delay__model_card": "model card",
    "flight_delay__bento": "bento",
}
"""Phase of the bare script that each step of the platform belongs to; it has no model card, and no
features for a service, which are counted elsewhere."""
RELATIVE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Run:
    """One run of the job, by the script or by the platform.

    Attributes:
        result: what it trained; equal for both, or they did not do the same work.
        seconds: by phase; `elsewhere` is what the wall clock shows beyond them.
    """

    usage: Usage
    result: Mapping[str, Any]
    seconds: Mapping[str, float]


def measure_main_job(repetitions: int) -> str:
    """Run both in turn, each time in fresh folders; returns the report.

    Raises:
        RuntimeError: a run failed, or the two did not train the same model.
    """
    runs: dict[str, list[Run]] = {BARE: [], PLATFORM: []}
    for repetition in range(repetitions):
        for name in in_turn(repetition):
            with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as folder:
                run = _run_bare(Path(folder)) if name == BARE else _run_platform(Path(folder))
            runs[name].append(run)
            say(f"{name}, run {repetition + 1}: {run.usage.wall_seconds:.1f} s")
    _refuse_different_work([*runs[BARE], *runs[PLATFORM]])
    return _report(runs)


def _run_bare(folder: Path) -> Run:
    home = folder / "home"
    command, log = ("-m", "benchmarks.bare_script"), folder / "log"
    measured(python(*command, "prepare", str(home)), {}, log)
    usage = measured(python(*command, "run", str(home)), {}, log)
    summary = json.loads((home / "summary.json").read_text())
    return _run(usage, summary, summary.pop("seconds"))


def _run_platform(folder: Path) -> Run:
    environment, log = {"MLOPS_HOME": str(folder / "home")}, folder / "log"
    measured(mlops("setup"), environment, log)
    usage = measured(mlops("demo", "--windows", "0"), environment, log)
    summary = json.loads((folder / "home" / "demo" / "summary.json").read_text())
    result = {
        "rows": summary["training_set"]["rows"],
        "winner": summary["winner"],
        "search_log_loss": summary["candidates"][summary["winner"]],
        "test_log_loss": summary["test"]["loss"],
        "test_roc_auc": summary["test"]["roc_auc"],
    }
    return _run(usage, result, _seconds_by_phase(folder / "home"))


def _run(usage: Usage, result: Mapping[str, Any], seconds: Mapping[str, float]) -> Run:
    elsewhere = usage.wall_seconds - sum(seconds.values())
    return Run(usage, result, {**seconds, ELSEWHERE: elsewhere})


def _seconds_by_phase(home: Path) -> dict[str, float]:
    """Seconds of the steps of all runs that belong to a phase."""
    seconds: dict[str, float] = {}
    for step in steps_of(home):
        if (phase := STEPS.get(step.key)) is not None:
            seconds[phase] = seconds.get(phase, 0.0) + step.seconds
    return seconds


def _refuse_different_work(runs: Sequence[Run]) -> None:
    first = runs[0].result
    for run in runs[1:]:
        for name, value in first.items():
            if not _equal(value, run.result[name]):
                raise RuntimeError(
                    f"{name} is {value!r} in one run and {run.result[name]!r} in another: they did "
                    "not do the same work. Bring bare_*.py in line with flight_delay/defs.yaml."
                )


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE)
    return bool(one == other)


def _report(runs: Mapping[str, Sequence[Run]]) -> str:
    result = runs[BARE][0].result
    return "\n\n".join(
        [
            f"Both trained on {result['rows']:,} flights and released the same "
            f"`{result['winner']}` (test log loss {result['test_log_loss']:.4f}, ROC AUC "
            f"{result['test_roc_auc']:.4f}).",
            ratio_table(usage_figures(_by_name(runs, "usage"))),
            "Seconds by phase (medians):",
            phase_table([*dict.fromkeys(STEPS.values()), ELSEWHERE], _by_name(runs, "seconds")),
        ]
    )


def _by_name(runs: Mapping[str, Sequence[Run]], attribute: str) -> dict[str, list[Any]]:
    return {name: [getattr(run, attribute) for run in found] for name, found in runs.items()}
