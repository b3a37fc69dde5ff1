"""Time and memory of a drift decision against its peers."""

from __future__ import annotations

import json
import tempfile
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.monitoring.drift_contender import CONTENDERS
from benchmarks.monitoring.drift_data import REFERENCE, WINDOW, write_profile_of, write_rows
from benchmarks.processes import measured, python
from benchmarks.report import markdown_table, say

if TYPE_CHECKING:
    Figures = dict[str, tuple[float, float]]

SIZES = (10_000, 100_000, 1_000_000, 10_000_000, 50_000_000)
MOST_REFERENCE_ROWS = 1_000_000
LARGEST = {"careful": 1_000_000, "preset": 1_000_000}
"""Beyond these they take minutes, or more memory than there is."""


def measure_drift_speed(repetitions: int) -> str:
    """Every contender on every size, in turn."""
    lines = []
    for rows in SIZES:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            _prepare(folder, rows)
            lines.append(_line(rows, _contest(folder, rows, repetitions)))
    header = ["rows", "decode", "platform", "bare calls", "Evidently's preset"]
    ratios = ["platform / decode", "bare calls / platform", "preset / platform"]
    return markdown_table([*header, *ratios, "memory: preset / platform"], lines)


def _prepare(folder: Path, rows: int) -> None:
    """In processes of their own: what they leave in memory is nobody's."""
    reference = min(rows, MOST_REFERENCE_ROWS)
    context = get_context("spawn")
    for work in (
        (write_rows, (folder / REFERENCE, reference, 0, 90, 1)),
        (write_rows, (folder / WINDOW, rows, 90, 7, 2)),
        (write_profile_of, (folder,)),
    ):
        process = context.Process(target=work[0], args=work[1])
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{work[0].__name__} failed")


def _contest(folder: Path, rows: int, repetitions: int) -> Figures:
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repetitions):
        for name in CONTENDERS:
            if rows <= LARGEST.get(name, rows):
                say(f"{name} on {rows:,} rows")
                log = folder / "log"
                module = "benchmarks.monitoring.drift_contender"
                measured(python("-m", module, name, str(folder)), {}, log)
                said = json.loads(log.read_text().splitlines()[-1])
                found.setdefault(name, []).append((said["seconds"], said["peak_bytes"]))
    return {
        name: (median(one[0] for one in runs), median(one[1] for one in runs))
        for name, runs in found.items()
    }


def _line(rows: int, found: Figures) -> list[str]:
    def cell(name: str) -> str:
        if name not in found:
            return "–"
        seconds, peak = found[name]
        return f"{seconds:.2f} s, {peak / 2**20:,.0f} MiB"

    def ratio(first: str, second: str, at: int = 0) -> str:
        if first not in found or second not in found:
            return "–"
        return f"{found[first][at] / found[second][at]:.1f}"

    return [
        f"{rows:,}",
        *map(cell, ("decode", "platform", "careful", "preset")),
        ratio("platform", "decode"),
        ratio("careful", "platform"),
        ratio("preset", "platform"),
        ratio("preset", "platform", at=1),
    ]
