"""`mlops up`: Dagster's webserver and daemon and the MLflow UI, until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from mlops_platform.cli.console import console, say
from mlops_platform.errors import SettingsError
from mlops_platform.registry.connection import WITHOUT_TELEMETRY
from mlops_platform.registry.locations import EXPERIMENTS_PAGE, location_of
from mlops_platform.settings import PROJECT_ROOT, settings

STOP_SECONDS = 20
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Service:
    """One child process; `port` is None where it answers to nobody.

    Args:
        page: path of the page to open first.
    """

    name: str
    arguments: tuple[str, ...]
    port: int | None
    page: str = ""

    @property
    def link(self) -> str:
        """Where a browser finds it."""
        return f"http://127.0.0.1:{self.port}{self.page}"

    @property
    def log(self) -> str:
        """Name of the file that its output goes to."""
        return f"{self.name.lower()}.log"


@click.command()
@click.option("--dagster-port", default=3000, show_default=True)
@click.option("--mlflow-port", default=5000, show_default=True)
def command(dagster_port: int, mlflow_port: int) -> None:
    """Start Dagster and the MLflow UI on loopback; Ctrl-C stops them."""
    started_at = time.monotonic()
    say(f"getting {settings().home} ready")
    _look_after_the_home()
    services = _services(dagster_port, mlflow_port)
    for service in services:
        _refuse_taken_port(service)
    logs = settings().home / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    children: dict[Service, subprocess.Popen[bytes]] = {}
    try:
        for service in services:
            say(f"starting {service.name:8} its log is {logs / service.log}")
            children[service] = _start(service, logs, _environment(mlflow_port))
        for service, child in children.items():
            _await(service, child)
        say(f"ready after {time.monotonic() - started_at:.0f} s; Ctrl-C stops everything")
        _wait_for_any_end(children)
    except KeyboardInterrupt:
        say(f"stopping; everything has {STOP_SECONDS} s to end")
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _stop(children)


def _look_after_the_home() -> None:
    # Loading Dagster takes seconds, in which something is to be seen.
    from mlops_platform.cli.home.heal import heal
    from mlops_platform.cli.home.setup import ensure_set_up
    from mlops_platform.components.instance import open_instance

    ensure_set_up()
    with open_instance() as instance:
        heal(instance)


def _services(dagster_port: int, mlflow_port: int) -> tuple[Service, ...]:
    scripts = Path(sys.executable).parent
    workspace = ("-w", str(PROJECT_ROOT / "workspace.yaml"))
    current = settings()
    return (
        Service(
            "Dagster",
            (
                *(str(scripts / "dagster-webserver"), "-h", "127.0.0.1"),
                *("-p", str(dagster_port), *workspace),
            ),
            dagster_port,
        ),
        Service("daemon", (str(scripts / "dagster-daemon"), "run", *workspace), None),
        Service(
            "MLflow",
            (
                *(str(scripts / "mlflow"), "server", "--host", "127.0.0.1", "--workers", "1"),
                *("--port", str(mlflow_port)),
                *("--backend-store-uri", current.mlflow_tracking_uri),
                *("--default-artifact-root", location_of(current.mlflow_artifacts, current.home)),
            ),
            mlflow_port,
            EXPERIMENTS_PAGE,
        ),
    )


def _environment(mlflow_port: int) -> Mapping[str, str]:
    current, ui = settings(), os.environ.get("MLOPS_MLFLOW_UI_URL")
    return {
        **os.environ,
        "MLOPS_HOME": str(current.home),
        "DAGSTER_HOME": str(current.dagster_home),
        "MLOPS_MLFLOW_UI_URL": ui or f"http://127.0.0.1:{mlflow_port}",
        **WITHOUT_TELEMETRY,
    }


def _refuse_taken_port(service: Service) -> None:
    if service.port is not None and _answers(service.port):
        raise SettingsError(
            f"port {service.port} is taken, so {service.name} cannot start there. Stop what uses "
            f"it, or choose another with --{service.name.lower()}-port."
        )


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _start(service: Service, logs: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that Ctrl-C reaches it once and through us."""
    with (logs / service.log).open("ab") as log:
        return subprocess.Popen(  # noqa: S603
            service.arguments,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await(service: Service, child: subprocess.Popen[bytes]) -> None:
    """Wait until a service answers or has ended; say where it answers."""
    if service.port is None:
        return
    say(f"waiting for {service.name}")
    with console.status(f"{service.name} starts"):
        while not _answers(service.port) and child.poll() is None:
            time.sleep(0.3)
    if child.poll() is None:
        say(f"{service.name:8} {service.link}")


def _wait_for_any_end(children: Mapping[Service, subprocess.Popen[bytes]]) -> None:
    while True:
        for service, child in children.items():
            if child.poll() is not None:
                raise click.ClickException(
                    f"{service.name} ended with code {child.returncode}; its log says why"
                )
        time.sleep(0.5)


def _stop(children: Mapping[Service, subprocess.Popen[bytes]]) -> None:
    """Ask every child to end; end the whole group of one that does not."""
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children.values():
        try:
            child.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        _end_group(child.pid)


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
