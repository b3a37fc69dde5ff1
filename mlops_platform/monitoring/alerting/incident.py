"""Incident: one fault of one model from its first alert to its end, folded from its events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import PlainSerializer

from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.records import IncidentEvent, NewIncidentEvent
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.record import Record
from mlops_platform.spec import AlertSeverity

Purpose = Literal["opened", "reopened", "escalated", "reminder", "resolved"]


class Notice(Record):
    """One thing that people are to be told; `channels` are those that were declared for it."""

    number: int
    purpose: Purpose
    severity: AlertSeverity
    channels: tuple[str, ...]
    at: datetime


class Acknowledgement(Record):
    """Somebody looks after an incident as severe as it was then."""

    actor: str
    reason: str
    severity: AlertSeverity
    at: datetime


# Sorted: sets are told in another order by every process.
Deliveries = Annotated[frozenset[tuple[int, str]], PlainSerializer(sorted, when_used="json")]


class Incident(Record):
    """The state of one incident.

    Args:
        severity: the worst since it was opened or reopened.
        opened_at: when it was first seen by the model's clock.
        since: the same of its present episode; it may have been resolved in between.
        seen: the failing look that was noted last.
        seen_at: of the latest look that changed anything, by the clock of the looking machine.
        occasions: the windows, or runs, in which it failed since then.
        delivered: numbers of notices with the channels that took them.
    """

    id: str
    severity: AlertSeverity
    opened_at: datetime
    since: datetime
    seen: Observation
    seen_at: datetime
    occasions: tuple[str, ...]
    resolved_at: datetime | None = None
    acknowledged: Acknowledgement | None = None
    notices: tuple[Notice, ...] = ()
    delivered: Deliveries = frozenset()

    @property
    def fingerprint(self) -> tuple[str, str]:
        """What is wrong: the check and the cause."""
        return self.seen.check, self.seen.cause or ""

    @property
    def is_open(self) -> bool:
        """Whether the fault persists."""
        return self.resolved_at is None

    @property
    def is_settled(self) -> bool:
        """Whether it is over and nobody who heard of it believes otherwise."""
        return not self.is_open and (not self.notices or self.notices[-1].purpose == "resolved")

    def is_quiet(self, now: datetime, hours: float) -> bool:
        """Whether somebody acknowledged it as it is now, at most so many hours ago."""
        known = self.acknowledged
        return (
            known is not None
            and known.severity == self.severity
            and now < known.at + timedelta(hours=hours)
        )

    @classmethod
    def begun(cls, event: NewIncidentEvent) -> Self:
        """The incident that an event of the kind `opened` begins."""
        seen = _seen(event)
        return cls(
            id=event.incident,
            severity=seen.severity or "ticket",
            opened_at=event.happened_at,
            since=event.happened_at,
            seen=seen,
            seen_at=seen.seen_at,
            occasions=(seen.occasion,),
        )

    def after(self, event: NewIncidentEvent) -> Self:
        """The incident once another event has happened."""
        return self.model_copy(update=_changes(self, event))


def incidents_of(events: Iterable[IncidentEvent]) -> dict[str, Incident]:
    """Every incident of a model by its id, in the order in which they were opened."""
    incidents: dict[str, Incident] = {}
    for event in events:
        known = incidents.get(event.incident)
        incidents[event.incident] = Incident.begun(event) if known is None else known.after(event)
    return incidents


def _changes(incident: Incident, event: NewIncidentEvent) -> dict[str, Any]:
    facts, stored_format = event.facts, _format_of(event)
    match event.kind:
        case "opened" | "reopened" | "persisted":
            return _looked(incident, event)
        case "escalated":
            return {"severity": facts["severity"]}
        case "noticed":
            notice = Notice.from_mapping(facts["notice"], stored_format)
            return {"notices": (*incident.notices, notice)}
        case "delivered":
            return {"delivered": incident.delivered | {(facts["notice"], facts["channel"])}}
        case "acknowledged":
            known = Acknowledgement.from_mapping(facts["acknowledgement"], stored_format)
            return {"acknowledged": known}
        case "resolved":
            return {
                "resolved_at": event.happened_at,
                "seen_at": datetime.fromisoformat(facts["seen_at"]),
            }


def _looked(incident: Incident, event: NewIncidentEvent) -> dict[str, Any]:
    seen = _seen(event)
    changes: dict[str, Any] = {"seen": seen, "seen_at": seen.seen_at}
    if event.kind == "persisted":
        return {**changes, "occasions": tuple(dict.fromkeys((*incident.occasions, seen.occasion)))}
    return {
        **changes,
        "severity": seen.severity,
        "since": event.happened_at,
        "occasions": (seen.occasion,),
        "resolved_at": None,
        "acknowledged": None,
    }


def _seen(event: NewIncidentEvent) -> Observation:
    return Observation.from_mapping(event.facts["observation"], _format_of(event))


def _format_of(event: NewIncidentEvent) -> int:
    """What is not written yet is of today's format."""
    return event.row_format if isinstance(event, IncidentEvent) else FORMAT
