"""Alarms as asset checks."""

from collections.abc import Sequence

import dagster as dg

from mlops_platform.components.model_lifecycle.presentation import browsable
from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.spec import ModelSpec


def check_specs(spec: ModelSpec, name: str, checks: Sequence[str]) -> list[dg.AssetCheckSpec]:
    """Declare one check per name of an asset."""
    return [
        dg.AssetCheckSpec(
            check,
            asset=[spec.name, name],
            description=f"{check.replace('_', ' ').capitalize()}, judged as the YAML declares.",
        )
        for check in checks
    ]


CONCLUSIVE = "conclusive"
"""Metadata of a check: False where there was nothing to judge yet, and so no reason to fail."""
WINDOW = "window"


def check_results(alarms: Sequence[Alarm]) -> list[dg.AssetCheckResult]:
    """Report alarms; their severity matters where they did not pass."""
    severities = {"warn": dg.AssetCheckSeverity.WARN, "error": dg.AssetCheckSeverity.ERROR}
    return [
        dg.AssetCheckResult(
            check_name=alarm.check,
            passed=alarm.passed,
            severity=severities[alarm.severity],
            metadata=browsable(
                {
                    "reason": alarm.reason,
                    CONCLUSIVE: alarm.conclusive,
                    **{
                        name: number
                        for name in ("value", "warn", "error")
                        if (number := getattr(alarm, name)) is not None
                    },
                }
            ),
        )
        for alarm in alarms
    ]
