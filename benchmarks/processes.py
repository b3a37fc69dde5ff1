"""Runs a command as a fresh process and measures it with all its descendants."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.2
ENVIRONMENT = {
    "BENTOML_DO_NOT_TRACK": "True",
    "DAGSTER_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MPLBACKEND": "agg",
    # As the platform sets it: on a machine with neighbours, more threads measure the neighbours.
    "OMP_NUM_THREADS": "1",
    # Lines are read when they are printed.
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True)
class Mark:
    """How far a process was when it printed a line: CPU time of it and of children that ended."""

    line: str
    cpu_seconds: float


@dataclass(frozen=True)
class Usage:
    """What one process and its descendants took.

    Attributes:
        wall_seconds: from start to exit.
        cpu_seconds: user and system time of all processes that were waited for.
        peak_bytes: highest sum of resident sizes over the process tree. Sampled, so that peaks
            shorter than a sample may be missed; pages that processes share count once for each.
        marks: of every line that it printed.
        exit_code: with which it ended.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    marks: Sequence[Mark] = ()
    exit_code: int = 0

    def cpu_seconds_at(self, text: str) -> float:
        """CPU time until it printed a line with this text, for the first time."""
        return next(mark.cpu_seconds for mark in self.marks if text in mark.line)


def measured(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Usage:
    """Run a command in the project's folder, alone, and measure it.

    Raises:
        RuntimeError: it failed; with the end of what it said.
    """
    usage = measured_whatever_becomes_of_it(command, environment, log, ROOT)
    if usage.exit_code:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise RuntimeError(f"{' '.join(command)} ended with {usage.exit_code}:\n{end}")
    return usage


def measured_whatever_becomes_of_it(
    command: Sequence[str], environment: Mapping[str, str], log: Path, folder: Path
) -> Usage:
    """Run a command in a folder, alone, and measure it even if it fails."""
    cpu_before = _cpu_seconds_of_children()
    started = time.perf_counter()
    marks: list[Mark] = []
    with log.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment_of_processes(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        with _PeakMemory(process.pid) as memory, process:
            for line in process.stdout or ():
                output.write(line)
                marks.append(Mark(line, _cpu_seconds_until_now(process.pid)))
    wall_seconds = time.perf_counter() - started
    cpu_seconds = _cpu_seconds_of_children() - cpu_before
    return Usage(wall_seconds, cpu_seconds, memory.peak_bytes, marks, process.returncode)


def environment_of_processes() -> dict[str, str]:
    """The environment of everything that is measured.

    Without compiled files every process compiles its libraries anew, which would be measured; and
    a folder of the caller's must not shadow the tree that is measured.
    """
    ignored = {"PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "DAGSTER_HOME", "MLOPS_HOME"}
    inherited = {name: value for name, value in os.environ.items() if name not in ignored}
    return {**inherited, **ENVIRONMENT}


def python(*arguments: str) -> list[str]:
    """A command that runs this interpreter, with the project's folder first on its path."""
    return [sys.executable, *arguments]


def mlops(*arguments: str) -> list[str]:
    """A command of the platform, from this very tree even where another one is installed."""
    return python("-c", "from mlops_platform.__main__ import run; run()", *arguments)


def _cpu_seconds_until_now(pid: int) -> float:
    with suppress(psutil.NoSuchProcess):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return math.nan


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _PeakMemory:
    """Samples the resident size of a process tree from a thread."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._root = psutil.Process(pid)
        self._ended = Event()
        self._thread = Thread(target=self._follow, daemon=True)

    def __enter__(self) -> _PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            with suppress(psutil.NoSuchProcess):
                tree = [self._root, *self._root.children(recursive=True)]
                self.peak_bytes = max(self.peak_bytes, sum(map(_resident_bytes, tree)))


def _resident_bytes(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.memory_info().rss)
    return 0
