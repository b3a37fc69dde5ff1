"""Faults become incidents, and incidents become as few messages as they must."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.ledger.records import IncidentEvent, NewIncidentEvent
from mlops_platform.monitoring.alerting.advance import advance
from mlops_platform.monitoring.alerting.incident import Incident, Notice, incidents_of
from mlops_platform.monitoring.alerting.notices import undelivered
from mlops_platform.monitoring.alerting.observation import Observation
from mlops_platform.spec import AlertingSpec, AlertSeverity

START = datetime(2024, 1, 1, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
DRIFT = "drift_report/prediction_drift"
SPEC = AlertingSpec.model_validate(
    {
        "channels": [
            {"type": "log", "name": "on_call", "severities": ["page"]},
            {"type": "log", "name": "team"},
        ],
        "cooldown": {"page_hours": 1, "ticket_hours": 24},
        "escalation": {"after_windows": 3, "after_hours": 100},
        "acknowledged_hours": 48,
    }
)


@dataclass
class Model:
    """One model's alerts, at a moment of its choice."""

    spec: AlertingSpec = SPEC
    now: datetime = START
    events: list[IncidentEvent] = field(default_factory=list)

    def saw(self, *observations: Observation) -> list[NewIncidentEvent]:
        new = advance("churn", self.incidents, observations, self.spec, self.now)
        self.write(new)
        return new

    def write(self, new: Iterable[NewIncidentEvent]) -> None:
        for event in new:
            number = len(self.events) + 1
            self.events.append(
                IncidentEvent(
                    **event.model_dump(), id=number, model="churn", previous_hash="", hash=""
                )
            )

    def later(self, hours: float) -> "Model":
        self.now += hours * HOUR
        return self

    def failed(
        self, window: str | None = None, severity: AlertSeverity = "ticket", **changes: Any
    ) -> list[NewIncidentEvent]:
        return self.saw(look(self.now, severity, window=window, **changes))

    def passed(self, window: str | None = None, **changes: Any) -> list[NewIncidentEvent]:
        return self.saw(look(self.now, None, window=window, **changes))

    @property
    def incidents(self) -> dict[str, Incident]:
        return incidents_of(self.events)

    @property
    def only(self) -> Incident:
        (incident,) = self.incidents.values()
        return incident

    def acknowledge(self) -> None:
        known = {"actor": "alice", "reason": "on it", "severity": self.only.severity}
        facts = {"acknowledgement": {**known, "at": self.now.isoformat()}}
        self.write([event_of(self.only, "acknowledged", self.now, facts)])

    def deliver(self) -> list[tuple[str, str]]:
        """Everything that waits is taken; returns channels with what they were told."""
        names = [channel.name for channel in self.spec.channels]
        waiting = [
            (channel, *told)
            for channel, some in undelivered(self.incidents, names).items()
            for told in some
        ]
        for channel, incident, notice in waiting:
            facts = {"notice": notice.number, "channel": channel}
            self.write([event_of(incident, "delivered", self.now, facts)])
        return [(channel, notice.purpose) for channel, _, notice in waiting]


def event_of(incident: Incident, kind: Any, at: datetime, facts: dict) -> NewIncidentEvent:
    return NewIncidentEvent(
        incident=incident.id, kind=kind, told="t", actor="a", facts=facts, happened_at=at
    )


def look(at: datetime, severity: AlertSeverity | None, **changes: Any) -> Observation:
    fields = {"check": DRIFT, "summary": "it moved", "facts": {"value": 0.3}} | changes
    return Observation(severity=severity, seen_at=at, **fields)


def kinds(events: Sequence[NewIncidentEvent]) -> list[str]:
    return [event.kind for event in events]


def test_a_fault_opens_one_incident_however_often_it_is_seen() -> None:
    model = Model()
    assert kinds(model.failed("2024-01-01")) == ["opened", "noticed"]
    assert model.later(1).failed("2024-01-01") == []
    assert kinds(model.later(1).failed("2024-01-08")) == ["persisted"]
    assert model.only.occasions == ("2024-01-01", "2024-01-08")


def test_faults_of_other_causes_are_other_incidents_and_one_pass_ends_them_all() -> None:
    model = Model()
    for cause in ("fit: ValueError", "fit: MemoryError"):
        model.later(1).failed(check="run/train", cause=cause)
    assert len(model.incidents) == 2
    model.later(1).passed(check="run/train", cause=None)
    assert [one.is_open for one in model.incidents.values()] == [False, False]


