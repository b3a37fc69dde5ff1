"""One tick of alerting: what was seen becomes incidents, tickets and messages, in this order.

Whoever dies in between loses nothing: incidents are written before their tickets, tickets before
the messages that name them, and a message counts as sent once its channel has taken it. The worst
that can happen is that a message arrives twice, with the same id.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from mlops_platform.errors import IncidentConflict, MlopsError
from mlops_platform.ledger.records import IncidentEvent, NewIncidentEvent
from mlops_platform.monitoring.alerting.advance import ACTOR, advance
from mlops_platform.monitoring.alerting.incident import Incident, Notice, incidents_of
from mlops_platform.monitoring.alerting.notices import Undelivered, undelivered
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.notifying.channels import notifier_of, secret
from mlops_platform.notifying.delivering import deliver
from mlops_platform.notifying.http_post import ping
from mlops_platform.spec import ChannelSpec, ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.incidents.message import MOST_AT_ONCE, message_of
from mlops_platform.usecases.incidents.ticket import TicketWriter
from mlops_platform.usecases.window.records import ModelWindows

logger = logging.getLogger("mlops_platform.alerts")

CONFLICTS = 5
"""Other writers that one tick puts up with: people who acknowledge."""
HEARTBEAT = "heartbeat url"


@dataclass(frozen=True)
class AlertDesk:
    """What the alerting of one model works with.

    Args:
        environment: holds the secrets of the channels.
        windows: reads what was recorded of the latest windows, where there is a ticket to write.
    """

    deployment: Deployment
    spec: ModelSpec
    environment: Mapping[str, str]
    windows: Callable[[], ModelWindows]

    @property
    def tickets(self) -> Path:
        """Folder of the tickets."""
        return self.deployment.settings.tickets(self.spec.name)


@dataclass(frozen=True)
class Alerted:
    """What one tick did, and how things are after it."""

    written: Sequence[NewIncidentEvent]
    incidents: Mapping[str, Incident]
    waiting: Mapping[str, int]

    @property
    def open(self) -> list[Incident]:
        """Incidents that are open."""
        return [incident for incident in self.incidents.values() if incident.is_open]

    @property
    def text(self) -> str:
        """One line."""
        kinds = [event.kind for event in self.written]
        done = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        waits = f"; {sum(self.waiting.values())} notices wait" if self.waiting else ""
        return f"{len(self.open)} open incidents; {done or 'nothing new'}{waits}"


def alert(desk: AlertDesk, observations: Iterable[Observation], now: datetime) -> Alerted:
    """Turn what was seen into incidents, write their tickets, and tell who is to be told.

    Args:
        now: by the clock of the model.

    Raises:
        LedgerError: the incidents cannot be read or written; nothing is told then.
    """
    written, events = _record(desk, tuple(observations), now)
    incidents = incidents_of(events)
    channels = [channel.name for channel in desk.spec.alerting.channels]
    pending = undelivered(incidents, channels)
    touched = {incident.id for waiting in pending.values() for incident, _ in waiting}
    _write_tickets(desk, incidents, events, touched | {event.incident for event in written})
    delivered = _deliver(desk, pending, now)
    if delivered:
        desk.deployment.incident_log.write(desk.spec.name, delivered)
        events = desk.deployment.incident_log.events(desk.spec.name)
        incidents = incidents_of(events)
        _write_tickets(desk, incidents, events, {event.incident for event in delivered})
    waiting = {name: len(left) for name, left in undelivered(incidents, channels).items()}
    return Alerted([*written, *delivered], incidents, waiting)


def _record(
    desk: AlertDesk, observations: Sequence[Observation], now: datetime
) -> tuple[list[NewIncidentEvent], list[IncidentEvent]]:
    """Write what follows from the observations, on what stands when it is written.

    Returns:
        What was written, and every event that there is now.
    """
    for _ in range(CONFLICTS):
        with suppress(IncidentConflict):
            return _record_once(desk, observations, now)
    return _record_once(desk, observations, now)


def _record_once(
    desk: AlertDesk, observations: Sequence[Observation], now: datetime
) -> tuple[list[NewIncidentEvent], list[IncidentEvent]]:
    model, log = desk.spec.name, desk.deployment.incident_log
    events = log.events(model)
    new_events = advance(model, incidents_of(events), observations, desk.spec.alerting, now)
    if not new_events:
        return [], events
    log.write(model, new_events, after=events[-1].id if events else 0)
    return new_events, log.events(model)


def _write_tickets(
    desk: AlertDesk,
    incidents: Mapping[str, Incident],
    events: Sequence[IncidentEvent],
    changed: set[str],
) -> None:
    """Those of what has changed, and of all that is open: decisions and windows come to it."""
    ids = [
        incident.id for incident in incidents.values() if incident.is_open or incident.id in changed
    ]
    if not ids:
        return
    writer = TicketWriter(desk.spec.name, desk.tickets, desk.deployment.ledger, _windows(desk))
    for name in ids:
        try:
            writer.write(incidents[name], [event for event in events if event.incident == name])
        except OSError as error:
            # A full disk is no reason to tell nobody.
            logger.error("the ticket of %s cannot be written: %s", name, error)


def _windows(desk: AlertDesk) -> ModelWindows | str:
    """What was recorded of the windows, or why it cannot be read: people are told all the same."""
    try:
        return desk.windows()
    except (MlopsError, ValueError, OSError) as error:
        return f"The records of the windows cannot be read: {error}"


def _deliver(desk: AlertDesk, pending: Undelivered, now: datetime) -> list[NewIncidentEvent]:
    """Send each channel one message; returns the events of what was taken."""
    portions = {name: waiting[:MOST_AT_ONCE] for name, waiting in pending.items()}
    specs = {channel.name: channel for channel in desk.spec.alerting.channels}
    sending = {
        name: partial(_send, desk, specs[name], portion) for name, portion in portions.items()
    }
    variable = desk.spec.alerting.heartbeat_url_variable
    beat = {} if variable is None else {HEARTBEAT: partial(_beat, desk, variable)}
    return [
        NewIncidentEvent(
            incident=incident.id,
            kind="delivered",
            told=f"notice {notice.number} was taken by {channel}",
            actor=ACTOR,
            facts={"notice": notice.number, "channel": channel},
            happened_at=now,
        )
        for channel in deliver({**sending, **beat})
        for incident, notice in portions.get(channel, ())
    ]


def _send(
    desk: AlertDesk, channel: ChannelSpec, portion: Sequence[tuple[Incident, Notice]]
) -> None:
    notifier = notifier_of(channel, desk.environment)
    notifier.send(message_of(desk.spec, portion, desk.tickets))


def _beat(desk: AlertDesk, variable: str) -> None:
    ping(secret(variable, desk.environment))
