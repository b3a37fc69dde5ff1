"""Who is told what, and not more often than the cooldown allows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from mlops_platform.monitoring.alerting.incident import Incident, Notice, Purpose
from mlops_platform.spec import AlertingSpec, AlertSeverity

Undelivered = Mapping[str, Sequence[tuple[Incident, Notice]]]


def notice_due(
    incident: Incident, same_fault: Sequence[Incident], spec: AlertingSpec, now: datetime
) -> Notice | None:
    """What is to be told of an incident now, if anything.

    Two notices that a fault is there at the same severity are a cooldown apart, however often it
    comes and goes. Its end is told to those who were told that it is there.

    Args:
        same_fault: every incident of the same fault, this one included.
    """
    last = incident.notices[-1] if incident.notices else None
    if incident.is_settled:
        return None
    if not incident.is_open:
        return _notice(incident, "resolved", _told_channels(incident), now)
    if incident.is_quiet(now, spec.acknowledged_hours):
        return None
    if _in_cooldown(incident.severity, same_fault, spec, now):
        return None
    channels = tuple(
        channel.name for channel in spec.channels if incident.severity in channel.severities
    )
    return _notice(incident, _purpose(incident, last), channels, now)


def undelivered(incidents: Mapping[str, Incident], channels: Collection[str]) -> Undelivered:
    """What each channel has not taken yet, pages first: the latest of an incident alone."""
    waiting: dict[str, list[tuple[Incident, Notice]]] = {}
    for incident in incidents.values():
        latest: dict[str, Notice] = {}
        for notice in incident.notices:
            latest |= dict.fromkeys(notice.channels, notice)
        for channel, notice in latest.items():
            if channel in channels and (notice.number, channel) not in incident.delivered:
                waiting.setdefault(channel, []).append((incident, notice))
    for notices in waiting.values():
        notices.sort(key=lambda pair: pair[1].severity)
    return waiting


def _in_cooldown(
    severity: AlertSeverity, same_fault: Sequence[Incident], spec: AlertingSpec, now: datetime
) -> bool:
    cooldown = timedelta(hours=spec.cooldown.hours(severity))
    return any(
        now < notice.at + cooldown
        for incident in same_fault
        for notice in incident.notices
        if notice.severity == severity and notice.purpose != "resolved"
    )


def _purpose(incident: Incident, last: Notice | None) -> Purpose:
    if last is None:
        return "opened"
    if last.purpose == "resolved":
        return "reopened"
    return "escalated" if (last.severity, incident.severity) == ("ticket", "page") else "reminder"


def _told_channels(incident: Incident) -> tuple[str, ...]:
    """Channels that were told that it is there, since they were last told that it is not."""
    channels: dict[str, None] = {}
    for notice in incident.notices:
        channels = {} if notice.purpose == "resolved" else channels | dict.fromkeys(notice.channels)
    return tuple(channels)


def _notice(
    incident: Incident, purpose: Purpose, channels: tuple[str, ...], now: datetime
) -> Notice:
    return Notice(
        number=len(incident.notices) + 1,
        purpose=purpose,
        severity=incident.severity,
        channels=channels,
        at=now,
    )
