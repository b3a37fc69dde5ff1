"""What is nested in the events of incidents is read in the format of its event."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mlops_platform.errors import FormatError
from mlops_platform.formats import upgrades
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.records import IncidentEvent, NewIncidentEvent
from mlops_platform.monitoring.alerting.incident import Incident, incidents_of

NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)
SEEN = {"severity": "ticket", "seen_at": NOW.isoformat(), "summary": "drifted"}
NOTICE = {"number": 1, "purpose": "opened", "severity": "ticket", "channels": ["log"]}
KNOWN = {"actor": "alice", "reason": "on it", "severity": "ticket"}


def event(number: int, kind: str, facts: dict[str, Any], stored_format: int) -> IncidentEvent:
    happened = {"incident": "churn-1", "kind": kind, "told": "", "actor": "a", "happened_at": NOW}
    chained = {"id": number, "model": "churn", "previous_hash": "", "hash": ""}
    return IncidentEvent.model_validate(
        {**happened, **chained, "facts": facts, "row_format": stored_format}
    )


@pytest.fixture
def _renamed_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = {
        "Observation": {1: upgrades.renamed(test="check")},
        "Notice": {1: upgrades.renamed(moment="at")},
        "Acknowledgement": {1: upgrades.renamed(moment="at")},
    }
    monkeypatch.setattr(upgrades, "UPGRADES", renamed)


@pytest.mark.usefixtures("_renamed_fields")
@pytest.mark.parametrize(
    ("stored_format", "check", "at"), [(0, "test", "moment"), (1, "check", "at")]
)
def test_nested_values_of_every_format_are_read(stored_format: int, check: str, at: str) -> None:
    happened = [
        ("opened", {"observation": {**SEEN, check: "drift"}}),
        ("persisted", {"observation": {**SEEN, check: "drift", "window": "w2"}}),
        ("noticed", {"notice": {**NOTICE, at: NOW.isoformat()}}),
        ("acknowledged", {"acknowledgement": {**KNOWN, at: NOW.isoformat()}}),
    ]
    events = [
        event(number, kind, facts, stored_format) for number, (kind, facts) in enumerate(happened)
    ]
    (incident,) = incidents_of(events).values()
    assert (incident.seen.check, incident.seen.window) == ("drift", "w2")
    assert incident.notices[0].at == incident.acknowledged.at == NOW


@pytest.mark.parametrize(
    ("former", "today"),
    [
        ("performance/log_loss_increase", "performance/loss_increase"),
        ("performance/better_than_base_rate", "performance/better_than_baseline"),
        ("performance/calibration_error", "performance/expected_calibration_error"),
        ("silence/windows_arrive", "heartbeats/windows_arrive"),
        ("drift_report/feature_drift", "drift_report/feature_drift"),
    ],
)
def test_an_incident_of_a_renamed_check_goes_on_under_its_name_of_today(
    former: str, today: str
) -> None:
    opened = event(1, "opened", {"observation": {**SEEN, "check": former}}, stored_format=3)
    assert Incident.begun(opened).fingerprint == (today, "")


def test_an_event_that_is_not_written_yet_is_of_todays_format() -> None:
    opened = NewIncidentEvent(
        incident="churn-1",
        kind="opened",
        told="",
        actor="a",
        facts={"observation": {**SEEN, "check": "drift"}},
        happened_at=NOW,
    )
    assert Incident.begun(opened).seen.check == "drift"


def test_what_a_newer_platform_nested_is_refused() -> None:
    newer = event(1, "opened", {"observation": {**SEEN, "check": "drift"}}, FORMAT + 1)
    with pytest.raises(FormatError, match="Observation has format"):
        Incident.begun(newer)
