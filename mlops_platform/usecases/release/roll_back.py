"""Roll back: release the champion before the present one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.clock import moment_text
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import RELEASE_KINDS, NewDecision, Release, Seen
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.anchors import require_whole_ledger
from mlops_platform.usecases.ledger.hold import refusing_held
from mlops_platform.usecases.release.reconcile import point_services
from mlops_platform.usecases.version.packed import packed_release


def roll_back(
    deployment: Deployment,
    model: str,
    *,
    reason: str,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
    after: Sequence[Seen] = (),
) -> Release:
    """Release the previous champion as the next sequence, with its Bento if it has one.

    Before anything is written the ledger's chain is verified, and what will serve is loaded and
    asked for its golden rows: the ledger never names a version that no service could start with.

    Services follow at once. The registry's alias does not: `reconcile` moves it, when the registry
    can be reached.

    Args:
        after: decisions that it rests on, such as `release_meant`. Without any it is of the present
            release, unless that was rolled back to: then somebody else was faster.

    Raises:
        LedgerError: there is no earlier champion, it has to be said which release is meant, or the
            ledger was changed or has lost rows.
        HeldError: the model is retired.
        ServingError: the Bento of the earlier version is gone or answers otherwise.
        RegistryError: the earlier version has no Bento, and the registry has lost it.
        ArtifactError: its files are not those that were released.
        ReleaseConflict: another release came first, or one of `after` is not the newest any more;
            nothing was written.
    """
    ledger = deployment.ledger
    with refusing_held(ledger, model, automatic=False) as not_held:
        require_whole_ledger(deployment, model)
        releases = ledger.releases(model)
        target = previous_champion(releases)
        if target is None:
            raise LedgerError(
                f"{model!r} has no earlier champion to roll back to. Train and release another "
                "version."
            )
        present = releases[-1]
        if not after:
            _refuse_second_roll_back(present, target)
        _verify(deployment, target)
        moves = {"from_version": present.version, "to_version": target.version}
        release = ledger.release(
            model,
            target.identity,
            NewDecision(
                kind="roll_back", reason=reason, actor=actor, evidence={**moves, **(evidence or {})}
            ),
            expected_sequence=present.sequence,
            bento=target.bento,
            after=[*after, *not_held],
        )
    point_services(deployment, model)
    return release


def release_meant(ledger: Ledger, model: str, sequence: int) -> Seen:
    """That a release is still the present one, as the roll back of it rests on.

    Raises:
        LedgerError: another one serves; says who released it, when and why.
    """
    releases = ledger.releases(model)
    present = releases[-1] if releases else None
    if present is None or present.sequence != sequence:
        serves = "nothing was released" if present is None else _release_text(present)
        raise LedgerError(
            f"release {sequence} of {model!r} is not the present one: {serves}. Nothing was "
            "written."
        )
    return Seen(kinds=RELEASE_KINDS, id=present.decision_id)


def _release_text(release: Release) -> str:
    how = "rolled back to" if release.kind == "roll_back" else "promoted"
    return (
        f"release {release.sequence} serves, version {release.version}, {how} by {release.actor} "
        f"at {moment_text(release.released_at)}"
    )


def _refuse_second_roll_back(present: Release, target: Release) -> None:
    """Two people who see the same fault roll back one champion, not two.

    Raises:
        LedgerError: names the option by which a person says that both are meant.
    """
    if present.kind == "roll_back":
        raise LedgerError(
            f"{present.model!r} was rolled back already: {_release_text(present)}. Nothing was "
            f"written. `--release {present.sequence}` rolls that one back as well, to version "
            f"{target.version}."
        )


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
    """Load what will serve as a service does, or verify the registry's files if nothing is packed.

    Raises:
        ServingError: its Bento is gone, or answers its golden rows otherwise.
        ArtifactError: something of it was changed, or cannot be loaded here.
        RegistryError: nothing is packed, and the registry has lost the version.
    """
    if release.bento_tag is None:
        with deployment.registry.fetched_version(release.model, release.version) as fetched:
            verify_directory(fetched.directory, release.digests)
        return
    from threadpoolctl import threadpool_limits

    from mlops_platform.serving.served_version import load_served_version

    _, contents = packed_release(deployment.settings, release, release.bento_tag)
    with threadpool_limits(1):
        load_served_version(contents).scorer.require_pipeline()


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
