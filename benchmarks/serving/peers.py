"""The five servers, each as one would start it in production, on the same two workers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.serving.models import WORKERS, ServedModel

PLATFORM, BARE_ASGI = "platform", "bare ASGI app"
MLFLOW, TUTORIAL, NAIVE = "mlflow models serve", "FastAPI and joblib", "naive BentoML"
TOKEN = "a-token-of-the-benchmark"  # noqa: S105 - opens nothing but the benchmark's own server
HERE = Path(__file__).parent

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """How to start one server, and how to ask it for one row.

    Attributes:
        command: its command line, given the model and the port.
        body: the request's body of one row.
    """

    name: str
    route: str
    command: Callable[[ServedModel, int], list[str]]
    body: Callable[[Row], Any]
    environment: Callable[[ServedModel, Path], dict[str, str]] = lambda model, scratch: {}
    headers: Mapping[str, str] = field(default_factory=dict)

    def payload(self, model: ServedModel) -> bytes:
        """The first of the requests."""
        return self.payloads(model)[0]

    def payloads(self, model: ServedModel) -> list[bytes]:
        """The requests that are sent, one after the other: rows as they are."""
        return [json.dumps(self.body(row)).encode() for row in model.rows]


def _uvicorn(app: str, *options: str) -> Callable[[ServedModel, int], list[str]]:
    def command(model: ServedModel, port: int) -> list[str]:
        workers = ("--workers", str(WORKERS), "--host", "127.0.0.1", "--port", str(port))
        return [sys.executable, "-m", "uvicorn", app, *workers, *options]

    return command


def _bentoml(target: Callable[[ServedModel], str]) -> Callable[[ServedModel, int], list[str]]:
    def command(model: ServedModel, port: int) -> list[str]:
        address = ("--host", "127.0.0.1", "--port", str(port))
        return [sys.executable, "-m", "bentoml", "serve", target(model), *address]

    return command


def _mlflow(model: ServedModel, port: int) -> list[str]:
    serve = ("models", "serve", "-m", str(model.mlflow), "--env-manager", "local")
    return [sys.executable, "-m", "mlflow", *serve, "-p", str(port), "-w", str(WORKERS)]


def _everything_on(model: ServedModel, scratch: Path) -> dict[str, str]:
    """Validation and metrics always are."""
    return {
        "MLOPS_SERVING_TOKENS": TOKEN,
        "MLOPS_SERVING_AUTHENTICATION": "required",
        "MLOPS_SERVING_LOG": str(scratch / "served"),
        "MLOPS_SERVING_TRUST_PACKED": "true",
        "BENTOML_HOME": str(scratch / "bentoml"),
    }


def _files_of(model: ServedModel, scratch: Path) -> dict[str, str]:
    return {"MODEL_FOLDER": str(model.joblib.parent), "BENTOML_HOME": str(scratch / "bentoml")}


def _packed_sources(model: ServedModel, scratch: Path) -> dict[str, str]:
    return {"BENTO_SOURCES": str(model.bento / "src")}


PEERS = (
    Peer(
        PLATFORM,
        "/v1/predict",
        _bentoml(lambda model: str(model.bento)),
        dict,
        _everything_on,
        {"Authorization": f"Bearer {TOKEN}"},
    ),
    Peer(
        BARE_ASGI,
        "/predict",
        _uvicorn("benchmarks.serving.bare_asgi:app", "--no-access-log"),
        dict,
        _packed_sources,
    ),
    Peer(MLFLOW, "/invocations", _mlflow, lambda row: {"dataframe_records": [row]}),
    Peer(TUTORIAL, "/predict", _uvicorn("benchmarks.serving.tutorial_app:app"), dict, _files_of),
    Peer(
        NAIVE,
        "/predict",
        _bentoml(lambda model: "benchmarks.serving.naive_bento:NaiveService"),
        lambda row: {"rows": [row]},
        _files_of,
    ),
)
