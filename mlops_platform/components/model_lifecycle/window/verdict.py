"""What the alarms of a window say together, for the top of a page."""

from collections.abc import Sequence

from mlops_platform.monitoring.alarms.alarm import Alarm


def verdict_of(alarms: Sequence[Alarm]) -> dict[str, str]:
    """Verdict and reason: what failed, else how many checks could be judged."""
    failed = [alarm for alarm in alarms if not alarm.passed]
    judged = [alarm for alarm in alarms if alarm.conclusive]
    if failed:
        worst = "error" if any(alarm.severity == "error" for alarm in failed) else "warn"
        reasons = "; ".join(f"{alarm.check}: {alarm.reason}" for alarm in failed)
        return {"verdict": worst, "reason": reasons}
    if not judged:
        return {"verdict": "not judged yet", "reason": alarms[0].reason if alarms else "no check"}
    unjudged = ", ".join(alarm.check for alarm in alarms if not alarm.conclusive)
    rest = f"; not judged: {unjudged}" if unjudged else ""
    return {"verdict": "passed", "reason": f"{len(judged)} of {len(alarms)} checks pass{rest}"}
