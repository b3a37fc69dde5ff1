"""Starts a Bento over HTTP on loopback, and stops it in every case: killed with -9, too."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from mlops_platform.errors import ServingError
from mlops_platform.serving.packing.keeper import kept
from mlops_platform.serving.packing.processes import kill_marked, new_mark

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 15
GRACE_SECONDS = 1
LOG_LINES = 20

_ERROR = re.compile(r"[\w.]+(Error|Exception): ")


@dataclass(frozen=True)
class RunningBento:
    """A Bento that answers on a port of the loopback interface."""

    port: int
    start_seconds: float
    process: subprocess.Popen[bytes]

    def connection(self, timeout: float = 60) -> HTTPConnection:
        """Open a connection; one for many requests saves a handshake each."""
        return HTTPConnection(LOOPBACK, self.port, timeout=timeout)


@contextmanager
def running_bento(
    bento: str,
    bentoml_home: Path | None = None,
    start_timeout: float = 180,
    python: str = sys.executable,
    environment: Mapping[str, str] | None = None,
) -> Iterator[RunningBento]:
    """Serve a Bento until the block ends, or this process.

    Args:
        bento: its folder, or its tag in the store under `bentoml_home`.
        bentoml_home: BentoML's state; two servers on one of them mix their metrics, so that the
            default is a new empty one.
        start_timeout: seconds until it must be ready.
        python: interpreter that has the packages of the Bento's `requirements.txt`.
        environment: added to this process's, for example `MLOPS_SERVING_*`.

    Raises:
        ServingError: the server was not ready in time, died, or stopped answering; with its last
            log lines.
    """
    with tempfile.TemporaryDirectory(prefix="mlops-serving-") as scratch:
        log = Path(scratch, "server.log")
        started = time.perf_counter()
        port = _free_port()
        home = {"BENTOML_HOME": str(bentoml_home or Path(scratch, "home"))}
        mark = new_mark()
        with kept(mark):
            process = _start(python, bento, port, home | mark | dict(environment or {}), log)
            try:
                _wait_until_ready(process, port, started + start_timeout, log)
                yield RunningBento(port, time.perf_counter() - started, process)
            except (ConnectionError, TimeoutError, HTTPException) as error:
                raise ServingError(
                    f"The Bento stopped answering ({error!r}); it said:\n{_log_end(log)}"
                ) from error
            finally:
                _stop(process, mark)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _start(
    python: str, bento: str, port: int, settings: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    command = [python, "-m", "bentoml", "serve", bento, "--host", LOOPBACK, "--port", str(port)]
    environment = os.environ | {
        # What is tried here was packed just now, or is meant as it is.
        "MLOPS_SERVING_TRUST_PACKED": "true",
        # BentoML leaves folders of its own behind; these go with the log.
        "TMPDIR": str(log.parent),
        **settings,
        "BENTOML_DO_NOT_TRACK": "True",
        # As in a container: a worker that dies ends the server, instead of starting again for ever.
        "BENTOML_CONTAINERIZED": "1",
    }
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603 - an interpreter of ours
            command,
            env=environment,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(
    process: subprocess.Popen[bytes], port: int, deadline: float, log: Path
) -> None:
    while process.poll() is None:
        if time.perf_counter() > deadline:
            raise ServingError(f"The Bento was not ready in time; it said:\n{_log_end(log)}")
        if _is_ready(port):
            return
        time.sleep(0.05)
    raise ServingError(
        f"The Bento stopped with code {process.returncode} before it was ready; "
        f"it said:\n{_log_end(log)}"
    )


def _is_ready(port: int) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _log_end(log: Path) -> str:
    """Read the errors in a log, then its end: a worker's reason stands above the supervisor's."""
    lines = log.read_text(errors="replace").splitlines()
    errors = dict.fromkeys(line for line in lines[:-LOG_LINES] if _ERROR.match(line))
    return "\n".join([*errors, *lines[-LOG_LINES:]])


def _stop(process: subprocess.Popen[bytes], mark: dict[str, str]) -> None:
    """Ask the supervisor to stop its workers; kill what is left."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    kill_marked(mark, GRACE_SECONDS, STOP_SECONDS)
