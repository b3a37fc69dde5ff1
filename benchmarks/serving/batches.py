"""A thousand rows at once: over HTTP, by rows and by columns, and in memory."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.report import markdown_table, say
from benchmarks.serving.load import cpu_nanoseconds_of
from benchmarks.serving.models import BATCH_ROWS, ServedModel, prepare_models
from benchmarks.serving.peers import PEERS, PLATFORM
from benchmarks.serving.running import RunningPeer, running_peer

BATCHES, WARM = 30, 6
IN_MEMORY = "in memory"


@dataclass
class Turns:
    """Seconds of one batch after the other: wall time, and CPU time of whoever scores it."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure_batches(repetitions: int, names: Sequence[str] = ()) -> str:
    """Measure the named models, or all three; returns the table."""
    platform = next(peer for peer in PEERS if peer.name == PLATFORM)
    rows = []
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        for model in prepare_models(Path(temporary), names):
            with running_peer(platform, model, Path(temporary, "servers", model.name)) as one:
                found = _turns(one, model, BATCHES * repetitions)
            rows += _compared(model.name, found)
    header = ["model", "given", "rows/s", "share of in memory", "CPU ms a batch", "CPU share"]
    return markdown_table(header, rows)


def batch_bodies(rows: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The two forms of a batch, as clients write them."""
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {
        form: json.dumps({form: sent}).encode()
        for form, sent in (("rows", rows), ("columns", columns))
    }


def _compared(name: str, found: Mapping[str, Turns]) -> list[list[str]]:
    memory = found[IN_MEMORY]
    table = []
    for form, turns in found.items():
        share = _share(memory.wall, turns.wall)
        say(f"{name}, {form}: {share:.2f}")
        table.append(
            [
                name,
                form,
                f"{BATCH_ROWS / median(turns.wall):.0f}",
                f"**{share:.2f}**",
                f"{1000 * median(turns.cpu):.1f}",
                f"**{_share(memory.cpu, turns.cpu):.2f}**",
            ]
        )
    return table


def _share(memory: Sequence[float], served: Sequence[float]) -> float:
    """Of the rate in memory that is left, median of the turns."""
    return median(one / other for one, other in zip(memory, served, strict=True))


def _turns(one: RunningPeer, model: ServedModel, batches: int) -> dict[str, Turns]:
    import joblib
    from threadpoolctl import threadpool_limits

    from mlops_platform.serving.contents import read_contents
    from mlops_platform.serving.frames import frame_of

    pipeline = joblib.load(model.joblib)
    frame = frame_of(read_contents(model.bento / "src").features, model.rows)
    headers = {"Content-Type": "application/json", **one.peer.headers}
    connection = HTTPConnection("127.0.0.1", one.port, timeout=60)

    def ask(body: bytes) -> None:
        connection.request("POST", "/v1/predict_batch", body, headers)
        response = connection.getresponse()
        if response.status != 200:
            raise RuntimeError(f"a batch was answered {response.status}: {response.read()[:500]!r}")
        response.read()

    def served() -> float:
        return cpu_nanoseconds_of(one.process) / 1e9

    ways: list[tuple[str, Callable[[], object], Callable[[], float]]] = [
        (form, partial(ask, body), served) for form, body in batch_bodies(model.rows).items()
    ]
    ways.append((IN_MEMORY, lambda: pipeline.predict_proba(frame), time.process_time))
    found = {name: Turns() for name, _, _ in ways}
    with threadpool_limits(1):
        for turn in range(WARM + batches):
            for name, work, used in ways:
                wall, cpu = _timed(work, used)
                if turn >= WARM:
                    found[name].wall.append(wall)
                    found[name].cpu.append(cpu)
    connection.close()
    return found


def _timed(work: Callable[[], object], used: Callable[[], float]) -> tuple[float, float]:
    before, started = used(), time.perf_counter()
    work()
    return time.perf_counter() - started, used() - before
