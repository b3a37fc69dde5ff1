"""A quiet MLflow client that calls nobody but its own database or server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlflow import MlflowClient

WITHOUT_TELEMETRY: Final = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
"""For this process and for MLflow's server. Its start page says that it collects all the same."""
_ENVIRONMENT: Final = {
    **WITHOUT_TELEMETRY,
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}


def connect(tracking_uri: str) -> MlflowClient:
    """Client of one tracking store and registry; MLflow's global URIs are left alone."""
    # MLflow reads both when it is first imported.
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
