"""What a registry of this machine holds of a version or a run: it stays where it is."""

from pathlib import Path

from mlops_platform.registry.registry import Registry
from mlops_platform.registry.versions import FetchedVersion


def fetched_version(registry: Registry, model: str, version: int) -> FetchedVersion:
    with registry.fetched_version(model, version) as fetched:
        return fetched


def fetched_directory(registry: Registry, run_id: str, name: str) -> Path:
    with registry.fetched_directory(run_id, name) as directory:
        return directory
