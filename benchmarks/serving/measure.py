"""Measures the five servers in turn, model by model, and writes the tables."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks.report import markdown_table, say
from benchmarks.serving.load import CONNECTIONS, Load, put_load, resident_megabytes
from benchmarks.serving.models import BATCH_ROWS, ServedModel, prepare_models
from benchmarks.serving.peers import BARE_ASGI, MLFLOW, PEERS, PLATFORM, TUTORIAL
from benchmarks.serving.running import RunningPeer, running_peer

LOAD_SECONDS, WARM_SECONDS, BATCHES = 6, 2, 12


@dataclass
class Measured:
    """One server with one model, all repetitions."""

    cold_start_seconds: float
    full: list[Load] = field(default_factory=list)
    half: list[Load] = field(default_factory=list)
    megabytes: float = 0.0

    @property
    def throughput(self) -> float:
        """Requests per second, median."""
        return median(load.requests_per_second for load in self.full)


@dataclass(frozen=True)
class BatchRate:
    """Rows per second of 1,000 rows at once: asked over one connection, and in memory."""

    served: Sequence[float]
    in_memory: Sequence[float]

    @property
    def share(self) -> float:
        """Of the rate in memory that is left over HTTP."""
        return median(self.served) / median(self.in_memory)


def measure_serving(repetitions: int) -> str:
    """Measure everything; returns the report."""
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        folder = Path(temporary)
        sections = [
            _section(model, repetitions, folder / "servers" / model.name)
            for model in prepare_models(folder)
        ]
    return "\n\n".join(sections)


def _section(model: ServedModel, repetitions: int, scratch: Path) -> str:
    with ExitStack() as stack:
        running = [
            stack.enter_context(running_peer(peer, model, scratch / peer.name.replace(" ", "_")))
            for peer in PEERS
        ]
        measured = {one.peer.name: Measured(one.cold_start_seconds) for one in running}
        for one in running:
            _load(one, model, scratch, WARM_SECONDS)
        for repetition in range(repetitions):
            # Whoever comes first may find another machine than whoever comes last.
            for one in running if repetition % 2 == 0 else reversed(running):
                found = measured[one.peer.name]
                found.full.append(_load(one, model, scratch, LOAD_SECONDS))
                pause = round(2 * CONNECTIONS / found.throughput * 1000 - found.full[-1].p50)
                found.half.append(_load(one, model, scratch, LOAD_SECONDS, max(pause, 1)))
                rate = found.full[-1].requests_per_second
                say(f"{model.name}, {one.peer.name}, run {repetition + 1}: {rate:.0f}/s")
        for one in running:
            measured[one.peer.name].megabytes = resident_megabytes(one.process)
        platform = next(one for one in running if one.peer.name == PLATFORM)
        batch = _batch_rate(platform, model, repetitions)
    return _tables(model.name, measured, batch)


def _load(
    one: RunningPeer, model: ServedModel, scratch: Path, seconds: int, pause: int = 0
) -> Load:
    return put_load(
        one.url,
        one.peer.payload(model),
        one.peer.headers,
        one.process,
        scratch,
        seconds=seconds,
        delay_milliseconds=pause,
    )


def _batch_rate(one: RunningPeer, model: ServedModel, repetitions: int) -> BatchRate:
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

    served, in_memory = [], []
    with threadpool_limits(1):
        for _ in range(BATCHES * repetitions):
            for rates, work in ((served, ask), (in_memory, lambda: pipeline.predict_proba(frame))):
                started = time.perf_counter()
                work()
                rates.append(BATCH_ROWS / (time.perf_counter() - started))
    connection.close()
    return BatchRate(served[BATCHES // 2 :], in_memory[BATCHES // 2 :])


def _tables(name: str, measured: dict[str, Measured], batch: BatchRate) -> str:
    header = [
        "server",
        "requests/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "p99 ms at half load",
        "CPU s per 1,000",
        "errors",
        "MB",
        "cold start s",
    ]
    rows = [
        [
            peer,
            f"{found.throughput:.0f}",
            *(f"{median(getattr(load, p) for load in found.full):.1f}" for p in ("p50", "p95")),
            f"{median(load.p99 for load in found.full):.1f}",
            f"{median(load.p99 for load in found.half):.1f}",
            f"{median(load.cpu_seconds for load in found.full):.2f}",
            f"{sum(load.errors for load in (*found.full, *found.half))}",
            f"{found.megabytes:.0f}",
            f"{found.cold_start_seconds:.1f}",
        ]
        for peer, found in measured.items()
    ]
    return "\n\n".join([f"## {name}", markdown_table(header, rows), _ratios(measured, batch)])


def _ratios(measured: dict[str, Measured], batch: BatchRate) -> str:
    rows = []
    for peer in (BARE_ASGI, MLFLOW, TUTORIAL):
        pairs = zip(measured[PLATFORM].full, measured[peer].full, strict=True)
        by_run = [ours.requests_per_second / its.requests_per_second for ours, its in pairs]
        ratio = measured[PLATFORM].throughput / measured[peer].throughput
        each = ", ".join(f"{one:.2f}" for one in by_run)
        rows.append([f"requests/s over {peer}", f"**{ratio:.2f}**", each])
    in_memory = f"{median(batch.served):.0f} of {median(batch.in_memory):.0f} rows/s"
    label = "1,000 rows at once over HTTP, of `predict_proba` in memory"
    rows.append([label, f"**{batch.share:.2f}**", in_memory])
    return markdown_table(["the platform's", "ratio of medians", "by repetition"], rows)
