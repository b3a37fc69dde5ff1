"""Measures the five servers in turn, model by model, and writes the tables."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.report import markdown_table, say
from benchmarks.serving.load import CONNECTIONS, Load, Request, proportional_megabytes, put_load
from benchmarks.serving.models import ServedModel, prepare_models
from benchmarks.serving.peers import BARE_ASGI, MLFLOW, PEERS, PLATFORM, TUTORIAL
from benchmarks.serving.running import RunningPeer, running_peer

LOAD_SECONDS, WARM_SECONDS = 6, 2


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


def measure_serving(repetitions: int, names: Sequence[str] = ()) -> str:
    """Measure the named models, or all three; returns the report."""
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary:
        folder = Path(temporary)
        sections = [
            _section(model, repetitions, folder / "servers" / model.name)
            for model in prepare_models(folder, names)
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
            measured[one.peer.name].megabytes = proportional_megabytes(one.process)
    return _tables(model.name, measured)


def _load(
    one: RunningPeer, model: ServedModel, scratch: Path, seconds: int, pause: int = 0
) -> Load:
    request = Request(one.url, one.peer.payloads(model), one.peer.headers)
    return put_load(request, one.process, scratch, seconds=seconds, delay_milliseconds=pause)


def _tables(name: str, measured: dict[str, Measured]) -> str:
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
    return "\n\n".join([f"## {name}", markdown_table(header, rows), _ratios(measured)])


def _ratios(measured: dict[str, Measured]) -> str:
    ours, bare = measured[PLATFORM], measured[BARE_ASGI]
    rows = [
        _ratio(f"requests/s over {peer}", _rates(ours), _rates(measured[peer]))
        for peer in (BARE_ASGI, MLFLOW, TUTORIAL)
        if peer in measured
    ]
    for figure, name in (("cpu_seconds", "CPU a request"), ("p99", "p99")):
        sides = ([getattr(load, figure) for load in side.full] for side in (ours, bare))
        rows.append(_ratio(f"{name} over {BARE_ASGI}", *sides))
    halves = ([load.p99 for load in side.half] for side in (ours, bare))
    rows.append(_ratio(f"p99 at half load over {BARE_ASGI}", *halves))
    return markdown_table(["the platform's", "ratio of medians", "by repetition"], rows)


def _rates(measured: Measured) -> list[float]:
    return [load.requests_per_second for load in measured.full]


def _ratio(name: str, ours: Sequence[float], others: Sequence[float]) -> list[str]:
    by_run = [mine / other for mine, other in zip(ours, others, strict=True)]
    each = ", ".join(f"{ratio:.2f}" for ratio in by_run)
    return [name, f"**{median(ours) / median(others):.2f}**", each]
