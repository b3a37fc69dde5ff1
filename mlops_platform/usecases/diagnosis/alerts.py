"""What a diagnosis says of incidents, and of alerting itself: who watches must be watched."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mlops_platform.clock import moment_text
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.usecases.diagnosis.fault import Fault

MOST_SILENT: Final = timedelta(minutes=10)
"""Alerting ticks once a minute."""


@dataclass(frozen=True)
class AlertsFacts:
    """What was found of the alerting of one model.

    Args:
        machine_now: by the clock of the machine, on which the sensor ticks.
        expected: the YAML switches the sensor on.
        ticked_at: its last tick, None where it never ticked.
        open: incidents that are open.
        waiting: number of notices that a channel has not taken yet.
        tickets: folder of the tickets.
    """

    machine_now: datetime
    tickets: Path
    expected: bool = False
    ticked_at: datetime | None = None
    open: tuple[Incident, ...] = ()
    waiting: Mapping[str, int] = field(default_factory=dict)


def alerts_faults(model: str, facts: AlertsFacts) -> Iterator[Fault]:
    """Faults of the alerting of one model."""
    yield from _of_heartbeat(model, facts)
    for channel, number in facts.waiting.items():
        yield Fault(
            severity="error",
            what=f"{number} incidents were not told there: it does not take messages",
            where=f"{model}, channel {channel}",
            cure=f"mlops incidents test {model}",
        )
    for incident in facts.open:
        yield Fault(
            severity="error" if incident.severity == "page" else "warning",
            what=f"{incident.fingerprint[0]}: {incident.seen.summary}",
            where=f"{incident.id}, {incident.severity} since {moment_text(incident.since)}",
            cure=f"cat {shlex.quote(str(facts.tickets / incident.id))}.md",
        )


def _of_heartbeat(model: str, facts: AlertsFacts) -> Iterator[Fault]:
    silent = facts.ticked_at is None or facts.machine_now - facts.ticked_at > MOST_SILENT
    if not facts.expected or not silent:
        return
    since = f"since {moment_text(facts.ticked_at)}" if facts.ticked_at else "ever"
    yield Fault(
        severity="error",
        what=f"alerting has not ticked {since}, so that nobody is told of anything",
        where=f"{model}, sensor alerts",
        cure="mlops up   # and look at the ticks of the sensor in the Dagster UI",
    )
