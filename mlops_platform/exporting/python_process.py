"""An exported program asked in a process of its own, which has nothing but the standard library."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.exporting.speed import (
    TIMED_ROWS,
    Speed,
    cold_start_milliseconds,
    run_fresh,
)
from mlops_platform.exporting.verification import Said

if TYPE_CHECKING:
    from mlops_platform.serving.frames import Row

ALONE: Final = ("-I", "-S", "-B")
"""Isolated, without site-packages, and without compiled files of an earlier start."""

_BEGIN = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import scorer
rows = map(json.loads, sys.stdin)
"""
_SCORE_ALL = (
    _BEGIN
    + """
of_origin = {"entity", "warnings", *scorer.ORIGIN}
for row in rows:
    numbers = answer = None
    try:
        numbers = scorer.numbers(row)
        answer = scorer.score(row)
        answer = {field: answer[field] for field in answer if field not in of_origin}
    except scorer.InvalidRow as error:
        if error.faults:
            raise
    except ArithmeticError:
        pass
    print(json.dumps([numbers, answer]))
"""
)
_SCORE_FIRST = _BEGIN + "scorer.score(next(rows))\n"
_TIME_ROWS = (
    _BEGIN
    + """
rows = list(rows)
def seconds():
    started = time.process_time()
    for row in rows:
        scorer.score(row)
    return time.process_time() - started
print(min(seconds() for _ in range(3)) / len(rows))
"""
)


def ask_program(folder: Path, rows: Sequence[Row]) -> list[Said]:
    """What the program in a folder says of rows.

    Raises:
        NotExportable: it fails.
    """
    lines = _run(folder, _SCORE_ALL, rows).splitlines()
    said = [json.loads(line) for line in lines]
    return [Said(tuple(numbers or ()), answer) for numbers, answer in said]


def measure_program(folder: Path, rows: Sequence[Row]) -> Speed:
    """How quick it is, by rows that it can answer."""
    start = cold_start_milliseconds(lambda: _run(folder, _SCORE_FIRST, rows[:1]))
    row = 1e6 * float(_run(folder, _TIME_ROWS, rows[:TIMED_ROWS]))
    return Speed(cold_start_milliseconds=start, row_microseconds=row)


def _run(folder: Path, program: str, rows: Sequence[Row]) -> str:
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    return run_fresh([*ALONE, "-c", program, str(folder)], lines, "the exported program fails")
