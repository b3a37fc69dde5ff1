"""MLflow's tables as `Registry.initialise` makes them: once in a process, and not in every home."""

import tempfile
from functools import cache
from pathlib import Path

from mlops_platform.registry.registry import Registry
from mlops_platform.settings import sqlite_url


def put_blank_registry(home: Path) -> Path:
    """Give a home MLflow's database, without a model; its file. Its migrations take seconds.

    What is tested of the making itself takes its own: `tests/registry`.
    """
    database = home / "registry" / "mlflow.db"
    database.parent.mkdir(parents=True, exist_ok=True)
    database.write_bytes(_migrated())
    return database


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="mlops-registry-") as folder:
        database = Path(folder, "mlflow.db")
        Registry(sqlite_url(database), Path(folder, "artifacts")).initialise()
        return database.read_bytes()
