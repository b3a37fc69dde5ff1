"""The verdict on a challenger: its evidence from the lake, and what follows in the ledger."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_platform.data.served.trial_rows import Arm, read_trial
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import CHALLENGE, Challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision, Release
from mlops_platform.monitoring.trials.objectives import ServiceFigures
from mlops_platform.monitoring.trials.rollout import RolloutEvidence, RolloutVerdict, judge_rollout
from mlops_platform.serving.roles import Role
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.rollout.end import abort_challenger, promote_challenger
from mlops_platform.usecases.rollout.service_metrics import service_figures

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.trials.arms import ArmComparison
    from mlops_platform.registry.registry import Registry


def gather_evidence(
    spec: ModelSpec,
    ledger: Ledger,
    challenger: Challenger,
    landed: Path,
    published_root: Path,
    log: Path,
    now: datetime,
) -> RolloutEvidence:
    """Everything that the verdict may know of a challenger.

    Args:
        landed: folder of the model's landed predictions.
        log: folder of the prediction log, in which workers count as well.
    """
    champion = ledger.current_release(spec.name)
    if champion is None:
        raise LedgerError(f"{spec.name!r} has a challenger and no champion; see `mlops doctor`.")
    rows = read_trial(
        spec,
        landed,
        published_root,
        Arm(champion.version, champion.sequence),
        Arm(challenger.version, challenger.sequence),
        paired=challenger.mode == "shadow",
        matured=last_matured_day(spec, now),
        as_of=now,
    )
    return RolloutEvidence(
        since=challenger.since,
        comparison=None if rows is None else compare_trial(rows, spec.release.confidence),
        service=objectives_of(spec, challenger, log),
    )


def objectives_of(spec: ModelSpec, challenger: Challenger, log: Path) -> ServiceFigures:
    """What workers counted of a challenger since its trial began."""
    role: Role = "challenger" if challenger.mode == "canary" else "shadow"
    return service_figures(log, spec.name, challenger.version, role, challenger.since)


def compare_trial(rows: pa.Table, confidence: float) -> ArmComparison | None:
    """Compare the arms of a trial; the base rate is that of all its rows."""
    import numpy as np

    from mlops_platform.monitoring.trials.arms import compare_arms
    from mlops_platform.training.metrics import row_losses

    if not rows.num_rows:
        return None
    labels = rows["label"].to_numpy().astype(int)
    base_rates = np.full(len(labels), labels.mean())
    return compare_arms(
        rows["challenger"].to_numpy(),
        rows["day"].to_numpy(),
        row_losses("log_loss", labels, rows["probability"].to_numpy()),
        row_losses("log_loss", labels, base_rates),
        confidence,
    )


def last_matured_day(spec: ModelSpec, now: datetime) -> date:
    """The last local day of events whose labels count as complete.

    Labels that come early are not like those that come late: a flight that is cancelled or long
    delayed is known last.
    """
    delay = spec.monitoring.performance.mature_after_days + spec.label.reporting_delay_days
    midnight = (now - timedelta(days=delay)).astimezone(ZoneInfo(spec.window.timezone))
    return midnight.date() - timedelta(days=1)


def judge_challenger(
    spec: ModelSpec,
    ledger: Ledger,
    evidence: RolloutEvidence,
    now: datetime,
    *,
    automatic: bool,
) -> RolloutVerdict:
    """The verdict; a frozen model is promoted by no automation, but its challenger may be aborted.

    Args:
        automatic: no person started this.
    """
    verdict = judge_rollout(evidence, spec.release, now)
    frozen = frozen_by(ledger, spec.name) if automatic else None
    if frozen is None or verdict.kind != "promote":
        return verdict
    reason = f"{verdict.reason} But {spec.name} is frozen {freeze_text(frozen)}."
    return verdict.model_copy(update={"kind": "wait", "reason": reason})


def conclude(
    ledger: Ledger,
    registry: Registry,
    pointer: Path,
    challenger: Challenger,
    verdict: RolloutVerdict,
    actor: str,
) -> Release | None:
    """Let a verdict act, through the ledger; the same `wait` is written once.

    Returns:
        The release, where the challenger was promoted.

    Raises:
        ReleaseConflict: the trial has ended meanwhile; nothing was written.
        LedgerError, RegistryError, ArtifactError: as `promote_challenger`.
    """
    parts = (ledger, registry, pointer, challenger)
    reason, evidence = verdict.reason, verdict.evidence
    if verdict.kind == "promote":
        return promote_challenger(*parts, reason=reason, actor=actor, evidence=evidence)
    if verdict.kind == "abort":
        abort_challenger(*parts, reason=reason, actor=actor, evidence=evidence)
    else:
        _record_wait(ledger, challenger, verdict, actor)
    return None


def _record_wait(
    ledger: Ledger, challenger: Challenger, verdict: RolloutVerdict, actor: str
) -> None:
    last = _last_wait(ledger, challenger)
    if last is None or last.reason != verdict.reason:
        evidence = {CHALLENGE: challenger.challenge, **verdict.evidence}
        ledger.record_decision(
            challenger.model,
            NewDecision(kind="wait", reason=verdict.reason, actor=actor, evidence=evidence),
            after=challenger.challenge,
        )


def _last_wait(ledger: Ledger, challenger: Challenger) -> Decision | None:
    waits = ledger.decisions(challenger.model, kinds=["wait"])
    own = (one for one in waits if one.evidence.get(CHALLENGE) == challenger.challenge)
    return next(own, None)
