"""Results as Markdown: what was measured, on which machine, with which versions."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.processes import ENVIRONMENT, ROOT

PACKAGES = (
    *("dagster", "dagster-dbt", "dbt-core", "dbt-duckdb", "duckdb", "mlflow", "bentoml"),
    *("evidently", "scikit-learn", "optuna", "skops", "pandas", "numpy", "pyarrow"),
)


@dataclass(frozen=True)
class Circumstances:
    """Where and when a measurement started."""

    command: str
    started_at: datetime
    load: tuple[float, float, float]


def circumstances(command: str) -> Circumstances:
    """What is true now, before a measurement starts."""
    return Circumstances(command, datetime.now(UTC), os.getloadavg())


def write_report(path: Path, title: str, about: str, body: str, found: Circumstances) -> None:
    """Write one result, with everything that its numbers depend on."""
    text = "\n\n".join([f"# {title}", about, body, "## Circumstances", _details(found)])
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
    say(f"wrote {path}")


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    ruler = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, ruler, *rows))


def say(line: str) -> None:
    """Tell whoever waits how far the measurement is."""
    sys.stderr.write(line + "\n")


def _details(found: Circumstances) -> str:
    facts = {
        "command": f"`{found.command}`",
        "date": found.started_at.strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
        "machine": f"{_cpu_model()}, {psutil.cpu_count()} cores, "
        f"{psutil.virtual_memory().total / 1e9:.0f} GB, {platform.system()} {platform.release()}",
        "load average at start": ", ".join(f"{load:.2f}" for load in found.load)
        + " (1, 5 and 15 minutes)",
        "threads": f"OMP_NUM_THREADS={ENVIRONMENT['OMP_NUM_THREADS']}",
        "versions": ", ".join(
            [f"Python {platform.python_version()}", *(f"{p} {version(p)}" for p in PACKAGES)]
        ),
    }
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def _commit() -> str:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "mlops_platform")
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    return f"{commit}, with uncommitted changes" if changed else commit


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown CPU"
