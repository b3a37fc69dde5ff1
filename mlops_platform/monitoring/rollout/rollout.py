"""The one rule from the evidence of a rollout to its verdict: promote, abort or wait."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from mlops_platform.monitoring.rollout.arms import LEAST_DAYS, ArmComparison
from mlops_platform.monitoring.rollout.objectives import ServiceFigures, broken_objective
from mlops_platform.record import Record
from mlops_platform.spec import ReleaseSpec


class RolloutEvidence(Record):
    """All that the verdict may know.

    Args:
        since: when the challenger began.
        comparison: on matured labels; None where there is nothing to compare yet.
        service: what workers counted of the challenger.
    """

    since: datetime
    comparison: ArmComparison | None = None
    service: ServiceFigures | None = None

    @property
    def figures(self) -> dict[str, Any]:
        """The figures for the ledger; what is not known is left out."""
        parts = (self.comparison, self.service)
        return {
            name: value
            for part in parts
            if part is not None
            for name, value in part.model_dump().items()
            if value is not None
        }


class RolloutVerdict(Record):
    """What the rollout comes to, and why."""

    kind: Literal["promote", "abort", "wait"]
    reason: str
    evidence: dict[str, Any]


def judge_rollout(evidence: RolloutEvidence, spec: ReleaseSpec, now: datetime) -> RolloutVerdict:
    """Judge a challenger.

    A broken service objective aborts whatever the labels say. With enough matured labels it is
    promoted where it is surely not worse than the margin, and aborted where it surely is; where
    neither is sure it waits, until its time is over.
    """
    kind, reason = _verdict(evidence, spec, now)
    return RolloutVerdict(kind=kind, reason=reason, evidence=evidence.figures)


def _verdict(
    evidence: RolloutEvidence, spec: ReleaseSpec, now: datetime
) -> tuple[Literal["promote", "abort", "wait"], str]:
    broken = broken_objective(evidence.service, spec.probation)
    if broken is not None:
        return "abort", f"The challenger breaks its service objectives: {broken}."
    lacking = _lacking(evidence.comparison, spec)
    arms = evidence.comparison
    if lacking is None and arms is not None and arms.lower is not None:
        if arms.lower > spec.margin:
            return "abort", f"The challenger is worse: {_figures_text(arms, spec)}."
        if arms.upper is not None and arms.upper <= spec.margin:
            return "promote", f"The challenger is not worse: {_figures_text(arms, spec)}."
        lacking = f"it is open whether it is worse: {_figures_text(arms, spec)}"
    until = evidence.since + timedelta(days=spec.max_days)
    if now >= until:
        return "abort", f"The {spec.max_days} days of the trial are over, and {lacking}."
    return "wait", f"On trial until {until:%Y-%m-%d}, and {lacking}."


def _lacking(arms: ArmComparison | None, spec: ReleaseSpec) -> str | None:
    """What keeps from any comparison."""
    if arms is None:
        return "no matured label of both versions is known"
    if arms.challenger_rows < spec.min_labelled:
        return (
            f"{arms.challenger_rows} matured labels of the challenger are known, "
            f"{spec.min_labelled} are needed"
        )
    if arms.days < LEAST_DAYS:
        return f"its labels are of {arms.days} days, at least {LEAST_DAYS} are needed"
    return None


def _figures_text(arms: ArmComparison, spec: ReleaseSpec) -> str:
    return (
        f"{arms.loss_name} {arms.challenger_loss:.4f} against {arms.champion_loss:.4f}, at equal "
        f"rows {arms.difference:+.4f} and with {arms.confidence:.0%} one-sided confidence between "
        f"{arms.lower:+.4f} and {arms.upper:+.4f}, where at most {spec.margin:+.4f} is allowed "
        f"({arms.challenger_rows} labels, {arms.days} days)"
    )
