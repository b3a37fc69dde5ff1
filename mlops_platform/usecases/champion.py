"""Load what serves."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Release
from mlops_platform.registry.registry import Registry

FITTED_THROUGH_TAG: Final = "fitted_through"
"""Tag of every registered version: event time of the last row that it was fitted on."""


@dataclass(frozen=True)
class Champion:
    """The version that serves, loaded.

    Args:
        model: the calibrated pipeline.
        directory: its files, for what lies beside the model.
        fitted_through: event time of the last row that it was fitted on.
    """

    release: Release
    model: Any
    directory: Path
    fitted_through: datetime


def load_champion(ledger: Ledger, registry: Registry, model: str) -> Champion | None:
    """Load the champion, or None before the first release.

    Its digests come from the ledger: whoever changes a file together with the registry's tags is
    found as well.

    Raises:
        RegistryError: the registry has lost the version.
        ArtifactError: its files are not those that were released.
    """
    release = ledger.current_release(model)
    if release is None:
        return None
    fetched = registry.fetch_version(model, release.version)
    return Champion(
        release,
        model=load_model(fetched.directory, release.digests),
        directory=fetched.directory,
        fitted_through=datetime.fromisoformat(fetched.tag(FITTED_THROUGH_TAG)),
    )
