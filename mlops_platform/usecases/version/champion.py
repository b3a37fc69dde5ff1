"""Load what serves."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.ledger.records import Release
from mlops_platform.registry.registry import Registry
from mlops_platform.usecases.deployment import Deployment

FITTED_THROUGH_TAG: Final = "fitted_through"
"""Tag of every registered version: event time of the last row that it was fitted on."""
THRESHOLD_TAG: Final = "threshold"
TRAINING_SET_TAG: Final = "training_set"


@dataclass(frozen=True)
class Champion:
    """A released version, loaded.

    Args:
        model: the calibrated pipeline.
        threshold: probability from which a row is decided positive.
        training_set: hash of what it was fitted on.
        directory: its files, for what lies beside the model.
        fitted_through: event time of the last row that it was fitted on.
    """

    release: Release
    model: Any
    threshold: float
    training_set: str
    directory: Path
    fitted_through: datetime


def load_champion(deployment: Deployment, model: str) -> Champion | None:
    """Load the champion, or None before the first release.

    Its digests come from the ledger: whoever changes a file together with the registry's tags is
    found as well.

    Raises:
        RegistryError: the registry has lost the version.
        ArtifactError: its files are not those that were released.
    """
    release = deployment.ledger.current_release(model)
    return None if release is None else load_release(deployment.registry, release)


def load_release(registry: Registry, release: Release) -> Champion:
    """Load what a release made the champion, whether or not it still is.

    Raises:
        RegistryError: the registry has lost the version.
        ArtifactError: its files are not those that were released.
    """
    fetched = registry.fetch_version(release.model, release.version)
    return Champion(
        release,
        model=load_model(fetched.directory, release.digests),
        threshold=float(fetched.tag(THRESHOLD_TAG)),
        training_set=fetched.tag(TRAINING_SET_TAG),
        directory=fetched.directory,
        fitted_through=datetime.fromisoformat(fetched.tag(FITTED_THROUGH_TAG)),
    )
