"""The one rule from a model's history to the decision whether to retrain it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from math import isfinite
from typing import Any, Literal

from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.record import Record
from mlops_platform.spec import RetrainingSpec

Trigger = Literal["log_loss_increase", "worse_than_base_rate", "schedule"]


class Attempt(Record):
    """A retraining that was decided.

    Args:
        at: when it was decided.
        window: the window it rested on; None for one that a person or a schedule asked for.
        outcome: verdict of the gate, or `failed` where it never came to one.
    """

    at: datetime
    window: str | None
    outcome: Literal["promote", "challenge", "reject", "wait", "failed"]


class History(Record):
    """All that the policy may know.

    Args:
        windows: performance of the windows, oldest first, whichever version scored them.
        running: a training of this model runs or is queued.
        data_changed: features or labels changed since the last training that got a verdict.
        frozen: who froze the model and why, None where it is not frozen.
        on_trial: the challenger in words, None where there is none.
    """

    now: datetime
    champion_version: int | None
    released_at: datetime | None
    windows: tuple[WindowPerformance, ...]
    last_attempt: Attempt | None
    running: bool
    data_changed: bool
    frozen: str | None
    on_trial: str | None = None


class PolicyDecision(Record):
    """Retrain or wait, and why; `window` is the mature one that it rests on."""

    kind: Literal["retrain", "wait"]
    reason: str
    trigger: Trigger | None
    window: str | None
    evidence: dict[str, Any]


@dataclass(frozen=True)
class _Case:
    """The policy, the history, and the champion's own mature windows, oldest first."""

    policy: RetrainingSpec
    history: History
    windows: tuple[WindowPerformance, ...]

    @property
    def judged(self) -> WindowPerformance | None:
        return self.windows[-1] if self.windows else None

    @property
    def trigger(self) -> Trigger | None:
        return trigger_of(self.judged, self.policy) if self.judged else None

    @property
    def episode(self) -> tuple[str, ...]:
        """The consecutive failing windows up to the judged one, latest first."""
        failing = takewhile(lambda one: trigger_of(one, self.policy), reversed(self.windows))
        return tuple(one.window for one in failing)


def decide(policy: RetrainingSpec, history: History) -> PolicyDecision:
    """Retrain where the champion's latest mature window fails and nothing speaks against it.

    Consecutive failing windows are one episode. A promoted retraining ends it, since the new
    champion is judged on windows of its own; after any other outcome the policy asks again once
    the cooldown is over.
    """
    case = _Case(policy, history, tuple(_own_mature_windows(history)))
    reasons = (reason_of(case) for reason_of in _REASONS_TO_WAIT)
    to_wait = next((reason for reason in reasons if reason is not None), None)
    return PolicyDecision(
        kind="retrain" if to_wait is None else "wait",
        reason=to_wait or _finding(case),
        trigger=case.trigger if to_wait is None else None,
        window=case.judged.window if case.judged else None,
        evidence=_evidence(case),
    )


def trigger_of(window: WindowPerformance, policy: RetrainingSpec) -> Trigger | None:
    """What makes a window fail, None where it is fine or has too few outcomes to be judged."""
    increase, over_base_rate = window.log_loss_increase, window.loss_over_base_rate
    if policy.worse_than_base_rate and over_base_rate is not None and over_base_rate >= 0:
        return "worse_than_base_rate"
    if increase is not None and increase >= policy.log_loss_increase:
        return "log_loss_increase"
    return None


def _no_champion(case: _Case) -> str | None:
    if case.history.champion_version is not None:
        return None
    return "There is no champion yet; the first training is asked for by a person."


def _not_by_performance(case: _Case) -> str | None:
    if case.policy.policy == "performance":
        return None
    return f"The policy is `{case.policy.policy}`, so that performance triggers no retraining."


def _frozen(case: _Case) -> str | None:
    return f"Frozen: {case.history.frozen}." if case.history.frozen is not None else None


def _running(case: _Case) -> str | None:
    return "A training of this model runs or is queued." if case.history.running else None


