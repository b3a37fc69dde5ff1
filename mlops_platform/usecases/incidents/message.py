"""What one channel is told at one tick, in words and for programs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from mlops_platform.monitoring.alerting.incident import Incident, Notice
from mlops_platform.notifying.message import Message, MessageIncident
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reporting.phrases import moment_text

MOST_AT_ONCE: Final = 20
"""Incidents in one message; the others follow at the next tick."""
_PURPOSES: Final = {
    "opened": "NEW",
    "reopened": "BACK AGAIN",
    "escalated": "MORE URGENT",
    "reminder": "STILL THERE",
    "resolved": "RESOLVED",
}

Pending = Sequence[tuple[Incident, Notice]]


def message_of(spec: ModelSpec, pending: Pending, tickets: Path) -> Message:
    """One message about what a channel has not heard of yet.

    Args:
        pending: incidents with the notice of each, one or more, the worst first.
        tickets: folder of the tickets.
    """
    told = tuple(_told(incident, notice, tickets) for incident, notice in pending)
    zone, first = ZoneInfo(spec.window.timezone), told[0]
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    runbook = [f"Runbook: {spec.alerting.runbook}"] if spec.alerting.runbook else []
    return Message(
        id=_id_of(pending),
        model=spec.name,
        severity=first.severity,
        subject=f"{_PURPOSES[first.purpose]} {spec.name}: {first.check}{more}",
        text="\n\n".join([*(_in_words(one, zone) for one in told), *runbook]),
        incidents=told,
        runbook=spec.alerting.runbook,
    )


def _told(incident: Incident, notice: Notice, tickets: Path) -> MessageIncident:
    check, cause = incident.fingerprint
    return MessageIncident(
        id=incident.id,
        status="open" if incident.is_open else "resolved",
        purpose=notice.purpose,
        severity=notice.severity,
        check=check,
        cause=cause,
        summary=incident.seen.summary,
        since=incident.since,
        window=incident.seen.window,
        ticket=str(tickets / f"{incident.id}.md"),
    )


def _in_words(told: MessageIncident, zone: ZoneInfo) -> str:
    cause = f" ({told.cause})" if told.cause else ""
    lines = [
        f"{_PURPOSES[told.purpose]} [{told.severity}] {told.id}: {told.check}{cause}",
        told.summary,
        f"since {moment_text(told.since, zone)}"
        + (f", window {told.window}" if told.window else ""),
        f"evidence: {told.ticket}",
    ]
    if told.status == "open":
        lines.append(f'quiet it: mlops incidents ack {told.id} --reason "..."')
    return "\n".join(lines)


def _id_of(pending: Pending) -> str:
    names = sorted(f"{incident.id}/{notice.number}" for incident, notice in pending)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
