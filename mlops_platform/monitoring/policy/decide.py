"""The one rule from a model's history to the decision whether to retrain it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from mlops_platform.monitoring.policy.budget import budget_spent
from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.rule_result import RuleResult
from mlops_platform.monitoring.policy.rules import evaluate_policy
from mlops_platform.record import Record
from mlops_platform.spec import RetrainingSpec

FINDINGS: Final = "findings"
"""Evidence of every decision of the policy: what each single rule found."""


class PolicyDecision(Record):
    """Retrain, suggest it or wait, and why.

    Args:
        trigger: names of the rules that fired, None where it waits.
        window: the window that it rests on.
    """

    kind: Literal["retrain", "suggest", "wait"]
    reason: str
    trigger: str | None
    window: str | None
    evidence: dict[str, Any]


@dataclass(frozen=True)
class _Case:
    """The policy, the history, and what its rules find in it."""

    policy: RetrainingSpec
    history: History
    result: RuleResult


def decide(policy: RetrainingSpec, history: History) -> PolicyDecision:
    """Retrain where the policy's rules fire and nothing speaks against it.

    Consecutive failing windows are one episode. A promoted retraining ends it, since the new
    champion is judged on windows of its own; after any other outcome the policy asks again once
    the cooldown is over.
    """
    case = _Case(policy, history, evaluate_policy(policy.policy, history))
    reasons = (reason_of(case) for reason_of in _REASONS_TO_WAIT)
    to_wait = next((reason for reason in reasons if reason is not None), None)
    asked: Literal["retrain", "suggest"] = "suggest" if policy.suggest_only else "retrain"
    fired = [result.rule for result in case.result.leaves() if result.fires]
    return PolicyDecision(
        kind=asked if to_wait is None else "wait",
        reason=to_wait or case.result.sentence,
        trigger=" and ".join(fired) if to_wait is None else None,
        window=case.result.window,
        evidence=_evidence(case),
    )


def _no_champion(case: _Case) -> str | None:
    if case.history.champion_version is not None:
        return None
    return "There is no champion yet; the first training is asked for by a person."


def _frozen(case: _Case) -> str | None:
    return f"Frozen: {case.history.frozen}." if case.history.frozen is not None else None


def _running(case: _Case) -> str | None:
    return "A training of this model runs or is queued." if case.history.running else None


def _in_rollout(case: _Case) -> str | None:
    rollout = case.history.rollout
    return f"A challenger stands: {rollout}." if rollout is not None else None


def _nothing_fires(case: _Case) -> str | None:
    return None if case.result.fires else case.result.sentence


def _suggested(case: _Case) -> str | None:
    suggested = case.history.suggested
    return f"{case.result.sentence} A retraining is {suggested}." if suggested else None


def _cooling_down(case: _Case) -> str | None:
    attempt = case.history.last_attempt
    if attempt is None:
        return None
    over_at = attempt.at + timedelta(days=case.policy.cooldown_days)
    if case.history.now >= over_at:
        return None
    own = attempt.window in case.result.episode
    asked = "The retraining for it" if own else "The last retraining"
    return (
        f"{case.result.sentence} {asked}, of {attempt.at:%Y-%m-%d}, {_OUTCOMES[attempt.outcome]}; "
        f"the cooldown of {case.policy.cooldown_days} days ends on {over_at:%Y-%m-%d}."
    )


def _out_of_budget(case: _Case) -> str | None:
    if case.policy.budget is None:
        return None
    spent = budget_spent(case.policy.budget, case.history)
    return f"{case.result.sentence} {spent}" if spent else None


def _nothing_new(case: _Case) -> str | None:
    if case.history.data_changed:
        return None
    return f"{case.result.sentence} No feature or label has changed since the last training."


_OUTCOMES = {
    "promote": "was promoted",
    "challenge": "was put on trial",
    "reject": "was rejected",
    "wait": "was left undecided",
    "failed": "ended without a verdict",
    "declined": "was declined",
}
_REASONS_TO_WAIT: tuple[Callable[[_Case], str | None], ...] = (
    _no_champion,
    _frozen,
    _running,
    _in_rollout,
    _nothing_fires,
    _suggested,
    _cooling_down,
    _out_of_budget,
    _nothing_new,
)


def _evidence(case: _Case) -> dict[str, Any]:
    """The figures behind the decision, and what each rule found; the unknown is left out."""
    history, attempt = case.history, case.history.last_attempt
    evidence: dict[str, Any] = {
        "champion_version": history.champion_version,
        "cooldown_days": case.policy.cooldown_days,
        "episode": list(case.result.episode),
        FINDINGS: [
            result.model_dump(include={"rule", "fires", "sentence"})
            for result in case.result.leaves()
        ],
    }
    for result in case.result.leaves():
        evidence |= result.evidence
    if attempt is not None:
        evidence |= {"last_attempt": attempt.at.isoformat(), "last_outcome": attempt.outcome}
    return {name: value for name, value in evidence.items() if value is not None}
