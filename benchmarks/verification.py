"""What it costs to verify published files by their digests, within the commands that read them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.processes import measured, mlops, python
from benchmarks.report import markdown_table, say

MODEL = "flight_delay"
SAID = "verified in "
COMMANDS = {
    "a training": ("train", MODEL),
    "a window of a week": ("watch", MODEL, "2013-04-01"),
}
"""Of a home of three months of flights that lives at the end of the week after them."""
COUNTED = f"""
import atexit, time
from mlops_platform.data.features import published
verify, spent = published.require_intact, []

def counted(*arguments, **options):
    before = time.process_time()
    try:
        return verify(*arguments, **options)
    finally:
        spent.append(time.process_time() - before)

published.require_intact = counted
atexit.register(lambda: print("{SAID}", sum(spent), "s, calls:", len(spent), flush=True))
from mlops_platform.cli import main
main()
"""


def measure_verification(repetitions: int) -> str:
    """Train and watch, and count what verifying took of it; returns the report."""
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as folder:
        home = Path(folder, "home")
        environment = {"MLOPS_HOME": str(home)}
        measured(mlops("demo", "--windows", "1"), environment, Path(folder, "log"))
        runs = {
            name: [_run(command, environment, Path(folder, "log")) for _ in range(repetitions)]
            for name, command in COMMANDS.items()
        }
        size = sum(file.stat().st_size for file in home.glob("lake/features/**/*.parquet"))
    rows = []
    for name, figures in runs.items():
        whole, verifying = (median(figure) for figure in zip(*figures, strict=True))
        rows.append([name, f"{whole:.1f}", f"{verifying:.3f}", f"**{verifying / whole:.2%}**"])
        say(f"{name}: {verifying:.3f} of {whole:.1f} CPU s")
    table = markdown_table(["", "CPU s", "of it verifying", "share"], rows)
    return f"{table}\n\nPublished are {size / 1e6:.1f} MB."


def _run(command: Sequence[str], environment: dict[str, str], log: Path) -> tuple[float, float]:
    """CPU seconds of a command, and those of them that verifying took."""
    usage = measured(python("-c", COUNTED, *command), environment, log)
    [said] = [mark.line for mark in usage.marks if mark.line.startswith(SAID)]
    return usage.cpu_seconds, float(said.removeprefix(SAID).split()[0])
