"""What a tick of each shared sensor costs, by number of models that have a past."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.definitions_load import MODEL, copy_project, declare_models
from benchmarks.processes import environment_of_processes, mlops, python
from benchmarks.report import markdown_table, say

SIZES = (20, 100, 500)
LIVED = Path(__file__).with_name("lived_models.py")
TICKS = Path(__file__).with_name("tick_sensors.py")
EVERY_SENSOR = {"FLIGHT_SCHEDULES": "true"}

Tick = Mapping[str, Any]
Costs = Mapping[str, Any]


def measure_sensor_ticks(sizes: Sequence[int] = SIZES) -> str:
    """Let the sensors of a copy of the project tick, with that many models and a home for each.

    Raises:
        subprocess.CalledProcessError: the definitions do not load, or a tick fails.
    """
    tables = []
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as folder:
        project = Path(folder, "project")
        copy_project(project)
        _switch_rollouts_on(project)
        for size in sizes:
            declare_models(project, size)
            costs = _costs(project, Path(folder, f"home-{size}"))
            tables.append(f"## {size} models\n\n{_table(costs)}")
            say(tables[-1])
    return "\n\n".join(tables)


def _switch_rollouts_on(project: Path) -> None:
    """The one schedule that the example does not declare; copies of it do as it does."""
    (file,) = (project / "mlops_platform" / "defs").rglob(f"{MODEL}/defs.yaml")
    text, replaced = re.subn(
        r"^  schedules:\n", "  schedules:\n    rollout: true\n", file.read_text(), flags=re.M
    )
    assert replaced == 1
    file.write_text(text)


def _costs(project: Path, home: Path) -> Costs:
    environment = {**environment_of_processes(), **EVERY_SENSOR, "MLOPS_HOME": str(home)}
    for command in (mlops("setup"), python(str(LIVED))):
        subprocess.run(command, cwd=project, env=environment, check=True, stdout=subprocess.DEVNULL)
    finished = subprocess.run(
        python(str(TICKS)),
        cwd=project,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    costs: Costs = json.loads(finished.stdout.splitlines()[-1])
    return costs


def _table(costs: Costs) -> str:
    header = [
        *("sensor", "first: ticks", "models of the first", "requests", "CPU s", "wall s"),
        *("later: models", "requests", "CPU s", "wall s", "cursor kB"),
    ]
    rows = [
        [name, *_first_cells(ticks), *_later_cells(costs["later"][name])]
        for name, ticks in costs["first"].items()
    ]
    first = [tick for ticks in costs["first"].values() for tick in ticks]
    later = [tick for ticks in costs["later"].values() for tick in ticks]
    rounds = len(next(iter(costs["later"].values())))
    total = [
        *("**all**", str(len(first)), "", str(_sum(first, "requests"))),
        *(f"{_sum(first, f'{clock}_seconds'):.1f}" for clock in ("cpu", "wall")),
        *("", f"{_sum(later, 'requests') / rounds:.0f}"),
        f"**{_sum(later, 'cpu_seconds') / rounds:.2f}**",
        f"{_sum(later, 'wall_seconds') / rounds:.2f}",
        f"{sum(ticks[-1]['cursor_bytes'] for ticks in costs['later'].values()) / 1e3:.0f}",
    ]
    table = markdown_table(header, [*rows, total])
    return f"{table}\n\nPeak memory of the process: {costs['peak_megabytes']:.0f} MB."


def _first_cells(ticks: Sequence[Tick]) -> list[str]:
    return [
        *(str(len(ticks)), str(ticks[0]["models"]), str(_sum(ticks, "requests"))),
        *(f"{_sum(ticks, f'{clock}_seconds'):.1f}" for clock in ("cpu", "wall")),
    ]


def _later_cells(ticks: Sequence[Tick]) -> list[str]:
    means = {name: _sum(ticks, name) / len(ticks) for name in ticks[0]}
    return [
        *(f"{means[name]:.0f}" for name in ("models", "requests")),
        *(f"{means[f'{clock}_seconds']:.2f}" for clock in ("cpu", "wall")),
        f"{ticks[-1]['cursor_bytes'] / 1e3:.0f}",
    ]


def _sum(ticks: Sequence[Tick], name: str) -> float:
    return sum(tick[name] for tick in ticks)
