"""The verdict on a challenger: its evidence from the lake, and what follows in the ledger."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.data.served.rollout_rows import Arm, Arms, read_rollout_rows
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import CHALLENGE, Challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision, Release
from mlops_platform.monitoring.rollout.objectives import ServiceFigures
from mlops_platform.monitoring.rollout.rollout import RolloutEvidence, RolloutVerdict, judge_rollout
from mlops_platform.serving.roles import Role
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by
from mlops_platform.usecases.rollout.end import (
    abort_challenger,
    promote_challenger,
    still_stands,
)
from mlops_platform.usecases.rollout.service_metrics import service_figures

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.monitoring.rollout.arms import ArmComparison


def gather_evidence(
    deployment: Deployment, spec: ModelSpec, challenger: Challenger, now: datetime
) -> RolloutEvidence:
    """Everything that the verdict may know of a challenger."""
    champion = deployment.ledger.current_release(spec.name)
    if champion is None:
        raise LedgerError(f"{spec.name!r} has a challenger and no champion; see `mlops doctor`.")
    rows = read_rollout_rows(
        spec,
        deployment.settings.landed_predictions(spec.name),
        deployment.settings.published,
        Arms(
            Arm(champion.version, champion.sequence),
            Arm(challenger.version, challenger.sequence),
            paired=challenger.mode == "shadow",
        ),
        matured=last_matured_day(spec, now),
        as_of=now,
    )
    return RolloutEvidence(
        since=challenger.since,
        comparison=None if rows is None else compare_rollout(spec, rows),
        service=objectives_of(deployment, challenger),
    )


def objectives_of(deployment: Deployment, challenger: Challenger) -> ServiceFigures:
    """What workers counted of a challenger since its trial began."""
    role: Role = "challenger" if challenger.mode == "canary" else "shadow"
    log = deployment.settings.prediction_log(challenger.model)
    return service_figures(log, challenger.model, challenger.version, role, challenger.since)


def compare_rollout(spec: ModelSpec, rows: pa.Table) -> ArmComparison | None:
    """Compare the arms of a trial; the baseline is that of all its rows."""
    from mlops_platform.monitoring.rollout.arms import ArmRows, compare_arms

    if not rows.num_rows:
        return None
    task = spec.task
    targets = task.targets(rows["label"].to_numpy())
    predictions = predictions_in(rows, task.outputs, SAMPLE_WEIGHT)
    weights = predictions.weights
    baseline = task.baseline(targets, weights)
    return compare_arms(
        ArmRows(
            rows["challenger"].to_numpy(),
            rows["day"].to_numpy(),
            task.row_losses(targets, predictions),
            task.baseline_losses(targets, baseline, predictions),
            weights,
        ),
        loss_name=task.loss_name,
        confidence=spec.release.confidence,
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
    if verdict.kind == "promote" and spec.release.is_manual:
        # The trial began before the YAML said that a person decides.
        return waiting(verdict, f"a person has to say so now: `mlops approve {spec.name}`.")
    frozen = frozen_by(ledger, spec.name) if automatic else None
    if frozen is None or verdict.kind != "promote":
        return verdict
    return waiting(verdict, f"{spec.name} is frozen {freeze_text(frozen)}.")


def waiting(verdict: RolloutVerdict, obstacle: str) -> RolloutVerdict:
    """A promotion that has to wait for what stands in its way."""
    reason = f"{verdict.reason} But {obstacle}"
    return verdict.model_copy(update={"kind": "wait", "reason": reason})


def conclude(
    deployment: Deployment,
    challenger: Challenger,
    verdict: RolloutVerdict,
    actor: str,
    *,
    automatic: bool,
) -> Release | None:
    """Let a verdict act, through the ledger; the same `wait` is written once.

    Args:
        automatic: no person started this.

    Returns:
        The release, where the challenger was promoted.

    Raises:
        ReleaseConflict: the trial has ended meanwhile; nothing was written.
        LedgerError, RegistryError, ArtifactError, HeldError: as `promote_challenger`.
    """
    reason, evidence = verdict.reason, verdict.evidence
    if verdict.kind == "promote":
        return promote_challenger(
            deployment,
            challenger,
            reason=reason,
            actor=actor,
            evidence=evidence,
            automatic=automatic,
        )
    if verdict.kind == "abort":
        abort_challenger(deployment, challenger, reason=reason, actor=actor, evidence=evidence)
    else:
        _record_wait(deployment.ledger, challenger, verdict, actor)
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
            after=[still_stands(challenger)],
        )


def _last_wait(ledger: Ledger, challenger: Challenger) -> Decision | None:
    waits = ledger.decisions(challenger.model, kinds=["wait"])
    own = (wait for wait in waits if wait.evidence.get(CHALLENGE) == challenger.challenge)
    return next(own, None)
