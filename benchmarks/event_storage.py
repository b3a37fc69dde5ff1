"""Dagster's SQLite event log with its connections kept open, against Dagster's own."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.processes import ROOT, Usage, measured, mlops
from benchmarks.report import markdown_table, say

SECTION = "event_log_storage"
DAGSTERS, POOLED = "Dagster's own", "kept open"


def measure_event_storage(repetitions: int) -> str:
    """Make the first champion in fresh homes with either, in turn; returns the report."""
    seconds: dict[str, list[dict[str, float]]] = {DAGSTERS: [], POOLED: []}
    usages: dict[str, list[Usage]] = {DAGSTERS: [], POOLED: []}
    for repetition in range(repetitions):
        names = [DAGSTERS, POOLED] if repetition % 2 == 0 else [POOLED, DAGSTERS]
        for name in names:
            with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as folder:
                usage, phases = _first_champion(Path(folder), pooled=name == POOLED)
            usages[name].append(usage)
            seconds[name].append(phases)
            say(f"{name}, run {repetition + 1}: landed in {phases['land']:.1f} s")
    rows = {
        "land 90 days, wall s": [median(run["land"] for run in seconds[name]) for name in seconds],
        "whole job, wall s": [median(run.wall_seconds for run in usages[name]) for name in usages],
        "whole job, CPU s": [median(run.cpu_seconds for run in usages[name]) for name in usages],
    }
    table = [
        [figure, f"{own:.1f}", f"{pooled:.1f}", f"**{own / pooled:.2f}**"]
        for figure, (own, pooled) in rows.items()
    ]
    return markdown_table(["", DAGSTERS, POOLED, "times"], table)


def _first_champion(folder: Path, *, pooled: bool) -> tuple[Usage, dict[str, float]]:
    instance = folder / "dagster.yaml"
    text = (ROOT / "dagster.yaml").read_text()
    instance.write_text(text if pooled else _without_section(text))
    environment = {"MLOPS_HOME": str(folder / "home"), "MLOPS_DAGSTER_YAML": str(instance)}
    measured(mlops("setup"), environment, folder / "log")
    usage = measured(mlops("demo", "--windows", "0"), environment, folder / "log")
    return usage, json.loads((folder / "home" / "demo" / "summary.json").read_text())["seconds"]


def _without_section(text: str) -> str:
    """The same `dagster.yaml`, in which Dagster's own storage is left to be the default."""
    before, _, rest = text.partition(f"{SECTION}:\n")
    lines = rest.splitlines(keepends=True)
    after = next(at for at, line in enumerate(lines) if line.strip() and not line[0].isspace())
    return before + "".join(lines[after:])
