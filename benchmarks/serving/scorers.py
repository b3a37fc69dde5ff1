"""One row: through the pipeline, and through what was compiled of it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.report import markdown_table, say
from benchmarks.serving.models import ServedModel, prepare_models

ROWS, CALLS = 200, 20
"""A row is scored once by the pipeline, then so often by the compiled model."""


def measure_scorers(repetitions: int) -> str:
    """Measure each model; returns the table."""
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        table = [_measured(model, repetitions) for model in prepare_models(Path(temporary))]
    header = ["model", "pipeline µs", "compiled µs", "times quicker", "compiling s"]
    return markdown_table(header, table)


def _measured(model: ServedModel, repetitions: int) -> list[str]:
    import joblib
    from threadpoolctl import threadpool_limits

    from mlops_platform.serving.contents import read_contents
    from mlops_platform.serving.scoring.scorer import Scorer

    pipeline = joblib.load(model.joblib)
    contents = read_contents(model.bento / "src")
    schema, task = contents.features, contents.release.task
    plain = Scorer(schema, task, pipeline, compiled=False)
    compiling = _cpu_seconds(lambda: Scorer(schema, task, pipeline))
    compiled = Scorer(schema, task, pipeline)
    assert compiled.compiled, compiled.reason
    # As a request brings them: names and values of JSON.
    rows = json.loads(json.dumps(model.rows[:ROWS]))
    pairs = []
    with threadpool_limits(1):
        for row in rows * repetitions:
            through_pipeline = _cpu_seconds(lambda row=row: plain.numbers(row))
            through_compiled = _cpu_seconds(
                lambda row=row: [compiled.numbers(row) for _ in range(CALLS)]
            )
            pairs.append((through_pipeline, through_compiled / CALLS))
    slow, quick = (1e6 * median(side) for side in zip(*pairs, strict=True))
    say(f"{model.name}: {slow:.0f} µs, {quick:.1f} µs")
    times = median(pipeline / compiled for pipeline, compiled in pairs)
    return [model.name, f"{slow:.0f}", f"{quick:.1f}", f"**{times:.0f}**", f"{compiling:.2f}"]


def _cpu_seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
