"""What a row costs the service of an instance: its own golden rows, over HTTP on loopback."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle, islice
from tempfile import TemporaryFile
from typing import Any

import psutil

from benchmarks.instances.homes import COMMAND, Instance, environment_of
from benchmarks.serving.load import cpu_seconds_of
from benchmarks.serving.running import free_port, stop
from mlops_platform.serving.contents import bento_folder, read_contents

START_SECONDS, SINGLE, BATCHES, BATCH_ROWS = 180, 2000, 40, 50
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class RowCost:
    """CPU microseconds of the service for a row, alone in its request and among others."""

    single: float
    batched: float


def row_cost(instance: Instance) -> RowCost | None:
    """Serve the champion with one worker, and ask for its golden rows; None without a champion."""
    rows = _golden_rows(instance)
    if not rows:
        return None
    batch = list(islice(cycle(rows), BATCH_ROWS))
    with _served(instance, json.dumps(rows[0]).encode()) as (connection, server):
        single = _cpu_of(connection, server, "/v1/predict", islice(cycle(map(_body, rows)), SINGLE))
        batches = [_body({"rows": batch})] * BATCHES
        batched = _cpu_of(connection, server, "/v1/predict_batch", iter(batches))
    return RowCost(1e6 * single / SINGLE, 1e6 * batched / BATCHES / BATCH_ROWS)


def _golden_rows(instance: Instance) -> list[dict[str, Any]]:
    record = instance.place.records / "latest" / f"{instance.spec.name}__bento.json"
    if not record.is_file():
        return []
    tag = json.loads(record.read_text())["bento"]["tag"]
    contents = read_contents(bento_folder(instance.place.bentoml_home, tag) / "src")
    return [row.features for row in contents.golden_rows.rows]


def _body(content: object) -> bytes:
    return json.dumps(content).encode()


def _cpu_of(
    connection: HTTPConnection, server: psutil.Process, route: str, bodies: Iterator[bytes]
) -> float:
    before = cpu_seconds_of(server)
    for body in bodies:
        _ask(connection, route, body)
    return cpu_seconds_of(server) - before


def _ask(connection: HTTPConnection, route: str, body: bytes) -> None:
    connection.request("POST", route, body, JSON)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{route} answers {answer.status}: {content[:500]!r}")


@contextmanager
def _served(instance: Instance, body: bytes) -> Iterator[tuple[HTTPConnection, psutil.Process]]:
    port = free_port()
    with TemporaryFile() as log:
        process = subprocess.Popen(
            [
                *(COMMAND, "serve", instance.spec.name, "--port", str(port)),
                *("--workers", "1", "--shutdown-delay", "0"),
            ],
            env=environment_of(instance.place.home),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            ends = time.monotonic() + START_SECONDS
            while not _answers(connection, body):
                if process.poll() is not None or time.monotonic() > ends:
                    log.seek(0)
                    text = log.read()[-3000:].decode(errors="replace")
                    raise RuntimeError(f"{instance.spec.name} is not served:\n{text}")
                time.sleep(0.1)
            yield connection, psutil.Process(process.pid)
        finally:
            connection.close()
            stop(process)


def _answers(connection: HTTPConnection, body: bytes) -> bool:
    try:
        _ask(connection, "/v1/predict", body)
    except OSError:
        connection.close()
        return False
    return True
