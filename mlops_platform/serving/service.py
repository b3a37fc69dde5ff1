"""The BentoML service of one packed release."""

# mypy: disable-error-code="untyped-decorator, attr-defined"
# BentoML's decorator is untyped to mypy: it makes a service of the class.
import gc
import os
from functools import partial
from pathlib import Path
from typing import Any

import bentoml
from starlette.types import ASGIApp

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.errors import MlopsError
from mlops_platform.serving.border.connections import Connections
from mlops_platform.serving.border.limits import read_limits
from mlops_platform.serving.border.protocol import guard_connections
from mlops_platform.serving.border.shortcut import Shortcut
from mlops_platform.serving.contents import read_contents
from mlops_platform.serving.following.seal import trusted
from mlops_platform.serving.http.application import Front
from mlops_platform.serving.http.fronted_service import FrontedService
from mlops_platform.serving.http.routes import PREDICT
from mlops_platform.serving.runtime import read_runtime
from mlops_platform.serving.worker import Worker

BENTOML = {
    # Loopback unless `--host` or BENTOML_HOST says otherwise.
    "http": {"host": "127.0.0.1"},
    # `Front` counts, logs and traces by itself; it leaves BentoML two files of the documentation.
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
    "tracing": {"excluded_urls": ".*"},
}


def create_service(root: Path) -> bentoml.Service[Any]:
    """Make the service of the release packed under `root`, the `src` folder of its Bento.

    The model is loaded where a worker makes its instance, not here: the process that only
    supervises the workers imports the service as well.
    """
    contents = read_contents(root)
    serving = contents.release.serving
    worker = Worker(contents, read_runtime(os.environ))
    connections = Connections(read_limits(os.environ), worker)
    guard_connections(connections)

    @bentoml.service(
        name=contents.release.model,
        workers=serving.workers,
        service_class=FrontedService,
        **BENTOML,
    )
    class ModelService:
        @bentoml.on_deployment
        @staticmethod
        def verify() -> None:
            # In the supervisor, before any worker: BentoML starts a worker that fails for ever.
            try:
                verify_directory(contents.model_directory, contents.digests)
                if worker.runtime.pointer is None:
                    trusted(contents, worker.runtime)
            except MlopsError as error:
                raise SystemExit(f"Error: {error}") from error

        def __init__(self) -> None:
            worker.start()

        @bentoml.on_startup
        def freeze(self) -> None:
            # Full garbage collections cost 100 ms and more at the 99th percentile.
            gc.collect()
            gc.freeze()

        @bentoml.on_shutdown
        def close(self) -> None:
            worker.stop()

    ModelService.front = partial(_front, worker=worker, connections=connections)
    return ModelService


def _front(app: ASGIApp, worker: Worker, connections: Connections) -> Front:
    front = Front(app, worker)
    connections.shortcut = Shortcut(PREDICT, front.known_row)
    return front
