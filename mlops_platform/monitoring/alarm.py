"""The one rule from statistics to alarms."""

from typing import Literal

from mlops_platform.monitoring.drift.window_drift import WindowDrift
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.record import Record
from mlops_platform.spec import DriftSpec, LevelsSpec, PerformanceSpec

Severity = Literal["warn", "error"]

DRIFT_CHECKS = ("drift_share_of_columns", "prediction_drift")
PERFORMANCE_CHECKS = ("log_loss_increase", "better_than_base_rate")


class Alarm(Record):
    """Outcome of one check of one window; `severity` matters where it did not pass.

    Args:
        value: the figure judged, None where there is none.
        warn, error: levels from which the check fails, None where switched off.
    """

    check: str
    passed: bool
    severity: Severity
    value: float | None
    warn: float | None
    error: float | None
    reason: str


def drift_alarms(drift: WindowDrift, spec: DriftSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `DRIFT_CHECKS`."""
    drifted = [one.column for one in drift.most_drifted if one.drifted]
    most = f", most of all {', '.join(drifted[:3])}" if drifted else ""
    share = (
        f"{len(drifted)} of {len(drift.columns)} columns are {spec.column_threshold:g} or more "
        f"from the reference{most}"
    )
    prediction = f"the scores are {drift.prediction:.3f} from those of the held-out rows"
    return (
        _judge(DRIFT_CHECKS[0], drift.share_of_columns, spec.share_of_columns, share),
        _judge(DRIFT_CHECKS[1], drift.prediction, spec.prediction, prediction),
    )


def performance_alarms(performance: WindowPerformance, spec: PerformanceSpec) -> tuple[Alarm, ...]:
    """One alarm per name of `PERFORMANCE_CHECKS`; a provisional window never fails."""
    reference = f"{performance.expected_log_loss or 0:.4f} that the champion's test promises"
    base_rate = f"{performance.base_rate_log_loss or 0:.4f} by always predicting the base rate"
    severity = spec.better_than_base_rate
    no_better = LevelsSpec() if severity == "off" else LevelsSpec.model_validate({severity: 0.0})
    judged = (
        (performance.log_loss_increase, spec.log_loss_increase, reference),
        (performance.loss_over_base_rate, no_better, base_rate),
    )
    return tuple(
        _judge(check, value, levels, f"log loss is {performance.log_loss:.4f}, against {other}")
        if performance.mature and performance.log_loss is not None and value is not None
        else _unjudged(check, value, levels, performance)
        for check, (value, levels, other) in zip(PERFORMANCE_CHECKS, judged, strict=True)
    )


def _judge(check: str, value: float, levels: LevelsSpec, finding: str) -> Alarm:
    reached: tuple[tuple[Severity, float | None], ...] = (
        ("error", levels.error),
        ("warn", levels.warn),
    )
    for severity, level in reached:
        if level is not None and value >= level:
            reason = f"{finding}: {value:.4f} reaches the {severity} level of {level:g}"
            return _alarm(check, value, levels, reason, failed=severity)
    switched = " (switched off)" if levels == LevelsSpec() else ""
    return _alarm(check, value, levels, finding + switched)


def _unjudged(
    check: str, value: float | None, levels: LevelsSpec, performance: WindowPerformance
) -> Alarm:
    if not performance.mature:
        known = f"{100 * performance.share_settled:.0f} % of outcomes are known"
        return _alarm(check, value, levels, f"provisional: {known}")
    if performance.labelled and not performance.metrics:
        return _alarm(check, value, levels, "not judged: all outcomes are of one class")
    reason = f"cannot be judged: {performance.labelled} of {performance.rows} rows have a label"
    # Silence would look like health: the labels never came, or a figure is no number.
    blind = performance.rows > 0 and levels != LevelsSpec()
    return _alarm(check, value, levels, reason, failed="warn" if blind else None)


def _alarm(
    check: str,
    value: float | None,
    levels: LevelsSpec,
    reason: str,
    failed: Severity | None = None,
) -> Alarm:
    return Alarm(
        check=check,
        passed=failed is None,
        severity=failed or "warn",
        value=value,
        warn=levels.warn,
        error=levels.error,
        reason=reason,
    )
