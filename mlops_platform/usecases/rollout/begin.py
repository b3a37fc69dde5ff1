"""What the gate lets through: it serves at once, waits for a person, or is first tried."""

from mlops_platform.errors import LedgerError, ReleaseConflict
from mlops_platform.ledger.challenger import (
    CHALLENGER,
    Challenger,
    challenger_identity,
    standing_challenger,
)
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import STANDING_KINDS, NewDecision, Seen
from mlops_platform.spec import ReleaseSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.anchors import require_whole_ledger
from mlops_platform.usecases.ledger.hold import refusing_held
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.release import Promotion, release_version, verify_registered
from mlops_platform.usecases.version.deployed import DeployedVersion


def release_or_challenge(
    deployment: Deployment, promotion: Promotion, release: ReleaseSpec
) -> DeployedVersion:
    """Make a version that passed the gate the champion, or where its YAML says so a challenger.

    The first champion is released at once, because there is nothing that it could stand beside;
    unless a person has to say so.

    Raises:
        RegistryError, ArtifactError, HeldError, ReleaseConflict: as `release_version`.
        LedgerError: the version has been on trial before.
    """
    champion = deployment.ledger.current_release(promotion.model)
    serves_already = champion is not None and champion.version == promotion.identity.version
    nothing_to_stand_beside = champion is None and not release.is_manual
    if release.is_direct or serves_already or nothing_to_stand_beside:
        return DeployedVersion.released(release_version(deployment, promotion))
    return DeployedVersion.challenging(begin_rollout(deployment, promotion, release))


def begin_rollout(deployment: Deployment, promotion: Promotion, release: ReleaseSpec) -> Challenger:
    """Let a version stand beside the champion, or wait; one that does so already is replaced.

    Raises:
        RegistryError, ArtifactError, HeldError: as `release_version`.
        ReleaseConflict: the champion is another one than the version was judged against.
        LedgerError: the version has been on trial before, or the ledger was changed or has lost
            rows.
    """
    ledger, model, identity = deployment.ledger, promotion.model, promotion.identity
    standing = standing_challenger(ledger, model)
    if standing is None or standing.version != identity.version:
        with refusing_held(ledger, model, automatic=promotion.automatic) as not_held:
            require_whole_ledger(deployment, model)
            newest = ledger.newest_decision(model, STANDING_KINDS)
            _refuse_other_champion(ledger, promotion)
            _refuse_second_rollout(ledger, model, identity.version)
            verify_registered(deployment, model, identity)
            stands = Seen.of(STANDING_KINDS, newest)
            decision = _challenge(promotion, release, standing)
            written = ledger.record_decision(model, decision, after=[stands, *not_held])
        standing = Challenger.of(written, bento=None)
    reconcile(deployment, model)
    return standing


def _challenge(
    promotion: Promotion, release: ReleaseSpec, replaced: Challenger | None
) -> NewDecision:
    passed, share = promotion.decision, release.canary_share if release.mode == "canary" else 0.0
    trial = {
        CHALLENGER: promotion.identity.model_dump(),
        "mode": release.mode,
        "share": share,
        "champion_sequence": promotion.expected_sequence,
    }
    if replaced is not None:
        trial["replaces_version"] = replaced.version
    if release.is_manual:
        what_now = "It waits for a person: `mlops approve`."
    else:
        what_now = f"It is first tried in {release.mode} beside the champion."
    return NewDecision(
        kind="challenge",
        reason=f"{passed.reason} {what_now}",
        actor=passed.actor,
        evidence={**passed.evidence, **trial},
    )


def _refuse_other_champion(ledger: Ledger, promotion: Promotion) -> None:
    champion = ledger.current_release(promotion.model)
    if (champion.sequence if champion else None) != promotion.expected_sequence:
        raise ReleaseConflict(
            f"{promotion.model!r} is not at release {promotion.expected_sequence} any more, "
            f"against which version {promotion.identity.version} was judged; nothing was written. "
            "Train again."
        )


def _refuse_second_rollout(ledger: Ledger, model: str, version: int) -> None:
    trials = ledger.decisions(model, limit=None, kinds=["challenge"])
    for tried in trials:
        if challenger_identity(tried).version == version:
            raise LedgerError(
                f"version {version} of {model!r} was on trial before, since decision {tried.id}. "
                "Train another version."
            )
