"""From the performance of a window to alarms."""

from collections.abc import Iterator

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import ChangeDetectionSpec, LevelsSpec, PerformanceSpec

PERFORMANCE_CHECKS = (
    "log_loss_increase",
    "better_than_base_rate",
    "calibration_error",
    "change_point",
    "outcomes_missing",
)


def performance_alarms(performance: WindowPerformance, spec: PerformanceSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `PERFORMANCE_CHECKS`; a provisional window never fails."""
    return (
        *_quality_alarms(performance, spec),
        _change_alarm(performance, spec.change_detection),
        _labels_alarm(performance, spec.outcomes_missing),
    )


def _quality_alarms(performance: WindowPerformance, spec: PerformanceSpec) -> Iterator[Alarm]:
    """Alarms of what takes labels of both classes."""
    losses = performance.losses
    log_loss = f"log loss is {losses.loss or 0:.4f}, against"
    promised = f"{losses.promised_loss or 0:.4f} that the champion's test promises"
    base_rate = f"{losses.baseline_loss or 0:.4f} by always predicting the base rate"
    severity = spec.better_than_base_rate
    no_better = LevelsSpec() if severity == "off" else LevelsSpec.model_validate({severity: 0.0})
    error = performance.calibration_error
    figures = (
        (losses.loss_increase, spec.log_loss_increase, f"{log_loss} {promised}"),
        (losses.loss_over_baseline, no_better, f"{log_loss} {base_rate}"),
        (error, spec.calibration_error, f"scores are {error or 0:.4f} from what happened"),
    )
    for check, (value, levels, finding) in zip(PERFORMANCE_CHECKS, figures, strict=False):
        if performance.mature and losses.loss is not None and value is not None:
            yield judged(check, value, levels, finding)
        else:
            yield _unjudged(check, value, levels, performance)


def _unjudged(
    check: str, value: float | None, levels: LevelsSpec, performance: WindowPerformance
) -> Alarm:
    if not performance.mature:
        return alarm(check, value, levels, _provisional(performance), conclusive=False)
    if performance.labelled and not performance.metrics:
        return alarm(
            check, value, levels, "not judged: all outcomes are of one class", conclusive=False
        )
    reason = f"cannot be judged: {performance.labelled} of {performance.rows} rows have a label"
    # Silence would look like health: the labels never came, or a figure is no number.
    blind = performance.rows > 0 and levels != LevelsSpec()
    return alarm(check, value, levels, reason, failed="warn" if blind else None, conclusive=blind)


def _change_alarm(performance: WindowPerformance, spec: ChangeDetectionSpec) -> Alarm:
    check, off, change = PERFORMANCE_CHECKS[3], LevelsSpec(), performance.change
    if not performance.mature:
        return alarm(check, None, off, _provisional(performance), conclusive=False)
    if performance.change_point is None:
        return alarm(check, None, off, "not judged: no detector runs", conclusive=False)
    if change is None:
        return alarm(check, None, off, "no change of the errors")
    reason = f"errors have changed since {change.since}, {change.detector} found on {change.found}"
    failed = None if spec.severity == "off" else spec.severity
    return alarm(check, None, off, reason, failed=failed)


def _labels_alarm(performance: WindowPerformance, levels: LevelsSpec) -> Alarm:
    check, missing = PERFORMANCE_CHECKS[4], performance.outcomes_missing
    if not performance.mature:
        return alarm(check, missing, levels, _provisional(performance), conclusive=False)
    if missing is None:
        unknown = "not judged: no outcome of another window is known"
        return alarm(check, None, levels, unknown, conclusive=False)
    finding = f"{100 * performance.share_settled:.0f} % of outcomes are known"
    usual = f"{100 * (missing + performance.share_settled):.0f} % by the delays of other windows"
    return judged(check, missing, levels, f"{finding}, against {usual}")


def _provisional(performance: WindowPerformance) -> str:
    return f"provisional: {100 * performance.share_settled:.0f} % of outcomes are known"
