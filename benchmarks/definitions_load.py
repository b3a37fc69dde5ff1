"""What loading the definitions costs, and how big the UI's snapshot is, by number of models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import ROOT, environment_of_processes, mlops, python
from benchmarks.report import markdown_table, say

SIZES = (1, 10, 100, 500)
MODEL = "flight_delay"
PARTS = ("mlops_platform", "dbt_project")
FILES = ("pyproject.toml", "dagster.yaml", "requirements.lock")
LOAD = Path(__file__).with_name("load_definitions.py")

WINDOW = '  window: {{cadence: {cadence}, start: "{start}", timezone: {zone}}}\n'
CADENCES = ("weekly", "daily")
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo")
STARTS = 7

Costs = dict[str, Any]


def measure_definitions_load(repetitions: int, sizes: Sequence[int] = SIZES) -> str:
    """Load a copy of the project with that many models, each time in a fresh process.

    Raises:
        subprocess.CalledProcessError: the definitions do not load.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as folder:
        project = Path(folder, "project")
        copy_project(project)
        environment = {**environment_of_processes(), "MLOPS_HOME": str(Path(folder, "home"))}
        subprocess.run(
            mlops("setup"),
            cwd=project,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        baseline = _costs([], project, environment, repetitions)
        for size in sizes:
            declare_models(project, size)
            rows.append((size, _costs(["defs"], project, environment, repetitions)))
            say(f"{size} models: {rows[-1][1]['load_cpu_seconds']:.2f} CPU seconds")
    return _report(baseline, rows)


def copy_project(project: Path) -> None:
    """Copy what loads the definitions to a folder of its own."""
    for part in PARTS:
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("target"))
    for file in FILES:
        shutil.copy2(ROOT / file, project / file)


def declare_models(project: Path, count: int) -> None:
    """Bring the number of models to `count`: copies under other names, on several calendars.

    All others that the project declares go.
    """
    defs = project / "mlops_platform" / "defs"
    (file,) = defs.rglob(f"{MODEL}/defs.yaml")
    text = file.read_text(encoding="utf-8")
    component = text.partition("\n")[0]
    for other in [*defs.rglob("defs.yaml")]:
        is_model = other.read_text(encoding="utf-8").startswith(component)
        if is_model and not other.parent.name.startswith(MODEL):
            shutil.rmtree(other.parent)
    for number in range(1, count):
        name = f"{MODEL}_{number:03}"
        (defs / name).mkdir(exist_ok=True)
        declared = text.replace(f"  name: {MODEL}\n", f"  name: {name}\n", 1)
        calendar = WINDOW.format(
            cadence=CADENCES[number % len(CADENCES)],
            start=date(2013, 1, 7) + timedelta(weeks=number % STARTS),
            zone=ZONES[number % len(ZONES)],
        )
        declared, replaced = re.subn(r"^  window:.*\n(?:    .*\n)*", calendar, declared, flags=re.M)
        assert replaced == 1
        (defs / name / "defs.yaml").write_text(declared, encoding="utf-8")


def _costs(
    arguments: Sequence[str], project: Path, environment: dict[str, str], repetitions: int
) -> Costs:
    """Medians over fresh processes, after one that compiles what was not compiled yet."""
    found = [_load(arguments, project, environment) for _ in range(repetitions + 1)][1:]
    return {name: median(costs[name] for costs in found) for name in found[0]}


def _load(arguments: Sequence[str], project: Path, environment: dict[str, str]) -> Costs:
    finished = subprocess.run(
        python(str(LOAD), *arguments),
        cwd=project,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    costs: Costs = json.loads(finished.stdout.splitlines()[-1])
    return costs


def _report(baseline: Costs, rows: Sequence[tuple[int, Costs]]) -> str:
    header = [
        *("models", "assets", "jobs", "imports CPU s", "load CPU s", "snapshot CPU s"),
        *("graph MB", "snapshot MB", "peak MB"),
    ]
    imports = f"{baseline['imports_cpu_seconds']:.2f}"
    peak = f"{baseline['peak_megabytes']:.0f}"
    table = [["only `import dagster, dagster_dbt`", "", "", imports, "", "", "", "", peak]]
    table += [
        [
            str(size),
            *(f"{costs[name]:.0f}" for name in ("assets", "jobs")),
            f"{costs['imports_cpu_seconds']:.2f}",
            f"**{costs['load_cpu_seconds']:.2f}**",
            f"{costs['snapshot_cpu_seconds']:.2f}",
            f"{costs['graph_bytes'] / 1e6:.2f}",
            f"**{costs['snapshot_bytes'] / 1e6:.2f}**",
            f"{costs['peak_megabytes']:.0f}",
        ]
        for size, costs in rows
    ]
    return markdown_table(header, table)
