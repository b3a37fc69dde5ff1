"""A thousand rows at once: over HTTP, and in memory."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks.report import markdown_table, say
from benchmarks.serving.models import BATCH_ROWS, ServedModel, prepare_models
from benchmarks.serving.peers import PEERS, PLATFORM
from benchmarks.serving.running import RunningPeer, running_peer

BATCHES, WARM = 30, 6


@dataclass(frozen=True)
class BatchRate:
    """Rows per second, batch by batch: asked over one connection, and in memory."""

    served: Sequence[float]
    in_memory: Sequence[float]

    @property
    def share(self) -> float:
        """Of the rate in memory that is left over HTTP, median of the pairs."""
        pairs = zip(self.served, self.in_memory, strict=True)
        return median(served / in_memory for served, in_memory in pairs)


def measure_batches(repetitions: int) -> str:
    """Measure each model; returns the table."""
    platform = next(peer for peer in PEERS if peer.name == PLATFORM)
    rows = []
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        for model in prepare_models(Path(temporary)):
            with running_peer(platform, model, Path(temporary, "servers", model.name)) as one:
                found = _rate(one, model, BATCHES * repetitions)
            say(f"{model.name}: {found.share:.2f}")
            rates = (f"{median(rates):.0f}" for rates in (found.served, found.in_memory))
            rows.append([model.name, *rates, f"**{found.share:.2f}**"])
    return markdown_table(["model", "rows/s over HTTP", "rows/s in memory", "share"], rows)


def _rate(one: RunningPeer, model: ServedModel, batches: int) -> BatchRate:
    import joblib
    import pandas as pd
    from threadpoolctl import threadpool_limits

    pipeline = joblib.load(model.joblib)
    dtypes = json.loads((model.joblib.parent / "dtypes.json").read_text())
    frame = pd.DataFrame(model.rows).astype(dtypes)
    body = json.dumps({"rows": model.rows})
    headers = {"Content-Type": "application/json", **one.peer.headers}
    connection = HTTPConnection("127.0.0.1", one.port, timeout=60)

    def ask() -> None:
        connection.request("POST", "/v1/predict_batch", body, headers)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"a batch was answered {response.status}: {response.read()[:500]!r}")
        response.read()

    with threadpool_limits(1):
        pairs = [
            (_timed(ask), _timed(lambda: pipeline.predict_proba(frame)))
            for _ in range(WARM + batches)
        ]
    connection.close()
    served, in_memory = zip(*pairs[WARM:], strict=True)
    return BatchRate(served, in_memory)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return BATCH_ROWS / (time.perf_counter() - started)
