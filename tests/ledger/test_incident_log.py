"""Events of incidents: written all or none, never changed, and decided on what stands."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.errors import IncidentConflict, LedgerError
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewIncidentEvent

NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)


def event(told: str = "it moved", **facts: object) -> NewIncidentEvent:
    return NewIncidentEvent(
        incident="churn-1", kind="opened", told=told, actor="a", facts=facts, happened_at=NOW
    )


@pytest.fixture
def log(ledger: Ledger, url: str) -> IncidentLog:
    return IncidentLog(url)


def test_events_are_read_back_in_their_order_with_their_facts(log: IncidentLog) -> None:
    log.write("churn", [event(value=0.3, note="spät"), event("again")], after=0)
    log.write("other", [event()])
    first, second = log.events("churn")
    assert first.facts == {"value": 0.3, "note": "spät"}
    assert (second.told, second.happened_at) == ("again", NOW)
    assert second.previous_hash == first.hash
    assert log.models() == ["churn", "other"]


def test_whoever_decided_on_what_is_past_writes_nothing(log: IncidentLog) -> None:
    log.write("churn", [event()], after=0)
    with pytest.raises(IncidentConflict, match="after event 0"):
        log.write("churn", [event()], after=0)
    assert len(log.events("churn")) == 1
    log.write("churn", [event()], after=log.events("churn")[-1].id)
    assert len(log.events("churn")) == 2


def test_what_cannot_be_written_leaves_nothing_behind(log: IncidentLog) -> None:
    with pytest.raises(LedgerError, match="finite numbers"):
        log.write("churn", [event(), event(value=float("nan"))])
    assert log.events("churn") == []


def test_nobody_changes_what_happened(log: IncidentLog, ledger: Ledger, url: str) -> None:
    log.write("churn", [event(), event()])
    engine = create_engine(url)
    with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
        connection.execute(text("UPDATE incident_events SET told = 'nothing'"))
    assert ledger.verify_chain("churn") is None
    drop = "DROP TRIGGER incident_events_append_only ON incident_events"
    with engine.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.execute(text("DROP TRIGGER incident_events_no_update" if sqlite else drop))
        connection.execute(text("UPDATE incident_events SET told = 'nothing' WHERE id = 1"))
    engine.dispose()
    fault = ledger.verify_chain("churn")
    assert fault is not None
    assert fault.table == "incident_events"
