"""What running batches cost single rows: two Bentos of one model, turn by turn.

    .venv/bin/python -m benchmarks.serving.beside_batches --before BENTO --here BENTO --rows ROWS

ROWS is a JSON file with a list of rows. Each Bento is served by one worker with everything on.
Single rows are asked on 32 connections with pauses, alone and beside batches of 1,000 rows, of
which one more connection sends as many to both.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from threading import Event, Thread

from benchmarks.processes import ROOT
from benchmarks.report import circumstances, markdown_table, say, write_report
from benchmarks.serving.batches import batch_bodies
from benchmarks.serving.load import Load, Request, put_load
from benchmarks.serving.models import ServedModel
from benchmarks.serving.peers import PEERS, PLATFORM
from benchmarks.serving.running import RunningPeer, running_peer

TURNS, SECONDS, PAUSE_MILLISECONDS = 5, 4, 80
BATCHES_PER_SECOND = 30
"""Unless one takes longer."""


@dataclass
class Beside:
    """Loads of single rows, and how many batches were answered meanwhile."""

    loads: list[Load] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)


def main() -> None:
    """Measure both Bentos, turn by turn, and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("before", "here", "rows"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    asked = parser.parse_args()
    start = circumstances("python -m benchmarks.serving.beside_batches (of two Bentos)")
    rows = json.loads(asked.rows.read_text())
    bentos = {"before": asked.before, "here": asked.here}
    with tempfile.TemporaryDirectory(prefix="mlops-benchmark-") as temporary, ExitStack() as stack:
        servers = {}
        for name, bento in bentos.items():
            model = ServedModel(name, bento.resolve(), bento, bento, rows)
            servers[name] = stack.enter_context(_served(model, Path(temporary, name)))
        table = _table(_measured(servers, rows, Path(temporary)))
    about = (
        f"Single rows of the flights on 32 connections, each with a pause of {PAUSE_MILLISECONDS} "
        "ms, alone and beside batches of 1,000 rows on one more connection, "
        f"{BATCHES_PER_SECOND} a second. One worker, both servers in turn, {TURNS} turns of "
        f"{SECONDS} s; medians, and all turns."
    )
    path = ROOT / "benchmarks" / "results" / "beside_batches.md"
    write_report(path, "Single rows beside running batches, before and after", about, table, start)


@contextmanager
def _served(model: ServedModel, scratch: Path) -> Iterator[RunningPeer]:
    platform = next(peer for peer in PEERS if peer.name == PLATFORM)
    one_worker = replace(
        platform,
        command=lambda model, port: [*platform.command(model, port), "--api-workers", "1"],
    )
    with running_peer(one_worker, model, scratch) as running:
        yield running


def _measured(
    servers: Mapping[str, RunningPeer], rows: list[dict[str, object]], scratch: Path
) -> dict[tuple[str, str], Beside]:
    bodies = {"alone": None, **batch_bodies(rows)}
    singles = [json.dumps(row).encode() for row in rows]
    found: dict[tuple[str, str], Beside] = {}
    for turn in range(TURNS):
        for name in servers if turn % 2 == 0 else reversed(list(servers)):
            for form, body in bodies.items():
                if (name, form) == ("before", "columns"):
                    continue  # it takes rows only
                server = servers[name]
                request = Request(server.url, singles, server.peer.headers)
                beside = found.setdefault((name, form), Beside())
                with _batches(server, body) as answered:
                    load = put_load(
                        request,
                        server.process,
                        scratch,
                        seconds=SECONDS,
                        delay_milliseconds=PAUSE_MILLISECONDS,
                    )
                beside.loads.append(load)
                beside.batches.append(answered[0])
                say(f"{name}, {form}, turn {turn + 1}: p99 {load.p99:.1f} ms, {answered[0]}")
    return found


@contextmanager
def _batches(server: RunningPeer, body: bytes | None) -> Iterator[list[int]]:
    """Send batches until the block ends; counts those that were answered."""
    answered, over = [0], Event()
    headers = {"Content-Type": "application/json", **server.peer.headers}

    def ask() -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        due = time.monotonic()
        while not over.wait(max(0.0, due - time.monotonic())):
            due = max(due + 1 / BATCHES_PER_SECOND, time.monotonic())
            connection.request("POST", "/v1/predict_batch", body, headers)
            response = connection.getresponse()
            response.read()
            answered[0] += response.status == 200
        connection.close()

    asking = Thread(target=ask)
    if body is not None:
        asking.start()
    try:
        yield answered
    finally:
        over.set()
        if body is not None:
            asking.join()


def _table(found: Mapping[tuple[str, str], Beside]) -> str:
    header = ["service", "beside", "p50 ms", "p99 ms", "p99 by turn", "batches/s"]
    rows = [
        [
            name,
            "nothing" if form == "alone" else f"batches by {form}",
            f"{median(load.p50 for load in beside.loads):.1f}",
            f"**{median(load.p99 for load in beside.loads):.1f}**",
            ", ".join(f"{load.p99:.0f}" for load in beside.loads),
            f"{median(beside.batches) / SECONDS:.1f}",
        ]
        for (name, form), beside in found.items()
    ]
    return markdown_table(header, rows)


if __name__ == "__main__":
    main()