def _on_trial(case: _Case) -> str | None:
    trial = case.history.on_trial
    return f"A challenger is on trial: {trial}." if trial is not None else None


def _nothing_to_judge(case: _Case) -> str | None:
    if case.judged is not None:
        return None
    return f"No window that version {case.history.champion_version} served is mature yet."


def _fine(case: _Case) -> str | None:
    return _finding(case) if case.trigger is None else None


def _cooling_down(case: _Case) -> str | None:
    attempt = case.history.last_attempt
    if attempt is None:
        return None
    over_at = attempt.at + timedelta(days=case.policy.cooldown_days)
    if case.history.now >= over_at:
        return None
    asked = "The retraining for it" if attempt.window in case.episode else "The last retraining"
    return (
        f"{_finding(case)} {asked}, of {attempt.at:%Y-%m-%d}, {_OUTCOMES[attempt.outcome]}; "
        f"the cooldown of {case.policy.cooldown_days} days ends on {over_at:%Y-%m-%d}."
    )


def _nothing_new(case: _Case) -> str | None:
    if case.history.data_changed:
        return None
    return f"{_finding(case)} No feature or label has changed since the last training."


_OUTCOMES = {
    "promote": "was promoted",
    "challenge": "was put on trial",
    "reject": "was rejected",
    "wait": "was left undecided",
    "failed": "ended without a verdict",
}
_REASONS_TO_WAIT: tuple[Callable[[_Case], str | None], ...] = (
    _no_champion,
    _not_by_performance,
    _frozen,
    _running,
    _on_trial,
    _nothing_to_judge,
    _fine,
    _cooling_down,
    _nothing_new,
)


def _own_mature_windows(history: History) -> Iterator[WindowPerformance]:
    """Windows that the present release served.

    One that ended before it tells of another release, even where a roll-back has brought its
    version back: the retraining it asked for has been had.
    """
    for window in history.windows:
        served = history.released_at is None or window.end > history.released_at.date()
        if window.mature and window.version == history.champion_version and served:
            yield window


def _finding(case: _Case) -> str:
    """What the judged window says, in a sentence or two."""
    window = case.judged
    if window is None or window.log_loss is None:
        return f"Window {window.window if window else None} has too few outcomes to be judged."
    verdict = {
        None: "is fine",
        "log_loss_increase": f"exceeds the limit of {case.policy.log_loss_increase:+.4f}",
        "worse_than_base_rate": "is predicted no better than by the base rate",
    }[case.trigger]
    figures = [f"log loss {window.log_loss:.4f}"]
    if window.log_loss_increase is not None:
        figures.append(f"{window.log_loss_increase:+.4f} against what its test promises")
    if window.base_rate_log_loss is not None:
        figures.append(f"{window.base_rate_log_loss:.4f} by the base rate")
    found = f"Window {window.window} {verdict}: {', '.join(figures)}."
    failing = len(case.episode)
    return f"{found} It is failing window {failing} in a row." if failing > 1 else found


def _evidence(case: _Case) -> dict[str, Any]:
    """The figures behind the decision; what is not known is left out."""
    window, attempt, history = case.judged, case.history.last_attempt, case.history
    found: dict[str, Any] = {
        "champion_version": history.champion_version,
        "log_loss_increase_limit": case.policy.log_loss_increase,
        "cooldown_days": case.policy.cooldown_days,
        "episode": list(reversed(case.episode)),
    }
    if window is not None:
        found |= {
            "rows": window.rows,
            "labelled": window.labelled,
            "log_loss": window.log_loss,
            "log_loss_increase": window.log_loss_increase,
            "base_rate_log_loss": window.base_rate_log_loss,
            "expected_log_loss": window.expected_log_loss,
            "reference_log_loss": window.reference_log_loss,
        }
    if attempt is not None:
        found |= {"last_attempt": attempt.at.isoformat(), "last_outcome": attempt.outcome}
    return {
        name: value
        for name, value in found.items()
        if value is not None and not (isinstance(value, float) and not isfinite(value))
    }
