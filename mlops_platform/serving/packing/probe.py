"""Asks a Bento over HTTP for its golden rows, and compares what it answers."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.record import Record
from mlops_platform.serving.contents import Contents, read_contents
from mlops_platform.serving.golden import require_same_answers
from mlops_platform.serving.packing.server import running_bento


class ProbeResult(Record):
    """What a Bento answered.

    Args:
        rows: golden rows, each asked for alone and again within a batch.
        max_difference: largest `answer_difference` of a row asked for alone to its offline
            answer: relative to numbers beyond 1, and 0.0 is bit for bit equal.
        max_batch_difference: the same within a batch, where BLAS may round the last bit otherwise.
        start_seconds: from starting the process to readiness.
        seconds: the whole probe, stopping included.
    """

    model: str
    version: str
    rows: int
    max_difference: float
    max_batch_difference: float
    start_seconds: float
    seconds: float


def check_golden_rows(bento: Path, start_timeout: float = 180) -> ProbeResult:
    """Serve the Bento in folder `bento` on loopback and compare its golden rows.

    Raises:
        ServingError: it does not start, refuses a row, names another version, or is further away
            from the offline pipeline than rounding explains.
    """
    started = time.perf_counter()
    contents = read_contents(bento / "src")
    with running_bento(str(bento), start_timeout=start_timeout) as server:
        connection = server.connection()
        try:
            alone, batched = _differences(connection, contents)
        finally:
            connection.close()
    return ProbeResult(
        model=contents.release.model,
        version=contents.release.version,
        rows=len(contents.golden_rows.rows),
        max_difference=alone,
        max_batch_difference=batched,
        start_seconds=server.start_seconds,
        seconds=time.perf_counter() - started,
    )


def _differences(connection: HTTPConnection, contents: Contents) -> tuple[float, float]:
    """Largest differences of the rows asked for one by one, and as batches."""
    golden = contents.golden_rows
    rows = [row.features for row in golden.rows]
    size = contents.release.serving.max_batch_rows
    alone = [_ask(connection, contents, "/v1/predict", row) for row in rows]
    batches = [
        _ask(connection, contents, "/v1/predict_batch", {"rows": rows[start : start + size]})
        for start in range(0, len(rows), size)
    ]
    together = [score for batch in batches for score in batch["predictions"]]
    release = contents.release
    task, constants = release.task, release.constants
    expected = [task.shown(task.answer(row.numbers, constants)) for row in golden.rows]
    return require_same_answers(expected, alone), require_same_answers(expected, together)


def _ask(connection: HTTPConnection, contents: Contents, route: str, body: Any) -> dict[str, Any]:
    connection.request("POST", route, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    text = response.read().decode()
    if response.status != 200:
        raise ServingError(f"{route}: a golden row was answered {response.status}: {text[:1000]}")
    answer: dict[str, Any] = json.loads(text)
    expected = (contents.release.version, contents.release.sequence)
    if (answer["version"], answer["sequence"]) != expected:
        raise ServingError(
            f"{route}: answered by version {answer['version']}, sequence {answer['sequence']}, "
            f"not by {expected}; another service has taken the port, probe again."
        )
    return answer
