"""The end of a trial: the challenger is promoted or aborted, by a person or by a verdict."""

from collections.abc import Mapping
from typing import Any, Literal

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import CHALLENGE, Challenger, standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import STANDING_KINDS, Decision, NewDecision, Release, Seen
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.release import Promotion, release_version


def require_challenger(ledger: Ledger, model: str) -> Challenger:
    """The challenger of a model.

    Raises:
        LedgerError: there is none.
    """
    challenger = standing_challenger(ledger, model)
    if challenger is None:
        raise LedgerError(
            f"{model!r} has no challenger. One stands after a training that passed the gate, where "
            "the model's YAML says `release: manual`, `shadow` or `canary`."
        )
    return challenger


def promote_challenger(
    deployment: Deployment,
    challenger: Challenger,
    *,
    reason: str,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
    automatic: bool = False,
) -> Release:
    """Make a challenger the champion, with the Bento that it was tried in.

    Args:
        automatic: no person asks for it.

    Raises:
        LedgerError: it has no Bento, so that it was never tried.
        RegistryError, ArtifactError, HeldError: as `release_version`.
        ReleaseConflict: its trial has ended meanwhile; nothing was written.
    """
    if challenger.bento_tag is None:
        raise LedgerError(
            f"version {challenger.version} of {challenger.model!r} has no Bento and could not be "
            f"served. Let its training end, or materialise {challenger.model}/bento."
        )
    promotion = Promotion(
        model=challenger.model,
        identity=challenger.identity,
        decision=_ending("promote", challenger, reason, actor, evidence),
        expected_sequence=challenger.champion_sequence,
        bento=challenger.bento,
        after=(still_stands(challenger),),
        automatic=automatic,
    )
    return release_version(deployment, promotion)


def abort_challenger(
    deployment: Deployment,
    challenger: Challenger,
    *,
    reason: str,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
) -> Decision:
    """Withdraw a challenger; the champion serves on.

    Raises:
        ReleaseConflict: its trial has ended meanwhile; nothing was written.
    """
    decision = _ending("abort", challenger, reason, actor, evidence)
    written = deployment.ledger.record_decision(
        challenger.model, decision, after=[still_stands(challenger)]
    )
    reconcile(deployment, challenger.model)
    return written


def still_stands(challenger: Challenger) -> Seen:
    """What every decision about a challenger rests on: its trial has not ended."""
    return Seen(kinds=STANDING_KINDS, id=challenger.challenge)


def _ending(
    kind: Literal["promote", "abort"],
    challenger: Challenger,
    reason: str,
    actor: str,
    evidence: Mapping[str, Any] | None,
) -> NewDecision:
    named = {CHALLENGE: challenger.challenge, "version": challenger.version}
    return NewDecision(
        kind=kind, reason=reason, actor=actor, evidence={**named, **(evidence or {})}
    )