def test_a_pass_resolves_and_says_so_to_those_who_were_told() -> None:
    model = Model()
    model.failed()
    assert model.deliver() == [("team", "opened")]
    assert kinds(model.later(30).passed()) == ["resolved", "noticed"]
    assert model.deliver() == [("team", "resolved")]
    assert model.later(1).passed() == []


def test_the_same_look_again_changes_nothing_after_a_restart() -> None:
    model = Model()
    seen = [look(START, "ticket", window="a"), look(START + HOUR, None, window="a")]
    model.saw(*seen)
    assert model.saw(*seen) == []
    assert not model.only.is_open


def test_a_fault_that_comes_and_goes_is_one_incident_and_no_flood() -> None:
    model = Model()
    for _ in range(10):
        model.later(0.5).failed()
        model.later(0.5).passed()
    assert [notice.purpose for notice in model.only.notices] == ["opened", "resolved"]


def test_a_fault_that_comes_back_after_the_cooldown_is_another_incident() -> None:
    model = Model()
    model.failed()
    model.later(1).passed()
    model.later(25).failed()
    assert list(model.incidents) == ["churn-1", "churn-2"]
    assert model.incidents["churn-2"].notices[0].purpose == "opened"


def test_what_persists_is_told_again_once_per_cooldown() -> None:
    model = Model()
    model.failed(severity="page")
    told = [model.later(0.25).saw() for _ in range(9)]
    assert [kinds(one) for one in told].count(["noticed"]) == 2
    assert [notice.purpose for notice in model.only.notices] == ["opened", "reminder", "reminder"]


def test_a_ticket_that_persists_for_windows_becomes_a_page() -> None:
    model = Model()
    model.failed("2024-01-01")
    model.later(1).failed("2024-01-08")
    model.deliver()
    assert kinds(model.later(1).failed("2024-01-15")) == ["persisted", "escalated", "noticed"]
    assert model.only.severity == "page"
    assert sorted(model.deliver()) == [("on_call", "escalated"), ("team", "escalated")]


def test_a_ticket_that_persists_for_hours_becomes_a_page() -> None:
    model = Model()
    model.failed()
    assert "escalated" not in kinds(model.later(99).saw())
    assert "escalated" in kinds(model.later(1).saw())


def test_a_fault_that_gets_worse_becomes_a_page_at_once() -> None:
    model = Model()
    model.failed("2024-01-01")
    assert kinds(model.later(1).failed("2024-01-01", "page")) == [
        "persisted",
        "escalated",
        "noticed",
    ]
    # It does not become a ticket again before it is over.
    model.later(1).failed("2024-01-08", "ticket")
    assert model.only.severity == "page"


def test_what_is_acknowledged_is_quiet_until_it_gets_worse_or_is_forgotten() -> None:
    model = Model()
    model.failed("a")
    model.acknowledge()
    for window in "bcd":
        assert kinds(model.later(10).failed(window)) == ["persisted"]
    assert "escalated" in kinds(model.later(20).saw())

    other = Model()
    other.failed("a")
    other.acknowledge()
    assert "noticed" in kinds(other.later(1).failed("b", "page"))


def test_the_past_neither_opens_nor_ends_anything() -> None:
    model = Model()
    model.failed("2024-01-15")
    assert model.later(1).passed("2024-01-08") == []
    assert model.later(1).failed("2024-01-08", "page") == []
    assert model.only.is_open


def test_a_channel_that_was_down_hears_the_latest_only() -> None:
    model = Model()
    model.failed("a")
    model.later(25).saw()
    model.later(1).passed("a")
    assert model.deliver() == [("team", "resolved")]
    assert model.deliver() == []


def test_what_nobody_was_told_of_ends_in_silence() -> None:
    model = Model()
    written = model.saw(look(START, "page"), look(START + HOUR, None))
    assert kinds(written) == ["opened", "resolved"]


def test_what_fits_no_channel_still_becomes_an_incident() -> None:
    model = Model(spec=SPEC.model_copy(update={"channels": SPEC.channels[:1]}))
    model.failed()
    assert model.only.notices[0].channels == ()
    assert model.deliver() == []


SEVERITIES = st.sampled_from(["page", "ticket", None])
LOOKS = st.builds(
    lambda check, cause, severity, window, hours: (hours, check, cause, severity, window),
    st.sampled_from([DRIFT, "run/train"]),
    st.sampled_from(["", "fit"]),
    SEVERITIES,
    st.sampled_from([None, "2024-01-01", "2024-01-08", "2024-01-15"]),
    st.sampled_from([0.0, 0.1, 0.5, 1.0, 7.0, 30.0]),
)


