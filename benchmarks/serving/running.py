"""Starts one server on loopback, and stops it in every case."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket

import psutil

from benchmarks.processes import ROOT, environment_of_processes
from benchmarks.serving.models import ServedModel
from benchmarks.serving.peers import Peer

START_SECONDS, STOP_SECONDS = 120, 15


@dataclass(frozen=True)
class RunningPeer:
    """A server that has answered its first prediction.

    Attributes:
        cold_start_seconds: from starting the process to that answer.
    """

    peer: Peer
    port: int
    process: psutil.Process
    cold_start_seconds: float

    @property
    def url(self) -> str:
        """Where it takes rows."""
        return f"http://127.0.0.1:{self.port}{self.peer.route}"


@contextmanager
def running_peer(peer: Peer, model: ServedModel, scratch: Path) -> Iterator[RunningPeer]:
    """Serve a model until the block ends.

    Raises:
        RuntimeError: it did not answer in time, with the end of its log.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), scratch / "log"
    # MLflow calls uvicorn by its name.
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {
        **environment_of_processes(),
        **peer.environment(model, scratch),
        "PATH": programs,
    }
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            peer.command(model, port),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        while not _answers(peer, model, port):
            if process.poll() is not None or time.perf_counter() > started + START_SECONDS:
                end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
                raise RuntimeError(f"{peer.name} does not answer {model.name}:\n{end}")
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        yield RunningPeer(peer, port, psutil.Process(process.pid), seconds)
    finally:
        stop(process)


def _answers(peer: Peer, model: ServedModel, port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", **peer.headers}
    try:
        connection.request("POST", peer.route, peer.payload(model), headers)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, and its workers, which may outlive the process that supervises them."""
    tree = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for worker in psutil.wait_procs(tree, timeout=1)[1]:
        worker.kill()
