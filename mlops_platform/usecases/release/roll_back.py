"""Roll back: release the champion before the present one again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.records import NewDecision, Release
from mlops_platform.serving.contents import DIGESTS, MODEL, bento_folder
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.retirement import refuse_retired
from mlops_platform.usecases.release.reconcile import point_services


def roll_back(
    deployment: Deployment,
    model: str,
    *,
    reason: str,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
    expected_sequence: int | None = None,
) -> Release:
    """Release the previous champion as the next sequence, with its Bento if it has one.

    Services follow at once. The registry's alias does not: `reconcile` moves it, when the registry
    can be reached.

    Args:
        expected_sequence: the release that is meant; the present one, whichever it is, where None.

    Raises:
        LedgerError: there is no earlier champion, or the model is retired.
        RegistryError: the earlier version has no Bento, and the registry has lost it.
        ArtifactError: its files are not those that were released.
        ReleaseConflict: another release came first; nothing was written.
    """
    refuse_retired(deployment.ledger, model)
    releases = deployment.ledger.releases(model)
    target = previous_champion(releases)
    if target is None:
        raise LedgerError(
            f"{model!r} has no earlier champion to roll back to. Train and release another version."
        )
    _verify(deployment, target)
    present = releases[-1]
    meant = present.sequence if expected_sequence is None else expected_sequence
    moves = {"from_version": present.version, "to_version": target.version}
    release = deployment.ledger.release(
        model,
        target.identity,
        NewDecision(
            kind="roll_back", reason=reason, actor=actor, evidence={**moves, **(evidence or {})}
        ),
        expected_sequence=meant,
        bento_tag=target.bento_tag,
    )
    point_services(deployment, model)
    return release


def previous_champion(releases: Sequence[Release]) -> Release | None:
    """Find the release that a roll back restores, given all releases, oldest first.

    A version that was rolled back is never returned to: after v1, v2, v3 the first roll back
    restores v2 and the second one v1.
    """
    champions: list[Release] = []
    for release in releases:
        if release.kind == "roll_back":
            champions.pop()
        else:
            champions.append(release)
    return champions[-2] if len(champions) > 1 else None


def _verify(deployment: Deployment, release: Release) -> None:
    """Verify what will serve, or the registry's files where nothing is packed."""
    if release.bento_tag is not None:
        sources = bento_folder(deployment.settings.bentoml_home, release.bento_tag) / "src"
        if sources.is_dir():
            # A Bento leaves out what only MLflow reads.
            packed = json.loads((sources / DIGESTS).read_bytes()) or release.digests
            released = {name: release.digests.get(name, "none: not released") for name in packed}
            return verify_directory(sources / MODEL, released)
    with deployment.registry.fetched_version(release.model, release.version) as fetched:
        return verify_directory(fetched.directory, release.digests)


def refuse_rolled_back(releases: Sequence[Release], version: int) -> None:
    """Refuse to promote the very version that a person or an objective rolled back.

    A repeated run registers the same candidate under the same version: compared with the older
    champion it would win a second time.

    Raises:
        LedgerError: says by which release.
    """
    for before, after in pairwise(releases):
        if after.kind == "roll_back" and before.version == version:
            raise LedgerError(
                f"version {version} of {before.model!r} was rolled back by {after.actor} (release "
                f"{after.sequence}); nothing was written. Train and release another version."
            )
