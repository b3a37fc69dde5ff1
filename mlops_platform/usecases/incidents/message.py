"""What one channel is told at one tick, in words and for programs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.monitoring.alerting.incident import Incident, Notice
from mlops_platform.notifying.message import Message, MessageIncident
from mlops_platform.spec import ModelSpec
from mlops_platform.templates import Templates

MOST_AT_ONCE: Final = 20
"""Incidents in one message; the others follow at the next tick."""
_PURPOSES: Final = {
    "opened": "NEW",
    "reopened": "BACK AGAIN",
    "escalated": "MORE URGENT",
    "reminder": "STILL THERE",
    "resolved": "RESOLVED",
}
_TEMPLATES: Final = Templates("mlops_platform.usecases.incidents")

Pending = Sequence[tuple[Incident, Notice]]


def message_of(spec: ModelSpec, pending: Pending, tickets: Path) -> Message:
    """One message about what a channel has not heard of yet.

    Args:
        pending: incidents with the notice of each, one or more, the worst first.
        tickets: folder of the tickets.
    """
    incidents = tuple(_incident(incident, notice, tickets) for incident, notice in pending)
    first = incidents[0]
    more = f", and {len(incidents) - 1} more" if len(incidents) > 1 else ""
    text = _TEMPLATES.render(
        "message.txt.j2",
        incidents=incidents,
        purposes=_PURPOSES,
        at=moment_text,
        runbook=spec.alerting.runbook,
    )
    return Message(
        id=_id_of(pending),
        model=spec.name,
        severity=first.severity,
        subject=f"{_PURPOSES[first.purpose]} {spec.name}: {first.check}{more}",
        text=text.rstrip("\n"),
        incidents=incidents,
        runbook=spec.alerting.runbook,
    )


def _incident(incident: Incident, notice: Notice, tickets: Path) -> MessageIncident:
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


def _id_of(pending: Pending) -> str:
    names = sorted(f"{incident.id}/{notice.number}" for incident, notice in pending)
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
