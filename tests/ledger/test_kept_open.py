"""A database that is kept open for many reads: each is a transaction of its own all the same."""

import pytest
from sqlalchemy import Engine, event

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision


def test_a_read_sees_what_was_written_before_it_and_stops_no_writer(
    url: str, ledger: Ledger, waiting: NewDecision
) -> None:
    other = Ledger(url)
    with ledger.kept_open():
        assert ledger.models() == []
        other.record_decision("flights", waiting)
        assert ledger.models() == ["flights"]
        ledger.record_decision("taxis", waiting)
        assert ledger.models() == ["flights", "taxis"]
    assert ledger.models() == ["flights", "taxis"]


def test_many_reads_open_the_database_once(ledger: Ledger) -> None:
    opened: list[object] = []

    def count(connection: object, record: object) -> None:
        opened.append(connection)

    event.listen(Engine, "connect", count)
    try:
        with ledger.kept_open():
            for _ in range(3):
                ledger.models()
        assert len(opened) == 1
        ledger.models()
        assert len(opened) == 2
    finally:
        event.remove(Engine, "connect", count)


def test_a_read_that_fails_spoils_no_later_one(url: str) -> None:
    ledger = Ledger(url)
    with ledger.kept_open():
        with pytest.raises(LedgerError):
            ledger.models()
        ledger.create_schema()
        assert ledger.models() == []
