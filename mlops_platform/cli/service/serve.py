"""`mlops serve`: the champion's Bento on HTTP, until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.console import console
from mlops_platform.clock import moment_text
from mlops_platform.errors import LedgerError
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.serving.watching.service_events import ServiceEvent
    from mlops_platform.usecases.service.record_activations import ActivationRecorder
    from mlops_platform.usecases.service.serve import ServedBento

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.5
GRACE_SECONDS = 1
STOP_SECONDS = 10
"""Beyond the time for requests in flight: what workers need to end."""


@dataclass(frozen=True)
class Stopping:
    """How the server is taken out of service on SIGTERM.

    Args:
        file: makes it not ready.
        delay: seconds that it serves on after that.
        drain: seconds that requests in flight have to end once it stops.
    """

    file: Path
    delay: float
    drain: int


@click.command()
@click.argument("model")
@click.option("--port", default=3001, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes  [default: what the YAML says]"
)
@click.option(
    "--shutdown-delay",
    default=5.0,
    show_default=True,
    type=click.FloatRange(0, 600),
    help="Seconds to serve on after SIGTERM, not ready any more; Ctrl-C stops at once.",
)
def command(model: str, port: int, host: str, workers: int | None, shutdown_delay: float) -> None:
    """Serve the champion of a model; later releases are followed by themselves.

    The ledger's chain and the whole Bento are verified first, and a pointer that is gone or differs
    is written anew: workers serve what it names. What they take over or refuse is printed here and
    written to the ledger.
    """
    from mlops_platform.artifacts.bentos import remove_compiled_code
    from mlops_platform.components.known_models import require_known
    from mlops_platform.serving.packing.processes import kill_marked, new_mark
    from mlops_platform.usecases.release.reconcile import point_services
    from mlops_platform.usecases.service.port import refuse_taken_port
    from mlops_platform.usecases.service.record_activations import ActivationRecorder
    from mlops_platform.usecases.service.serve import (
        DRAIN_FILE,
        champions_bento,
        checked_host,
        server_environment,
    )

    deployment, host = open_deployment(), checked_host(host, os.environ)
    require_known(deployment.ledger, model)
    bento = champions_bento(deployment, model)
    refuse_taken_port(host, port)
    point_services(deployment, model)
    recorder = ActivationRecorder(deployment, model)
    _record(recorder)
    with tempfile.TemporaryDirectory(prefix="mlops-serve-") as home:
        mark = new_mark()
        environment = server_environment(
            os.environ, bento, deployment.settings, Path(home), workers
        )
        remove_compiled_code(bento.path)
        server = _start(bento, host, port, environment | mark)
        stopping = Stopping(Path(home, DRAIN_FILE), shutdown_delay, bento.drain_seconds)
        try:
            code = _attend(server, Announcement(server, bento, host, port), recorder, stopping)
        finally:
            kill_marked(mark, GRACE_SECONDS, STOP_SECONDS)
    if code:
        raise click.exceptions.Exit(code)


def _start(
    bento: "ServedBento", host: str, port: int, environment: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C reaches it once and through us."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "bentoml", "serve", str(bento.path)),
            *("--host", host, "--port", str(port)),
            # BentoML's own default is a day.
            *("--timeout-graceful-shutdown", str(bento.drain_seconds)),
        ],
        env=environment,
        cwd=environment["BENTOML_HOME"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


class Announcement:
    """Says once where the service answers, when it does, and until then why it does not."""

    def __init__(
        self, server: subprocess.Popen[bytes], bento: "ServedBento", host: str, port: int
    ) -> None:
        self._server, self._release = server, bento.release
        self._host, self._port = host, port
        self._is_made, self._problem = False, ""

    def look(self) -> None:
        """Make it, where it is true by now."""
        from mlops_platform.usecases.service.port import listens

        # Another process may answer on the port, as long as ours does not listen there.
        if self._is_made or not listens(self._server.pid, self._port):
            return
        problem = self._why_not_ready()
        if problem is None:
            self._is_made = True
            self._say()
        elif problem and problem != self._problem:
            console.print(f"[yellow]not ready:[/] {problem}", soft_wrap=True, highlight=False)
            self._problem = problem

    def _why_not_ready(self) -> str | None:
        """What the service says; empty where it does not answer yet."""
        reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not listened on
        address = reached.get(self._host, self._host)
        connection = HTTPConnection(address, self._port, timeout=1)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            return None if response.status == 200 else str(json.load(response)["detail"])
        except (OSError, HTTPException, ValueError, KeyError):
            return ""
        finally:
            connection.close()

    def _say(self) -> None:
        shown = self._host if ":" not in self._host else f"[{self._host}]"
        console.print(
            f"[bold]{self._release.model}[/] on http://{shown}:{self._port} (documentation there): "
            f"version {self._release.version}, release {self._release.sequence}; Ctrl-C stops it",
            soft_wrap=True,
            highlight=False,
        )


def _attend(
    server: subprocess.Popen[bytes],
    announcement: Announcement,
    recorder: "ActivationRecorder",
    stopping: Stopping,
) -> int:
    """Record what the workers do until the server ends, asked or not; return its code."""
    asked: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda received, _frame: asked.append(received))
    while server.poll() is None and not asked:
        announcement.look()
        _show(_record(recorder))
        time.sleep(LOOK_SECONDS)
    if asked:
        if asked == [signal.SIGTERM] and stopping.delay:
            _serve_on(server, recorder, stopping, asked)
        console.print(f"stopping; requests in flight have {stopping.drain} s to end")
        _stop(server, stopping.drain + STOP_SECONDS)
    _show(_record(recorder))
    return 0 if asked else server.returncode or 1


def _serve_on(
    server: subprocess.Popen[bytes],
    recorder: "ActivationRecorder",
    stopping: Stopping,
    asked: list[int],
) -> None:
    """Be not ready for a time first, so that balancers look for another; a second signal ends it.

    Connections that nobody has accepted yet are reset when the server stops: by then no client
    that goes by readiness opens any.
    """
    stopping.file.touch()
    console.print(f"not ready any more; serving on for {stopping.delay:g} s")
    ends = time.monotonic() + stopping.delay
    while server.poll() is None and len(asked) == 1 and time.monotonic() < ends:
        _show(_record(recorder))
        time.sleep(min(LOOK_SECONDS, max(0.0, ends - time.monotonic())))


def _record(recorder: "ActivationRecorder") -> "list[ServiceEvent]":
    try:
        return recorder.record()
    except (LedgerError, OSError) as error:
        # The service must outlive a ledger that cannot be reached; the next look tries again.
        console.print(f"[yellow]not recorded yet:[/] {error}", soft_wrap=True, highlight=False)
        return []


def _show(events: "Iterable[ServiceEvent]") -> None:
    for event in events:
        colour = "red" if event.event == "refused" else "green"
        at = moment_text(event.time, "seconds")
        console.print(
            f"{at} [{colour}]{event.event}[/] {event.role}: version "
            f"{event.version}, release {event.sequence}, worker {event.worker}",
            soft_wrap=True,
            highlight=False,
        )
        console.print(f"         {event.detail}", soft_wrap=True, highlight=False, markup=False)


def _stop(server: subprocess.Popen[bytes], seconds: float) -> None:
    """Let the server drain; end it after its time."""
    server.terminate()
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
