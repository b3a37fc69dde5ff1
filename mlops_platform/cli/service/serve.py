"""`mlops serve`: the champion's Bento on HTTP, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
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


@click.command()
@click.argument("model")
@click.option("--port", default=3001, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes  [default: what the YAML says]"
)
def command(model: str, port: int, host: str, workers: int | None) -> None:
    """Serve the champion of a model; later releases are followed by themselves.

    What its workers take over or refuse is printed here and written to the ledger.
    """
    from mlops_platform.components.known_models import require_known
    from mlops_platform.serving.packing.processes import kill_marked, new_mark
    from mlops_platform.usecases.service.record_activations import ActivationRecorder
    from mlops_platform.usecases.service.serve import (
        champions_bento,
        checked_host,
        server_environment,
    )

    deployment, host = open_deployment(), checked_host(host, os.environ)
    require_known(deployment.ledger, model)
    bento = champions_bento(deployment, model)
    recorder = ActivationRecorder(deployment, model)
    _record(recorder)
    with tempfile.TemporaryDirectory(prefix="mlops-serve-") as home:
        mark = new_mark()
        environment = server_environment(
            os.environ, model, deployment.settings, Path(home), workers
        )
        server = _start(bento, host, port, environment | mark)
        try:
            code = _attend(server, bento, host, port, recorder)
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


def _attend(
    server: subprocess.Popen[bytes],
    bento: "ServedBento",
    host: str,
    port: int,
    recorder: "ActivationRecorder",
) -> int:
    """Record what the workers do until the server ends, asked or not; return its code."""
    asked, announced = [], False
    for number in STOP_SIGNALS:
        signal.signal(number, lambda received, _frame: asked.append(received))
    while server.poll() is None and not asked:
        announced = announced or _announced(bento, host, port)
        _show(_record(recorder))
        time.sleep(LOOK_SECONDS)
    if asked:
        console.print(f"stopping; requests in flight have {bento.drain_seconds} s to end")
        _stop(server, bento.drain_seconds + STOP_SECONDS)
    _show(_record(recorder))
    return 0 if asked else server.returncode or 1


def _announced(bento: "ServedBento", host: str, port: int) -> bool:
    """Say where the service answers, once it does."""
    shown = host if ":" not in host else f"[{host}]"
    connection = HTTPConnection(
        {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host),  # noqa: S104 - not listened on
        port,
        timeout=1,
    )
    try:
        connection.request("GET", "/livez")
        if connection.getresponse().status != 200:
            return False
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    release = bento.release
    console.print(
        f"[bold]{release.model}[/] on http://{shown}:{port} (documentation there): version "
        f"{release.version}, release {release.sequence}; Ctrl-C stops it",
        soft_wrap=True,
        highlight=False,
    )
    return True


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
