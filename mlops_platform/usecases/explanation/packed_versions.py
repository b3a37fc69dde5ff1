"""Any version that ever answered, as its Bento holds it: with its schema and background rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mlops_platform.artifacts.bentos import require_bento
from mlops_platform.errors import ArtifactError, LedgerError, ServingError
from mlops_platform.ledger.challenger import CHALLENGE, bento_in, challenger_identity
from mlops_platform.ledger.records import BentoIdentity, VersionIdentity
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants

if TYPE_CHECKING:
    from mlops_platform.serving.served_version import ServedVersion
    from mlops_platform.usecases.deployment import Deployment


@dataclass(frozen=True)
class Answering:
    """Which version answered, as what, in the name of which release, under which adjustment."""

    version: str
    sequence: int
    role: str
    adjustment: int = 0


def load_packed(deployment: Deployment, model: str, answering: Answering) -> ServedVersion:
    """Load a version as the service did, under the constants that it answered with.

    Raises:
        LedgerError: the ledger knows no such version or adjustment, or no Bento of it.
        ServingError: the store does not hold its Bento, or only in part.
        ArtifactError: its files are not those that were released.
    """
    from mlops_platform.serving.contents import bento_folder, read_contents
    from mlops_platform.serving.served_version import load_served_version

    packed = {
        str(identity.version): (identity, bento) for identity, bento in _packed(deployment, model)
    }
    if answering.version not in packed:
        raise LedgerError(
            f"the ledger names no Bento of version {answering.version} of {model!r}, so that its "
            "predictions cannot be explained. Champions and challengers have one."
        )
    identity, bento = packed[answering.version]
    folder = bento_folder(deployment.settings.bentoml_home, bento.tag)
    try:
        contents = read_contents(folder / "src")
    except (OSError, ValueError) as error:
        raise ServingError(
            f"{bento.tag}: {folder} cannot be read ({error}). Restore it from a backup: what "
            f"version {answering.version} was packed with is needed to explain what it said."
        ) from error
    if any(identity.digests.get(name) != digest for name, digest in contents.digests.items()):
        raise ArtifactError(
            f"{bento.tag}: its model is not the one that the ledger pins for version "
            f"{answering.version}. Restore it from a backup."
        )
    if bento.digest is not None:
        require_bento(folder, bento.digest, "the ledger")
    served = load_served_version(replace(contents, sealed=bento.digest is not None))
    return _adjusted(deployment, model, served, answering)


def _packed(deployment: Deployment, model: str) -> Iterator[tuple[VersionIdentity, BentoIdentity]]:
    """Every version with its Bento, newest last."""
    ledger = deployment.ledger
    challenges = {
        challenge.id: challenger_identity(challenge)
        for challenge in ledger.decisions(model, limit=None, kinds=["challenge"])
    }
    for built in reversed(ledger.decisions(model, limit=None, kinds=["package"])):
        if built.evidence.get(CHALLENGE) in challenges:
            yield challenges[built.evidence[CHALLENGE]], bento_in(built)
    for release in ledger.releases(model):
        if release.bento is not None:
            yield release, release.bento


def _adjusted(
    deployment: Deployment, model: str, served: ServedVersion, answering: Answering
) -> ServedVersion:
    number = answering.adjustment
    if not number:
        return served
    known = deployment.ledger.adjustments(model, answering.sequence)
    if number > len(known):
        raise LedgerError(
            f"the ledger knows no adjustment {number} of release {answering.sequence} of {model!r}."
        )
    constants = AdjustedConstants(served.release.constants, known).under(number)
    return replace(served, adjustment=number, adjusted=constants)
