"""From the performance of a window to alarms."""

from mlops_platform.monitoring.alarms.alarm import Alarm, alarm, judged
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.spec import LevelsSpec, PerformanceSpec

PERFORMANCE_CHECKS = ("log_loss_increase", "better_than_base_rate")


def performance_alarms(performance: WindowPerformance, spec: PerformanceSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `PERFORMANCE_CHECKS`; a provisional window never fails."""
    reference = f"{performance.expected_log_loss or 0:.4f} that the champion's test promises"
    base_rate = f"{performance.base_rate_log_loss or 0:.4f} by always predicting the base rate"
    severity = spec.better_than_base_rate
    no_better = LevelsSpec() if severity == "off" else LevelsSpec.model_validate({severity: 0.0})
    figures = (
        (performance.log_loss_increase, spec.log_loss_increase, reference),
        (performance.loss_over_base_rate, no_better, base_rate),
    )
    return tuple(
        judged(check, value, levels, f"log loss is {performance.log_loss:.4f}, against {other}")
        if performance.mature and performance.log_loss is not None and value is not None
        else _unjudged(check, value, levels, performance)
        for check, (value, levels, other) in zip(PERFORMANCE_CHECKS, figures, strict=True)
    )


def _unjudged(
    check: str, value: float | None, levels: LevelsSpec, performance: WindowPerformance
) -> Alarm:
    if not performance.mature:
        known = f"{100 * performance.share_settled:.0f} % of outcomes are known"
        return alarm(check, value, levels, f"provisional: {known}")
    if performance.labelled and not performance.metrics:
        return alarm(check, value, levels, "not judged: all outcomes are of one class")
    reason = f"cannot be judged: {performance.labelled} of {performance.rows} rows have a label"
    # Silence would look like health: the labels never came, or a figure is no number.
    blind = performance.rows > 0 and levels != LevelsSpec()
    return alarm(check, value, levels, reason, failed="warn" if blind else None)
