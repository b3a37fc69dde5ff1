"""How urgent a fault is, by what the YAML says of its kind."""

from typing import Literal

from mlops_platform.spec import AlertSeverity
from mlops_platform.spec.alerting.alerting import SeveritiesSpec

FaultKind = Literal["warn", "error", "gate_criteria", "failed_runs", "heartbeats"]


def urgency(spec: SeveritiesSpec, kind: FaultKind, check: str) -> AlertSeverity | None:
    """Severity of a fault, None where it is none.

    Args:
        check: name of the check, by which the YAML may single it out.
    """
    declared = spec.checks.get(check, getattr(spec, kind))
    return None if declared == "off" else declared