def lived(looks: list) -> Model:
    """A model that saw one thing after another, one tick each."""
    model = Model()
    for number, (hours, check, cause, severity, window) in enumerate(looks):
        model.later(hours)
        at = model.now + timedelta(microseconds=number)
        model.saw(look(at, severity, check=check, cause=cause, window=window))
    return model


@settings(max_examples=60)
@given(st.lists(LOOKS, max_size=30))
def test_there_are_never_two_open_incidents_of_one_fault(looks: list) -> None:
    open_now = [one.fingerprint for one in lived(looks).incidents.values() if one.is_open]
    assert len(open_now) == len(set(open_now))


@settings(max_examples=60)
@given(st.lists(LOOKS, max_size=30))
def test_nobody_is_told_more_often_than_the_cooldown_allows(looks: list) -> None:
    told: dict[tuple, list[datetime]] = {}
    ended: dict[tuple, int] = {}
    for incident in lived(looks).incidents.values():
        for notice in incident.notices:
            if notice.purpose == "resolved":
                ended[incident.fingerprint] = ended.get(incident.fingerprint, 0) + 1
            else:
                told.setdefault((incident.fingerprint, notice.severity), []).append(notice.at)
    for (_, severity), moments in told.items():
        gaps = [later - at for at, later in pairwise(moments)]
        assert all(gap >= SPEC.cooldown.hours(severity) * HOUR for gap in gaps)
    for fingerprint, ends in ended.items():
        assert ends <= sum(len(at) for (of, _), at in told.items() if of == fingerprint)


@settings(max_examples=60)
@given(st.lists(LOOKS, max_size=30))
def test_every_notice_comes_after_its_evidence(looks: list) -> None:
    evidence: set[str] = set()
    severity: dict[str, str] = {}
    for event in lived(looks).events:
        if event.kind in ("opened", "reopened"):
            evidence.add(event.incident)
            severity[event.incident] = event.facts["observation"]["severity"]
            assert event.facts["observation"]["facts"]
        if event.kind == "escalated":
            severity[event.incident] = event.facts["severity"]
        if event.kind == "noticed":
            assert event.incident in evidence
            assert event.facts["notice"]["severity"] == severity[event.incident]


@settings(max_examples=60)
@given(st.lists(LOOKS, max_size=20), st.integers(0, 20))
def test_reading_again_what_was_read_changes_nothing(looks: list, since: int) -> None:
    model = lived(looks)
    seen = []
    at = START
    for number, (hours, check, cause, severity, window) in enumerate(looks):
        at += hours * HOUR
        moment = at + timedelta(microseconds=number)
        seen.append(look(moment, severity, check=check, cause=cause, window=window))
    before = {name: (one.is_open, one.severity) for name, one in model.incidents.items()}
    again = model.saw(*seen[since:])
    assert {event.kind for event in again} <= {"noticed"}
    after = {name: (one.is_open, one.severity) for name, one in model.incidents.items()}
    assert before == after


@settings(max_examples=60)
@given(st.lists(LOOKS, max_size=20))
def test_whoever_was_told_that_it_is_there_is_told_that_it_is_over(looks: list) -> None:
    model = lived(looks)
    for check in (DRIFT, "run/train"):
        model.later(1).passed(check=check, cause=None, window="2024-02-01")
    for incident in model.incidents.values():
        assert incident.is_settled
        if incident.notices:
            assert incident.notices[-1].purpose == "resolved"


@settings(max_examples=60)
@given(st.lists(st.tuples(LOOKS, st.booleans()), max_size=20))
def test_a_channel_that_fails_now_and_then_ends_up_knowing_the_truth(looks: list) -> None:
    model = Model()
    heard: dict[tuple[str, str], Notice] = {}

    def hear() -> None:
        for channel, some in undelivered(model.incidents, ["on_call", "team"]).items():
            heard.update({(channel, incident.id): notice for incident, notice in some})
        model.deliver()

    for number, ((hours, check, cause, severity, window), works) in enumerate(looks):
        model.later(hours)
        at = model.now + timedelta(microseconds=number)
        model.saw(look(at, severity, check=check, cause=cause, window=window))
        if works:
            hear()
    hear()
    for incident in model.incidents.values():
        for channel in ("on_call", "team"):
            told = [notice for notice in incident.notices if channel in notice.channels]
            assert heard.get((channel, incident.id)) == (told[-1] if told else None)
    assert not undelivered(model.incidents, ["on_call", "team"])
