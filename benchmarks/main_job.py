"""The platform's main job against a bare script that does the same work."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import Usage, measured, mlops, python
from benchmarks.report import markdown_table, say

BARE, PLATFORM = "bare script", "platform"
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
"""Phase of the bare script that each step of the platform belongs to; it has no model card."""
ELSEWHERE = "elsewhere"
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
        # Whoever runs second finds warm file caches: take turns.
        for name in (BARE, PLATFORM) if repetition % 2 == 0 else (PLATFORM, BARE):
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
    usage = measured(mlops("demo"), environment, log)
    summary = json.loads((folder / "home" / "demo" / "summary.json").read_text())
    result = {
        "rows": summary["training_set"]["rows"],
        "winner": summary["winner"],
        "search_log_loss": summary["candidates"][summary["winner"]],
        "test_log_loss": summary["test"]["log_loss"],
        "test_roc_auc": summary["test"]["roc_auc"],
    }
    return _run(usage, result, _seconds_by_phase(folder / "home" / "dagster"))


def _run(usage: Usage, result: Mapping[str, Any], seconds: Mapping[str, float]) -> Run:
    elsewhere = usage.wall_seconds - sum(seconds.values())
    return Run(usage, result, {**seconds, ELSEWHERE: elsewhere})


def _seconds_by_phase(dagster_home: Path) -> dict[str, float]:
    """Seconds that the steps of all runs took, as Dagster's event log has them."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(dagster_home)
    seconds: dict[str, float] = {}
    with dg.DagsterInstance.get() as instance:
        for run in instance.get_runs():
            for step in instance.get_run_step_stats(run.run_id):
                phase = STEPS[step.step_key]
                took = (step.end_time or 0.0) - (step.start_time or 0.0)
                seconds[phase] = seconds.get(phase, 0.0) + took
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
            _totals({name: [run.usage for run in found] for name, found in runs.items()}),
            "Seconds by phase (medians):",
            _phases(runs),
        ]
    )


def _totals(usages: Mapping[str, Sequence[Usage]]) -> str:
    columns = {
        "wall s": [[usage.wall_seconds for usage in usages[name]] for name in (BARE, PLATFORM)],
        "CPU s": [[usage.cpu_seconds for usage in usages[name]] for name in (BARE, PLATFORM)],
        "peak MB": [
            [usage.peak_bytes / 1e6 for usage in usages[name]] for name in (BARE, PLATFORM)
        ],
    }
    rows = []
    for name, (bare, platform) in columns.items():
        ratio = median(platform) / median(bare)
        by_run = [f"{p / b:.2f}" for b, p in zip(bare, platform, strict=True)]
        rows.append(
            [
                name,
                f"{median(bare):.1f}",
                f"{median(platform):.1f}",
                f"**{ratio:.2f}**",
                ", ".join(by_run),
            ]
        )
    header = ["median of", BARE, PLATFORM, "ratio of medians", "ratio by repetition"]
    return markdown_table(header, rows)


def _phases(runs: Mapping[str, Sequence[Run]]) -> str:
    medians = {
        name: {phase: median(run.seconds[phase] for run in found) for phase in found[0].seconds}
        for name, found in runs.items()
    }
    rows = [
        [
            phase,
            *(f"{medians[name].get(phase, 0):.1f}" for name in (BARE, PLATFORM)),
            f"{medians[PLATFORM][phase] - medians[BARE].get(phase, 0):+.1f}",
        ]
        for phase in [*dict.fromkeys(STEPS.values()), ELSEWHERE]
    ]
    return markdown_table(["phase", BARE, PLATFORM, "difference"], rows)
