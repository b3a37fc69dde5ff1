"""A quiet MLflow client that calls nobody but its own database or server."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mlops_platform.errors import RegistryError
from mlops_platform.registry.locations import is_server
from mlops_platform.settings import POSTGRES

if TYPE_CHECKING:
    from mlflow import MlflowClient

WITHOUT_TELEMETRY: Final = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""For this process and for MLflow's server. Its start page says that it collects all the same."""
QUIET: Final = {
    **WITHOUT_TELEMETRY,
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
"""What MLflow reads as it is first imported, as it has to be for the platform."""
ANSWER_SECONDS: Final = 5


def connect(tracking_uri: str) -> MlflowClient:
    """Client of one tracking store and registry; MLflow's global URIs are left alone.

    Raises:
        RegistryError: the registry is on a server that does not answer.
    """
    _require_answer(tracking_uri)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def _require_answer(tracking_uri: str) -> None:
    """Ask once: MLflow itself asks a server for 14 seconds at each call, and Postgres for 100."""
    try:
        if tracking_uri.startswith(POSTGRES):
            _connect_to_postgres(tracking_uri)
        elif is_server(tracking_uri):
            _connect_to_server(tracking_uri)
    except OSError as error:
        raise RegistryError(
            f"the registry cannot be reached: {' '.join(str(error).split())}. Start it, or correct "
            "MLOPS_MLFLOW_TRACKING_URI."
        ) from error


def _connect_to_postgres(url: str) -> None:
    from sqlalchemy import NullPool, create_engine
    from sqlalchemy.exc import OperationalError

    engine = create_engine(
        url, poolclass=NullPool, connect_args={"connect_timeout": ANSWER_SECONDS}
    )
    try:
        engine.connect().close()
    except OperationalError as error:
        raise ConnectionError(f"{engine.url!r}: {error.orig}") from error


def _connect_to_server(url: str) -> None:
    server = urlsplit(url)
    host = server.hostname or ""
    if server.scheme in getproxies() and not proxy_bypass(host):
        # Only the proxy can say whether it answers.
        return
    port = server.port or {"http": 80, "https": 443}[server.scheme]
    try:
        socket.create_connection((host, port), ANSWER_SECONDS).close()
    except OSError as error:
        raise ConnectionError(f"{host}:{port}: {error}") from error
