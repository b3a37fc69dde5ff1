"""Speed: what an exported file costs whoever runs it, in processor time."""

from __future__ import annotations

import resource
from typing import Final

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


def seconds_of_children() -> float:
    """Processor time of all processes that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
