"""The one rule from a figure and its levels to an alarm."""

from typing import Literal

from mlops_platform.record import Record
from mlops_platform.spec import LevelsSpec

AlarmSeverity = Literal["warn", "error"]


class Alarm(Record):
    """Outcome of one check of one window; `severity` matters where it did not pass.

    Args:
        value: the figure judged, None where there is none.
        warn, error: levels from which the check fails, None where switched off.
        conclusive: False where there was nothing to judge yet, so that passing means nothing.
    """

    check: str
    passed: bool
    severity: AlarmSeverity
    value: float | None
    warn: float | None
    error: float | None
    reason: str
    conclusive: bool = True


def judged(check: str, value: float, levels: LevelsSpec, finding: str) -> Alarm:
    """Fail with the worst level that a figure reaches.

    Args:
        finding: what was found, in words.
    """
    reached: tuple[tuple[AlarmSeverity, float | None], ...] = (
        ("error", levels.error),
        ("warn", levels.warn),
    )
    for severity, level in reached:
        if level is not None and value >= level:
            reason = f"{finding}: {value:.4f} reaches the {severity} level of {level:g}"
            return alarm(check, value, levels, reason, failed=severity)
    switched = " (switched off)" if levels == LevelsSpec() else ""
    return alarm(check, value, levels, finding + switched)


def alarm(
    check: str,
    value: float | None,
    levels: LevelsSpec,
    reason: str,
    failed: AlarmSeverity | None = None,
    *,
    conclusive: bool = True,
) -> Alarm:
    """An alarm with the levels of its check; `failed` is the level reached, None where none is."""
    return Alarm(
        check=check,
        passed=failed is None,
        severity=failed or "warn",
        value=value,
        warn=levels.warn,
        error=levels.error,
        reason=reason,
        conclusive=conclusive,
    )
