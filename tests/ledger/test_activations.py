"""What the workers of a service report is written once, and is part of the hash chain."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewActivation

NOON = datetime(2013, 5, 3, 12, 0, 0, 123456, tzinfo=UTC)


def _said(minute: int, event: str = "swapped", **other: object) -> NewActivation:
    said = {"worker": "host-1", "role": "champion", "sequence": 2, "version": 7, "detail": ""}
    at = NOON + timedelta(minutes=minute)
    return NewActivation.model_validate({**said, "event": event, "happened_at": at, **other})


def test_a_report_is_read_back_unchanged_newest_first(ledger: Ledger) -> None:
    first, second = _said(1, "started", sequence=1, version=6), _said(2)
    assert ledger.record_activations("flights", [first, second]) == 2
    read = ledger.activations("flights")
    fields = set(NewActivation.model_fields)
    assert [one.model_dump(include=fields) for one in read] == [
        second.model_dump(),
        first.model_dump(),
    ]
    assert [one.model for one in read] == ["flights", "flights"]
    assert ledger.activations("flights", limit=1) == read[:1]
    assert ledger.activations("taxis") == []


def test_the_same_report_is_written_once(ledger: Ledger) -> None:
    assert ledger.record_activations("flights", [_said(1), _said(1)]) == 1
    assert ledger.record_activations("flights", [_said(1), _said(2)]) == 1
    assert len(ledger.activations("flights")) == 2
    # Another worker, role, event or model at the same moment is another report.
    others = [_said(1, worker="host-2"), _said(1, role="challenger"), _said(1, "refused")]
    assert ledger.record_activations("flights", others) == 3
    assert ledger.record_activations("taxis", [_said(1)]) == 1


def test_reports_of_workers_whose_clocks_differ_are_told_by_those_clocks(ledger: Ledger) -> None:
    ledger.record_activations("flights", [_said(5, worker="late")])
    ledger.record_activations("flights", [_said(3, worker="early")])
    assert [one.worker for one in ledger.activations("flights")] == ["late", "early"]
    assert ledger.verify_chain("flights") is None


@pytest.mark.parametrize(
    "statement", ["UPDATE activations SET version = 9", "DELETE FROM activations"]
)
def test_the_database_refuses_changes(ledger: Ledger, url: str, statement: str) -> None:
    ledger.record_activations("flights", [_said(1)])
    engine = create_engine(url)
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert ledger.verify_chain("flights") is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE activations SET version = 9 WHERE id = 1", "changed"),
        ("DELETE FROM activations WHERE id = 1", "removed"),
    ],
)
def test_a_changed_or_removed_report_is_found(
    ledger: Ledger, url: str, statement: str, problem: str
) -> None:
    ledger.record_activations("flights", [_said(1), _said(2)])
    with create_engine(url).begin() as connection:
        for name in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER activations_no_{name}"))
        connection.execute(text(statement))
    fault = ledger.verify_chain("flights")
    assert fault is not None
    assert fault.table == "activations"
    assert problem in fault.problem
