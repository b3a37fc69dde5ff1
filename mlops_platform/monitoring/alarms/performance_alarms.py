"""From the performance of a window to alarms."""

from collections.abc import Iterator

from mlops_platform.fairness.limits import gaps_text, judge_gaps
from mlops_platform.monitoring.alarms.alarm import Alarm, AlarmSeverity, alarm, judged
from mlops_platform.monitoring.alarms.empty_window import unjudged
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import (
    ChangeDetectionSpec,
    LevelsSpec,
    Limit,
    MetricLevelsSpec,
    ModelSpec,
    PerformanceSpec,
    bounds_of,
)
from mlops_platform.tasks import Metric

LOSS_INCREASE, BETTER_THAN_BASELINE = "loss_increase", "better_than_baseline"
CHANGE_POINT, OUTCOMES_MISSING = "change_point", "outcomes_missing"
FAIRNESS = "fairness"
_DIFFERENCES = {LOSS_INCREASE: "loss_increase", BETTER_THAN_BASELINE: "loss_over_baseline"}
"""The figure that each check is about, which must surely be above zero."""
_BY_CHANCE = "its days differ so much that this may be chance"


def performance_checks(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the alarms of a window; a metric with levels is one of its own name."""
    return (
        *(LOSS_INCREASE, BETTER_THAN_BASELINE),
        *spec.metric_levels,
        *(CHANGE_POINT, OUTCOMES_MISSING),
        *((FAIRNESS,) if spec.gate.fairness else ()),
    )


def performance_alarms(performance: WindowPerformance, spec: ModelSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `performance_checks`; a provisional window never fails."""
    declared = spec.monitoring.performance
    if performance.is_empty:
        return tuple(unjudged(check) for check in performance_checks(spec))
    return (
        *_loss_alarms(performance, declared),
        *_metric_alarms(performance, spec),
        _change_alarm(performance, declared.change_detection),
        _labels_alarm(performance, declared.outcomes_missing),
        *([_fairness_alarm(performance, spec)] if spec.gate.fairness else []),
    )


def _loss_alarms(performance: WindowPerformance, spec: PerformanceSpec) -> Iterator[Alarm]:
    """Alarms of what takes outcomes that the task can use."""
    losses = performance.losses
    loss = f"{losses.name} is {losses.loss or 0:.4f}, against"
    promised = f"{losses.promised_loss or 0:.4f} that the champion's test promises"
    baseline = f"{losses.baseline_loss or 0:.4f} by always predicting the {losses.baseline_name}"
    severity = spec.better_than_baseline
    no_better = LevelsSpec() if severity == "off" else LevelsSpec.model_validate({severity: 0.0})
    figures = (
        (LOSS_INCREASE, losses.loss_increase, spec.loss_increase, f"{loss} {promised}"),
        (BETTER_THAN_BASELINE, losses.loss_over_baseline, no_better, f"{loss} {baseline}"),
    )
    for check, value, levels, finding in figures:
        if performance.mature and losses.loss is not None and value is not None:
            yield _judged_loss(performance, check, value, levels, finding)
        else:
            yield _unjudged(check, value, levels, performance)


def _judged_loss(
    performance: WindowPerformance, check: str, value: float, levels: LevelsSpec, finding: str
) -> Alarm:
    """Fails with the worst level that is reached, unless chance explains all of the difference.

    Where nothing was lost no baseline is as good as the model: there was nothing to be good at.
    """
    reached = judged(check, value, levels, finding)
    if not reached.passed and performance.losses.loss == 0:
        return alarm(check, value, levels, finding)
    if reached.passed or performance.is_surely_above(_DIFFERENCES[check], 0.0):
        return reached
    return alarm(check, value, levels, f"{finding}: {_BY_CHANCE}")


def _metric_alarms(performance: WindowPerformance, spec: ModelSpec) -> Iterator[Alarm]:
    metrics = spec.task.all_metrics
    for name, levels in spec.metric_levels.items():
        value = performance.metric(name)
        if performance.mature and performance.losses.loss is not None and value is not None:
            yield _judged_metric(performance, name, levels, metrics[name])
        else:
            yield _unjudged(name, value, levels, performance)


def _judged_metric(
    performance: WindowPerformance, name: str, levels: MetricLevelsSpec, metric: Metric
) -> Alarm:
    """Fails with the worst level that is reached in the direction of the metric, or left.

    A metric whose interval holds the level may have reached it by chance.
    """
    value = performance.metrics[name]
    finding = f"{name.replace('_', ' ')} is {value:.4f}"
    shown, by_chance = _shown(levels), False
    declared: tuple[tuple[AlarmSeverity, Limit | None], ...] = (
        ("error", levels.error),
        ("warn", levels.warn),
    )
    for severity, limit in declared:
        if limit is None or (bound := _reached(value, limit, metric)) is None:
            continue
        surely = performance.is_surely_below if value < bound else performance.is_surely_above
        if value == bound or surely(name, bound):
            reason = f"{finding}, which reaches the {severity} level of {bound:g}"
            return alarm(name, value, shown, reason, failed=severity)
        by_chance = True
    return alarm(name, value, shown, f"{finding}: {_BY_CHANCE}" if by_chance else finding)


def _shown(levels: LevelsSpec | MetricLevelsSpec) -> LevelsSpec:
    """Levels that are numbers."""
    return LevelsSpec(warn=_number(levels.warn), error=_number(levels.error))


def _number(limit: Limit | None) -> float | None:
    return limit if isinstance(limit, float) else None


def _reached(value: float, limit: Limit, metric: Metric) -> float | None:
    """The bound that a value reaches or, of a section, leaves; None where there is none."""
    bounds = bounds_of(limit, metric)
    reaches = isinstance(limit, float)
    for bound, below in ((bounds.min, True), (bounds.max, False)):
        if bound is None:
            continue
        if value == bound and reaches:
            return bound
        if (value < bound) if below else (value > bound):
            return bound
    return None


def _unjudged(
    check: str,
    value: float | None,
    levels: LevelsSpec | MetricLevelsSpec,
    performance: WindowPerformance,
) -> Alarm:
    shown = _shown(levels)
    if not performance.mature:
        return alarm(check, value, shown, _provisional(performance), conclusive=False)
    if performance.labelled and (not performance.metrics or check in performance.metrics):
        unusable = "not judged: its outcomes are of no use, such as those of one class"
        return alarm(check, value, shown, unusable, conclusive=False)
    reason = f"cannot be judged: {performance.labelled} of {performance.rows} rows have a label"
    if performance.labelled:
        reason += ", and none that it is a figure of"
    # Silence would look like health: the labels never came, or a figure is no number.
    blind = performance.rows > 0 and (levels.warn is not None or levels.error is not None)
    return alarm(check, value, shown, reason, failed="warn" if blind else None, conclusive=blind)


def _change_alarm(performance: WindowPerformance, spec: ChangeDetectionSpec) -> Alarm:
    check, off, change = CHANGE_POINT, LevelsSpec(), performance.change
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
    check, missing = OUTCOMES_MISSING, performance.outcomes_missing
    if not performance.mature:
        return alarm(check, missing, levels, _provisional(performance), conclusive=False)
    if missing is None:
        unknown = "not judged: no outcome of another window is known"
        return alarm(check, None, levels, unknown, conclusive=False)
    finding = f"{100 * performance.share_known:.0f} % of outcomes are known"
    usual = f"{100 * (missing + performance.share_known):.0f} % by the delays of other windows"
    return judged(check, missing, levels, f"{finding}, against {usual}")


def _fairness_alarm(performance: WindowPerformance, spec: ModelSpec) -> Alarm:
    """Warns where a gap surely is wider than the gate allows; small groups say nothing."""
    off, measured = LevelsSpec(), performance.fairness
    if not performance.mature:
        return alarm(FAIRNESS, None, off, _provisional(performance), conclusive=False)
    gaps = judge_gaps(measured, spec.gate.fairness) if measured else ()
    if not gaps:
        return alarm(FAIRNESS, None, off, "not judged: no group was measured", conclusive=False)
    broken = [gap for gap in gaps if gap.passed is False]
    known = [gap for gap in gaps if gap.passed is not None]
    reason = gaps_text(gaps)
    failed: AlarmSeverity | None = "warn" if broken else None
    return alarm(FAIRNESS, gaps[0].value, off, reason, failed=failed, conclusive=bool(known))


def _provisional(performance: WindowPerformance) -> str:
    return f"provisional: {100 * performance.share_known:.0f} % of outcomes are known"
