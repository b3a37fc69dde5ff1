"""Speed: what an exported file costs whoever runs it, in processor time of fresh processes."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.record import Record

STARTS: Final = 3
TIMED_ROWS: Final = 1_000


class Speed(Record):
    """Processor time, which other processes of the machine do not stretch.

    Args:
        cold_start_milliseconds: of a fresh process: the interpreter, loading, and the first row.
        row_microseconds: of each later row, one by one.
    """

    cold_start_milliseconds: float
    row_microseconds: float


def run_fresh(arguments: Sequence[str], given: str, what: str) -> str:
    """What Python prints in a process of its own.

    Args:
        given: on its standard input.
        what: of which it is said that it fails.

    Raises:
        NotExportable: it does.
    """
    finished = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments], input=given, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        last = (finished.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotExportable(f"{what}: {last}")
    return finished.stdout


def cold_start_milliseconds(start: Callable[[], object]) -> float:
    """Median processor time of some starts, each of which waits for its process."""
    starts = []
    for _ in range(STARTS):
        before = _seconds_of_children()
        start()
        starts.append(1e3 * (_seconds_of_children() - before))
    return median(starts)


def _seconds_of_children() -> float:
    """Processor time of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
