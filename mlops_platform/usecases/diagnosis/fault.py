"""Fault: what a diagnosis says of one thing that is wrong."""

from typing import Final, Literal

from mlops_platform.record import Record

Severity = Literal["error", "warning", "information"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "information")


class Fault(Record):
    """What is wrong, where, and the command that puts it right."""

    severity: Severity
    what: str
    where: str
    cure: str
