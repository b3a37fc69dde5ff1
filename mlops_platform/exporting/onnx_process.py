"""An exported graph asked as whoever runs it will: in this process, and timed in one of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.exporting.onnx_form.session import GraphSession
from mlops_platform.exporting.speed import (
    TIMED_ROWS,
    Speed,
    cold_start_milliseconds,
    run_fresh,
)
from mlops_platform.exporting.verification import Said

if TYPE_CHECKING:
    from mlops_platform.exporting.exportable import Exportable
    from mlops_platform.serving.frames import Row

_SCORE_FIRST: Final = """
import json, sys
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
row = json.load(sys.stdin)
text = {put.name for put in session.get_inputs() if put.type == "tensor(string)"}
session.run(None, {name: np.array([["" if value is None else value]], object) if name in text
    else np.array([[value]], np.float64) for name, value in row.items()})
"""


def ask_graph(version: Exportable, file: Path, rows: Sequence[Row]) -> list[Said]:
    """What a graph says of rows; numbers that the task cannot answer are no answer."""
    numbers, answers = GraphSession(file.read_bytes()).answers(rows)
    usable = version.task.usable
    return [
        Said(said, answer if usable(said) else None)
        for said, answer in zip(numbers, answers, strict=True)
    ]


def measure_graph(file: Path, rows: Sequence[Row]) -> Speed:
    """How quick it is, row by row."""
    arguments, first = ["-I", "-c", _SCORE_FIRST, str(file)], json.dumps(rows[0])
    what = "the exported graph fails in a fresh process"
    start = cold_start_milliseconds(lambda: run_fresh(arguments, first, what))
    session = GraphSession(file.read_bytes())
    tensors = [session.feed([row]) for row in rows[:TIMED_ROWS]]

    def seconds() -> float:
        started = time.process_time()
        for tensor in tensors:
            session.run(tensor)
        return time.process_time() - started

    row = 1e6 * min(seconds() for _ in range(3)) / len(tensors)
    return Speed(cold_start_milliseconds=start, row_microseconds=row)
