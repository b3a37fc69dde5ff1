"""Registered versions as values."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import RegistryError
from mlops_platform.record import Record

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

DIGESTS_TAG: Final = "mlops.digests"
MONITORS_TAG: Final = "mlops.monitors"
VERDICT_TAG: Final = "verdict"
ROLE_TAG: Final = "role"
"""What a version is now; with `RELEASE_TAG` it is what changes after a version was registered."""
RELEASE_TAG: Final = "mlops.release"
"""Hash of the ledger's row of the newest release of a version: the ledger must know it."""


class RegisteredVersion(Record):
    """What the registry knows about one version.

    Args:
        digests: SHA-256 of every file by its relative path.
        tags: those given when it was registered, and its role.
    """

    model: str
    version: int
    run_id: str
    registered_at: datetime
    digests: dict[str, str]
    tags: dict[str, str]

    def holds(self, digests: Mapping[str, str]) -> bool:
        """Whether every one of these files is in this version, unchanged."""
        return digests.items() <= self.digests.items()

    def tag(self, name: str) -> str:
        """Value of a tag that every version of the platform has.

        Raises:
            RegistryError: it is missing.
        """
        if name not in self.tags:
            raise RegistryError(
                f"version {self.version} of {self.model!r} has lost its tag {name!r}; set it "
                "again from the training run, or release another version."
            )
        return self.tags[name]


class FetchedVersion(RegisteredVersion):
    """A version with its files in a local directory, not yet verified."""

    directory: Path


def version_from(entity: "ModelVersion") -> RegisteredVersion:
    """Value of MLflow's entity.

    A version that somebody else registered has no digests: its files never pass a verification.
    """
    tags = dict(entity.tags)
    return RegisteredVersion(
        model=entity.name,
        version=int(entity.version),
        run_id=entity.run_id or "",
        registered_at=datetime.fromtimestamp(entity.creation_timestamp / 1000, UTC),
        digests=json.loads(tags.pop(DIGESTS_TAG, "{}")),
        tags=tags,
    )
