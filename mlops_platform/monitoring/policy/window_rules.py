"""Rules that judge the windows of the present release."""

from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from mlops_platform.monitoring.policy.history import History
from mlops_platform.monitoring.policy.rule_result import RuleResult
from mlops_platform.monitoring.policy.signals import WindowSignals
from mlops_platform.spec import DriftRule, EstimatedPerformanceRule, PerformanceRule


def performance_result(rule: PerformanceRule, history: History) -> RuleResult:
    """Whether the last mature windows are predicted worse than promised, or than by chance."""
    windows = [window for window in history.own_windows() if window.mature]
    if not windows:
        return _nothing_to_judge("performance", history, "mature")
    judged, failing = windows[-1], _failing(windows, lambda window: _fault(window, rule) != "")
    losses = judged.losses
    return RuleResult(
        rule="performance",
        fires=len(failing) >= rule.windows,
        sentence=_performance_sentence(judged, _fault(judged, rule))
        + _row_text(len(failing), rule.windows),
        window=judged.window,
        episode=failing,
        evidence=_known(
            {
                "rows": judged.rows,
                "labelled": judged.labelled,
                "loss": losses.loss,
                "loss_increase": losses.loss_increase,
                "loss_increase_limit": rule.loss_increase,
                "baseline_loss": losses.baseline_loss,
                "promised_loss": losses.promised_loss,
                "test_loss": losses.test_loss,
            }
        ),
    )


def estimated_performance_result(rule: EstimatedPerformanceRule, history: History) -> RuleResult:
    """Whether the last windows are estimated to be predicted worse than the test promises."""
    windows = [
        window for window in history.own_windows() if window.losses.estimated_increase is not None
    ]
    if not windows:
        return _nothing_to_judge("estimated_performance", history, "estimated")
    judged = windows[-1]
    increase = judged.losses.estimated_increase or 0.0
    failing = _failing(
        windows, lambda window: (window.losses.estimated_increase or 0) >= rule.loss_increase
    )
    verdict = f"exceeds the limit of {rule.loss_increase:+.4f}" if failing else "is fine"
    return RuleResult(
        rule="estimated_performance",
        fires=len(failing) >= rule.windows,
        sentence=(
            f"Window {judged.window}, estimated without labels, {verdict}: {judged.losses.name} "
            f"{judged.losses.estimated_loss:.4f}, {increase:+.4f} against what its test promises."
        )
        + _row_text(len(failing), rule.windows),
        window=judged.window,
        episode=failing,
        evidence=_known(
            {
                "estimated_loss": judged.losses.estimated_loss,
                "estimated_increase": increase,
                "estimated_increase_limit": rule.loss_increase,
            }
        ),
    )


def drift_result(rule: DriftRule, history: History) -> RuleResult:
    """Whether the drift alarm has rung in the last windows."""
    windows = [window for window in history.own_windows() if window.drift_alarm is not None]
    if not windows:
        return _nothing_to_judge("drift", history, "judged for drift")
    failing = _failing(windows, lambda window: window.drift_alarm is True)
    judged = windows[-1].window
    rang = "rang" if failing else "was silent"
    return RuleResult(
        rule="drift",
        fires=len(failing) >= rule.windows,
        sentence=f"The drift alarm of window {judged} {rang}."
        + _row_text(len(failing), rule.windows),
        window=judged,
        episode=failing,
        evidence={"drift_alarms_in_a_row": len(failing)},
    )


def change_point_result(history: History) -> RuleResult:
    """Whether a detector has found a change in the champion's errors."""
    windows = [window for window in history.own_windows() if window.change_point is not None]
    if not windows:
        return _nothing_to_judge("change_point", history, "searched for a change")
    failing = _failing(windows, lambda window: window.change_point is True)
    judged = windows[-1].window
    since = f"since window {failing[0]}" if failing else "not"
    return RuleResult(
        rule="change_point",
        fires=bool(failing),
        sentence=(
            f"The errors of version {history.champion_version} have {since} changed, as far as "
            f"window {judged} shows."
        ),
        window=judged,
        episode=failing,
    )


def _failing(
    windows: Sequence[WindowSignals], fails: Callable[[WindowSignals], bool]
) -> tuple[str, ...]:
    """The failing windows in a row up to the last one, oldest first."""
    row = [window.window for window in takewhile(fails, reversed(windows))]
    return tuple(reversed(row))


def _row_text(failing: int, needed: int) -> str:
    if 0 < failing < needed:
        return f" It is failing window {failing} in a row; the rule waits for {needed}."
    return f" It is failing window {failing} in a row." if failing > 1 else ""


def _fault(window: WindowSignals, rule: PerformanceRule) -> str:
    """What makes a window fail, empty where it is fine or has too few outcomes to be judged."""
    increase, over_baseline = window.losses.loss_increase, window.losses.loss_over_baseline
    # Where nothing was lost no training could better it.
    is_no_better = over_baseline is not None and over_baseline >= 0 and window.losses.loss != 0
    if rule.worse_than_baseline and is_no_better:
        return f"is predicted no better than by the {window.losses.baseline_name}"
    if increase is not None and increase >= rule.loss_increase:
        return f"exceeds the limit of {rule.loss_increase:+.4f}"
    return ""


def _performance_sentence(window: WindowSignals, fault: str) -> str:
    losses = window.losses
    if losses.loss is None:
        return f"Window {window.window} has too few outcomes to be judged."
    figures = [f"{losses.name} {losses.loss:.4f}"]
    if losses.loss_increase is not None:
        figures.append(f"{losses.loss_increase:+.4f} against what its test promises")
    if losses.baseline_loss is not None:
        figures.append(f"{losses.baseline_loss:.4f} by the {losses.baseline_name}")
    return f"Window {window.window} {fault or 'is fine'}: {', '.join(figures)}."


def _nothing_to_judge(rule: str, history: History, missing: str) -> RuleResult:
    sentence = f"No window that version {history.champion_version} served is {missing} yet."
    return RuleResult(rule=rule, fires=False, sentence=sentence)


def _known(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figure for name, figure in figures.items() if figure is not None}
