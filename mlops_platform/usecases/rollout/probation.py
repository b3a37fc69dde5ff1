"""The probation of a new champion: judged from files and the ledger, ended in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from mlops_platform.errors import HeldError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import RELEASE_KINDS, NewDecision, Release, Seen
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.rollout.probation import (
    Observed,
    ProbationVerdict,
    judge_probation,
    own_windows,
)
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.hold import refusing_held
from mlops_platform.usecases.release.reconcile import reconcile
from mlops_platform.usecases.release.roll_back import previous_champion, roll_back
from mlops_platform.usecases.rollout.service_metrics import service_figures

PROBATION: Final = "probation"
"""Evidence of every decision about a probation: the release that was on it."""


def on_probation(spec: ModelSpec, ledger: Ledger) -> Release | None:
    """The champion, if it is new and its probation has not been ended yet.

    A roll back restores what has been on probation before, and a first champion has nothing to
    roll back to.
    """
    releases = ledger.releases(spec.name)
    if not releases or spec.release.probation.hours == 0:
        return None
    newest = releases[-1]
    if newest.kind != "promote" or previous_champion(releases) is None:
        return None
    kept = ledger.newest_decision(spec.name, ["keep"])
    ended = kept is not None and kept.evidence[PROBATION] == newest.sequence
    return None if ended else newest


def judge_champion(
    deployment: Deployment,
    spec: ModelSpec,
    release: Release,
    windows: Iterable[WindowPerformance],
) -> ProbationVerdict:
    """The verdict on a champion that is on probation.

    Args:
        windows: every measured window, oldest first.
    """
    log = deployment.settings.prediction_log(spec.name)
    observed = Observed(
        released_at=release.released_at,
        service=service_figures(log, spec.name, release.version, "champion", release.released_at),
        windows=own_windows(windows, release.sequence),
    )
    return judge_probation(observed, spec.release.probation, deployment.moment_of(spec.name))


def end_probation(
    deployment: Deployment, release: Release, verdict: ProbationVerdict, actor: str
) -> str:
    """Let a verdict act, and tell what was done.

    A freeze holds a roll back as well: it promises that no automation changes what serves. That
    it would have been rolled back is written once, for the person who froze the model.

    Raises:
        LedgerError, RegistryError, ArtifactError: as `roll_back`.
        ReleaseConflict: another release came meanwhile; nothing was written.
    """
    ledger = deployment.ledger
    if verdict.kind == "roll_back":
        try:
            restored = _rolled_back(deployment, release, verdict, actor)
        except HeldError as hold:
            held = f"{verdict.reason} But {hold}"
            _record_once(ledger, release, "wait", held, verdict, actor)
            return held
        return f"{verdict.reason} Version {restored.version} serves again."
    if verdict.kind == "keep":
        _record_once(ledger, release, "keep", verdict.reason, verdict, actor)
    return verdict.reason


def _rolled_back(
    deployment: Deployment, release: Release, verdict: ProbationVerdict, actor: str
) -> Release:
    ledger, model = deployment.ledger, release.model
    meant = Seen(kinds=RELEASE_KINDS, id=release.decision_id)
    with refusing_held(ledger, model, automatic=True) as not_held:
        restored = roll_back(
            deployment,
            model,
            reason=verdict.reason,
            actor=actor,
            evidence={PROBATION: release.sequence, **verdict.evidence},
            after=[meant, *not_held],
        )
    reconcile(deployment, model)
    return restored


def _record_once(
    ledger: Ledger,
    release: Release,
    kind: Literal["keep", "wait"],
    reason: str,
    verdict: ProbationVerdict,
    actor: str,
) -> None:
    """Write a decision about a probation, unless one of its kind was written."""
    decisions = ledger.decisions(release.model, kinds=[kind])
    if any(decision.evidence.get(PROBATION) == release.sequence for decision in decisions):
        return
    evidence = {PROBATION: release.sequence, **verdict.evidence}
    decision = NewDecision(kind=kind, reason=reason, actor=actor, evidence=evidence)
    ledger.record_decision(release.model, decision)
