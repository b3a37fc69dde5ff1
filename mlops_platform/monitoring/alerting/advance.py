"""The one rule from what was seen to what happened: events of incidents, and what to tell whom."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from mlops_platform.ledger.records import IncidentEventKind, NewIncidentEvent
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.monitoring.alerting.notices import notice_due
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import AlertingSpec

ACTOR: Final = "alerting"


def advance(
    model: str,
    incidents: Mapping[str, Incident],
    observations: Iterable[Observation],
    spec: AlertingSpec,
    now: datetime,
) -> list[NewIncidentEvent]:
    """Everything that follows from new observations and from the time that has passed.

    Applied twice to the same observations it finds nothing the second time, so that whoever dies
    before the end of a tick may simply look again.

    Args:
        incidents: every incident that the model ever had, in the order of their opening.
        now: by the clock of the model.
    """
    book = _Book(model, incidents, spec, now)
    for observation in sorted(observations, key=lambda seen: seen.seen_at):
        book.note(
            _passed(book, observation)
            if observation.severity is None
            else _failed(book, observation)
        )
    for incident in book.incidents:
        book.note(_persists(book, incident))
    for incident in book.incidents:
        book.note(_told(book, incident))
    return book.written


class _Book:
    """The incidents as they are after the events that were written so far."""

    def __init__(
        self, model: str, incidents: Mapping[str, Incident], spec: AlertingSpec, now: datetime
    ) -> None:
        self.model, self.spec, self.now = model, spec, now
        self.written: list[NewIncidentEvent] = []
        self._by_id = dict(incidents)

    @property
    def incidents(self) -> Sequence[Incident]:
        return tuple(self._by_id.values())

    def next_id(self) -> str:
        return f"{self.model}-{len(self._by_id) + 1}"

    def of(self, fingerprint: tuple[str, str]) -> list[Incident]:
        """Incidents of one fault, oldest first."""
        return [
            incident for incident in self._by_id.values() if incident.fingerprint == fingerprint
        ]

    def note(self, events: Iterator[NewIncidentEvent]) -> None:
        for event in events:
            self.written.append(event)
            known = self._by_id.get(event.incident)
            after = Incident.begun(event) if known is None else known.after(event)
            self._by_id[event.incident] = after

    def event(
        self, incident: str, kind: IncidentEventKind, told: str, **facts: object
    ) -> NewIncidentEvent:
        return NewIncidentEvent(
            incident=incident,
            kind=kind,
            told=told,
            actor=ACTOR,
            facts=facts,
            happened_at=self.now,
        )

    def looked(self, incident: str, kind: IncidentEventKind, seen: Observation) -> NewIncidentEvent:
        return self.event(incident, kind, seen.summary, observation=seen.model_dump(mode="json"))


def _passed(book: _Book, seen: Observation) -> Iterator[NewIncidentEvent]:
    for incident in book.incidents:
        check, cause = incident.fingerprint
        same = check == seen.check and seen.cause in (None, cause)
        if same and incident.is_open and _is_news(incident, seen):
            yield book.event(
                incident.id, "resolved", seen.summary, seen_at=seen.seen_at.isoformat()
            )


def _failed(book: _Book, seen: Observation) -> Iterator[NewIncidentEvent]:
    earlier = book.of((seen.check, seen.cause or ""))
    last = earlier[-1] if earlier else None
    if last is not None and not _is_news(last, seen):
        return
    if last is None or _is_over(book, last):
        yield book.looked(book.next_id(), "opened", seen)
    elif not last.is_open:
        yield book.looked(last.id, "reopened", seen)
    else:
        yield from _failed_again(book, last, seen)


def _failed_again(book: _Book, incident: Incident, seen: Observation) -> Iterator[NewIncidentEvent]:
    worse = seen.severity == "page" and incident.severity == "ticket"
    if worse or seen.occasion not in incident.occasions:
        yield book.looked(incident.id, "persisted", seen)
    if worse:
        why = f"it is more severe now: {seen.summary}"
        yield book.event(incident.id, "escalated", why, severity="page")


def _is_news(incident: Incident, seen: Observation) -> bool:
    """Whether a look tells of the present: it is no repetition, and of no earlier window."""
    latest = incident.seen.window
    outdated = seen.window is not None and latest is not None and seen.window < latest
    return seen.seen_at > incident.seen_at and not outdated


def _is_over(book: _Book, incident: Incident) -> bool:
    """Whether it was resolved so long ago that the same fault is another incident."""
    cooldown = timedelta(hours=book.spec.cooldown.hours(incident.severity))
    return incident.resolved_at is not None and book.now >= incident.resolved_at + cooldown


def _persists(book: _Book, incident: Incident) -> Iterator[NewIncidentEvent]:
    quiet = incident.is_quiet(book.now, book.spec.acknowledged_hours)
    if not incident.is_open or incident.severity == "page" or quiet:
        return
    limits, lasted = book.spec.escalation, book.now - incident.since
    times = len(incident.occasions)
    if limits.after_windows is not None and times >= limits.after_windows:
        yield book.event(
            incident.id, "escalated", f"it has failed {times} times in a row", severity="page"
        )
    elif limits.after_hours is not None and lasted >= timedelta(hours=limits.after_hours):
        hours = f"it has lasted {limits.after_hours:g} hours or more"
        yield book.event(incident.id, "escalated", hours, severity="page")


def _told(book: _Book, incident: Incident) -> Iterator[NewIncidentEvent]:
    if incident.is_settled:
        return
    notice = notice_due(incident, book.of(incident.fingerprint), book.spec, book.now)
    if notice is not None:
        reached = " and ".join(notice.channels) or "nobody: no channel takes it"
        sentence = f"notice {notice.number} ({notice.purpose}, {notice.severity}) to {reached}"
        yield book.event(incident.id, "noticed", sentence, notice=notice.model_dump(mode="json"))
