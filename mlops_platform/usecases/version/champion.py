"""Load what serves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlops_platform.artifacts.model_store import load_model_again
from mlops_platform.ledger.records import Release, WrittenAdjustment
from mlops_platform.registry.registry import Registry
from mlops_platform.tasks import Constants
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants
from mlops_platform.usecases.version.fitted import fitted_values


@dataclass(frozen=True)
class Champion:
    """A released version, loaded.

    Args:
        constants: what turns the numbers of the model into predictions.
        task: kind of task that it was trained for.
        training_set: hash of what it was fitted on.
        fitted_through: event time of the last row that it was fitted on.
        adjustments: of the release, by number.
    """

    release: Release
    model: Any
    constants: Constants
    task: str
    training_set: str
    fitted_through: datetime
    adjustments: Sequence[WrittenAdjustment] = ()

    @property
    def adjusted_constants(self) -> AdjustedConstants:
        """What turns the numbers of the model into predictions, by moment."""
        return AdjustedConstants(self.constants, self.adjustments)


def load_champion(deployment: Deployment, model: str) -> Champion | None:
    """Load the champion, or None before the first release.

    Its digests and what decides beside them come from the ledger: whoever changes a file together
    with the registry's tags is found as well, and a changed tag decides nothing.

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
    with registry.fetched_version(release.model, release.version) as fetched:
        model = load_model_again(fetched.directory, release.digests)
    fitted = fitted_values(fetched, release)
    return Champion(
        release,
        model=model,
        constants=fitted.constants,
        task=fitted.task,
        training_set=fitted.training_set,
        fitted_through=fitted.fitted_through,
    )
