"""Alarms as asset checks."""

from collections.abc import Mapping, Sequence

import dagster as dg

from mlops_platform.components.model_lifecycle.presentation import browsable
from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.spec import ModelSpec


def check_specs(
    spec: ModelSpec, name: str, descriptions: Mapping[str, str]
) -> list[dg.AssetCheckSpec]:
    """Declare one check per description of an asset."""
    return [
        dg.AssetCheckSpec(check, asset=[spec.name, name], description=description)
        for check, description in descriptions.items()
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


def check_evaluations(
    asset: dg.AssetKey, window: str, alarms: Sequence[Alarm]
) -> list[dg.AssetCheckEvaluation]:
    """Alarms of another window than that of a step, which name it themselves."""
    return [
        dg.AssetCheckEvaluation(
            asset_key=asset,
            check_name=str(result.check_name),
            passed=result.passed,
            severity=result.severity,
            metadata=browsable({**(result.metadata or {}), WINDOW: window}),
        )
        for result in check_results(alarms)
    ]
