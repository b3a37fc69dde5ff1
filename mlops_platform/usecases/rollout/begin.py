"""What the gate lets through: it serves at once, or is first tried beside the champion."""

from pathlib import Path

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.ledger.challenger import (
    CHALLENGER,
    Challenger,
    challenger_identity,
    standing_challenger,
)
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    STANDING_KINDS,
    NewDecision,
    Release,
    VersionIdentity,
)
from mlops_platform.registry.registry import Registry
from mlops_platform.spec import ReleaseSpec
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.release import release_version
from mlops_platform.usecases.version.deployed import StandingVersion


def let_through(
    ledger: Ledger,
    registry: Registry,
    pointer: Path,
    model: str,
    identity: VersionIdentity,
    promotion: NewDecision,
    release: ReleaseSpec,
    *,
    expected_sequence: int | None,
) -> StandingVersion:
    """Make a version that passed the gate the champion, or where its YAML says so a challenger.

    The first champion is released at once: there is nothing that it could stand beside.

    Args:
        promotion: the gate's decision.
        expected_sequence: sequence of the champion that the version was judged against.

    Raises:
        RegistryError, ArtifactError, ReleaseConflict: as `release_version`.
        LedgerError: the version has been on trial before.
    """
    champion = ledger.current_release(model)
    at_once = release.is_direct or champion is None or champion.version == identity.version
    if at_once:
        released = release_version(
            *(ledger, registry, pointer, model, identity, promotion),
            expected_sequence=expected_sequence,
        )
        return StandingVersion.released(released)
    challenger = begin_trial(
        *(ledger, registry, pointer, model, identity, promotion, release),
        expected_sequence=expected_sequence,
    )
    return StandingVersion.on_trial(challenger)


def begin_trial(
    ledger: Ledger,
    registry: Registry,
    pointer: Path,
    model: str,
    identity: VersionIdentity,
    promotion: NewDecision,
    release: ReleaseSpec,
    *,
    expected_sequence: int | None,
) -> Challenger:
    """Let a version stand beside the champion; a challenger that stands already is replaced.

    Raises:
        RegistryError, ArtifactError: as `release_version`.
        ReleaseConflict: the champion is another one than the version was judged against.
        LedgerError: the version has been on trial before.
    """
    standing = standing_challenger(ledger, model)
    if standing is None or standing.version != identity.version:
        newest = ledger.decisions(model, limit=1, kinds=STANDING_KINDS)[0]
        champion = ledger.current_release(model)
        if champion is None or champion.sequence != expected_sequence:
            raise ReleaseConflict(
                f"{model!r} is not at release {expected_sequence} any more, against which version "
                f"{identity.version} was judged; nothing was written. Train again."
            )
        _refuse_second_trial(ledger, model, identity.version)
        fetched = registry.fetch_version(model, identity.version)
        verify_directory(fetched.directory, identity.digests)
        decision = _challenge(identity, promotion, release, champion, standing)
        written = ledger.record_decision(model, decision, after=newest.id)
        standing = Challenger.of(written, bento_tag=None)
    reconcile(ledger, registry, pointer, model)
    return standing


def _challenge(
    identity: VersionIdentity,
    promotion: NewDecision,
    release: ReleaseSpec,
    champion: Release,
    replaced: Challenger | None,
) -> NewDecision:
    share = release.canary_share if release.mode == "canary" else 0.0
    trial = {
        CHALLENGER: identity.model_dump(),
        "mode": release.mode,
        "share": share,
        "champion_sequence": champion.sequence,
    }
    if replaced is not None:
        trial["replaces_version"] = replaced.version
    return NewDecision(
        kind="challenge",
        reason=f"{promotion.reason} It is first tried in {release.mode} beside the champion.",
        actor=promotion.actor,
        evidence={**promotion.evidence, **trial},
    )


def _refuse_second_trial(ledger: Ledger, model: str, version: int) -> None:
    trials = ledger.decisions(model, limit=None, kinds=["challenge"])
    for tried in trials:
        if challenger_identity(tried).version == version:
            raise LedgerError(
                f"version {version} of {model!r} was on trial before, since decision {tried.id}. "
                "Train another version."
            )
