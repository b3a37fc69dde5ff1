"""What decides about a version beside its files: by the ledger, wherever that has it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from pydantic import ValidationError

from mlops_platform.errors import RegistryError
from mlops_platform.formats.constants import FORMER_TASK, constants_in_tags
from mlops_platform.ledger.challenger import challenger_identity
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import DecisionKind, FittedValues, VersionIdentity
from mlops_platform.registry.versions import RegisteredVersion

FITTED_THROUGH_TAG: Final = "fitted_through"
"""Tag of every registered version: event time of the last row that it was fitted on."""
CONSTANTS_TAG: Final = "constants"
"""What turns the numbers of the model into predictions, as JSON."""
TASK_TAG: Final = "task"
"""The kind of task that a version was trained for."""
TRAINING_SET_TAG: Final = "training_set"
CHALLENGES: Final[tuple[DecisionKind, ...]] = ("challenge",)


def pinned_versions(ledger: Ledger, model: str) -> Mapping[int, VersionIdentity]:
    """Every version that was ever let near a request, as the ledger pins it."""
    challenges = ledger.decisions(model, limit=None, kinds=CHALLENGES)
    identities: list[VersionIdentity] = [
        *map(challenger_identity, challenges),
        *ledger.releases(model),
    ]
    # A version that was pinned before the ledger kept its values may be released once more.
    identities.sort(key=lambda identity: identity.fitted is not None)
    return {identity.version: identity for identity in identities}


def fitted_values(version: RegisteredVersion, pinned: VersionIdentity | None) -> FittedValues:
    """What decides about a registered version.

    Args:
        pinned: the version by the ledger; its registry's tags count only where that has no values.

    Raises:
        RegistryError: a tag that counts is missing, or is none that a version can have.
    """
    if pinned is not None and pinned.fitted is not None:
        return pinned.fitted
    return fitted_in_tags(version)


def fitted_in_tags(version: RegisteredVersion) -> FittedValues:
    """What was tagged when a version was registered, which nothing seals.

    Raises:
        RegistryError: a tag is missing, or is none that a version can have.
    """
    constants = constants_in_tags(version.tags)
    if constants is None:
        constants = json.loads(version.tag(CONSTANTS_TAG))
    try:
        return FittedValues(
            task=version.tags.get(TASK_TAG, FORMER_TASK),
            constants=constants,
            training_set=version.tag(TRAINING_SET_TAG),
            fitted_through=datetime.fromisoformat(version.tag(FITTED_THROUGH_TAG)),
        )
    except ValidationError as error:
        raise RegistryError(
            f"version {version.version} of {version.model!r} has tags that no version can have: "
            f"{error.errors(include_url=False)}. Train and release another version."
        ) from error


def tags_of(fitted: FittedValues) -> dict[str, str]:
    """The tags by which the registry tells what the ledger decides."""
    return {
        TASK_TAG: fitted.task,
        CONSTANTS_TAG: json.dumps(dict(fitted.constants), sort_keys=True),
        TRAINING_SET_TAG: fitted.training_set,
        FITTED_THROUGH_TAG: fitted.fitted_through.astimezone(UTC).isoformat(),
    }
