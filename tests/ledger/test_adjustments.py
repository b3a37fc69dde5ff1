"""Which constants a released version answered with, and when, is part of the hash chain."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Thread
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_platform.errors import ReleaseConflict
from mlops_platform.formats.number import FORMAT
from mlops_platform.ledger.append import append_decision
from mlops_platform.ledger.database import Database
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewAdjustment, NewDecision, VersionIdentity
from mlops_platform.ledger.revisions import REVISIONS
from mlops_platform.ledger.schema.migration import alembic_config

Adjusted = Callable[..., NewAdjustment]
WRITERS, ROUNDS = 2, 5


@pytest.fixture
def release_next(
    ledger: Ledger, identity: Callable[[int], VersionIdentity], promotion: NewDecision
) -> Callable[[], None]:
    def release() -> None:
        released = len(ledger.releases("flights"))
        ledger.release(
            "flights", identity(released + 1), promotion, expected_sequence=released or None
        )

    return release


@pytest.fixture
def released(ledger: Ledger, release_next: Callable[[], None]) -> Ledger:
    release_next()
    return ledger


@pytest.fixture
def adjusted(released: Ledger, adjustment: Adjusted) -> Ledger:
    released.record_adjustments("flights", [adjustment(day) for day in (1, 2, 3)], after=0)
    return released


def _numbers(ledger: Ledger, sequence: int = 1) -> list[int]:
    return [written.number for written in ledger.adjustments("flights", sequence)]


def test_an_adjustment_is_read_back_unchanged(released: Ledger, adjustment: Adjusted) -> None:
    exact = {"factor": 0.1 + 0.2, "least": 5e-324}
    made = adjustment(1, constants=exact, facts={"Anteil, %": 1 / 3}, actor="Zeitplan Ä")

    released.record_adjustments("flights", [made], after=0)

    [written] = released.adjustments("flights", 1)
    assert written.model_dump(include=set(NewAdjustment.model_fields)) == made.model_dump()
    assert (written.model, written.number, written.row_format) == ("flights", 1, FORMAT)
    assert written.recorded_at == datetime(2013, 5, 3, 14, tzinfo=UTC)
    assert released.latest_adjustment("flights", 1) == written


def test_adjustments_are_numbered_by_release_and_listed_oldest_first(
    adjusted: Ledger, release_next: Callable[[], None], adjustment: Adjusted
) -> None:
    adjusted.record_adjustments("flights", [adjustment(4)], after=3)
    release_next()
    again = [adjustment(day, sequence=2, version=2) for day in (4, 5)]
    adjusted.record_adjustments("flights", again, after=0)

    assert _numbers(adjusted) == [1, 2, 3, 4]
    assert [one.labels_through.day for one in adjusted.adjustments("flights", 1)] == [1, 2, 3, 4]
    assert _numbers(adjusted, sequence=2) == [1, 2]
    assert adjusted.latest_adjustment("flights", 1).number == 4
    assert adjusted.latest_adjustment("flights", 2).number == 2
    assert adjusted.verify_chain("flights") is None


def test_models_are_adjusted_apart(
    adjusted: Ledger,
    identity: Callable[[int], VersionIdentity],
    promotion: NewDecision,
    adjustment: Adjusted,
) -> None:
    adjusted.release("taxis", identity(1), promotion, expected_sequence=None)

    adjusted.record_adjustments("taxis", [adjustment(9)], after=0)

    assert [one.labels_through.day for one in adjusted.adjustments("taxis", 1)] == [9]
    assert _numbers(adjusted) == [1, 2, 3]
    assert [adjusted.verify_chain(model) for model in ("flights", "taxis")] == [None, None]


def test_a_release_begins_without_an_adjustment(
    adjusted: Ledger, release_next: Callable[[], None]
) -> None:
    release_next()

    assert adjusted.adjustments("flights", 2) == []
    assert adjusted.latest_adjustment("flights", 2) is None


def test_no_adjustment_is_written_without_a_release(ledger: Ledger, adjustment: Adjusted) -> None:
    with pytest.raises(ReleaseConflict):
        ledger.record_adjustments("flights", [adjustment(1)], after=0)
    assert _numbers(ledger) == []


def test_nothing_to_adjust_writes_nothing(adjusted: Ledger) -> None:
    adjusted.record_adjustments("flights", [], after=3)

    assert _numbers(adjusted) == [1, 2, 3]


@pytest.mark.parametrize("sequence", [1, 3])
def test_a_release_that_does_not_serve_is_not_adjusted(
    adjusted: Ledger, release_next: Callable[[], None], adjustment: Adjusted, sequence: int
) -> None:
    release_next()
    after = len(_numbers(adjusted, sequence))

    with pytest.raises(ReleaseConflict, match=rf"is at release 2, .* of release {sequence}, and"):
        adjusted.record_adjustments("flights", [adjustment(4, sequence=sequence)], after=after)
    assert [_numbers(adjusted, sequence) for sequence in (1, 2, 3)] == [[1, 2, 3], [], []]


@pytest.mark.parametrize("after", [0, 2, 4])
def test_an_adjustment_that_follows_not_the_latest_writes_nothing(
    adjusted: Ledger, adjustment: Adjusted, after: int
) -> None:
    with pytest.raises(ReleaseConflict, match=rf"at adjustment 3; .* follows adjustment {after} "):
        adjusted.record_adjustments("flights", [adjustment(4), adjustment(5)], after=after)
    assert _numbers(adjusted) == [1, 2, 3]


def test_of_several_adjustments_all_are_written_or_none(
    adjusted: Ledger, adjustment: Adjusted
) -> None:
    before = adjusted.newest_hashes("flights")
    several = [adjustment(4), adjustment(5, sequence=2), adjustment(6)]

    with pytest.raises(ReleaseConflict):
        adjusted.record_adjustments("flights", several, after=3)
    assert _numbers(adjusted) == [1, 2, 3]
    assert adjusted.newest_hashes("flights") == before


@pytest.mark.parametrize("field", ["constants", "facts"])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_no_adjustment(
    adjustment: Adjusted, field: str, number: float
) -> None:
    with pytest.raises(ValidationError, match="finite number"):
        adjustment(1, **{field: {"factor": number}})


def test_moments_of_any_zone_mean_the_same(released: Ledger, adjustment: Adjusted) -> None:
    midnight = datetime(2013, 5, 3, tzinfo=timezone(timedelta(hours=-4)))

    released.record_adjustments("flights", [adjustment(1, valid_from=midnight)], after=0)

    assert released.latest_adjustment("flights", 1).valid_from == midnight
    assert released.verify_chain("flights") is None


def test_of_two_writers_at_once_exactly_one_wins(
    released: Ledger, url: str, adjustment: Adjusted
) -> None:
    outcomes: list[tuple[int, str]] = []
    together = Barrier(WRITERS, timeout=60)

    def write(writer: str) -> None:
        ledger = Ledger(url)
        for number in range(ROUNDS):
            made = adjustment(number + 1, actor=writer)
            together.wait()
            try:
                ledger.record_adjustments("flights", [made, made], after=2 * number)
            except ReleaseConflict:
                outcomes.append((number, "lost"))
            else:
                outcomes.append((number, "won"))

    threads = [Thread(target=write, args=(f"writer {at}",)) for at in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [
        (number, outcome) for number in range(ROUNDS) for outcome in ("lost", "won")
    ]
    written = released.adjustments("flights", 1)
    assert [one.number for one in written] == list(range(1, 2 * ROUNDS + 1))
    pairs = zip(written[::2], written[1::2], strict=True)
    assert all(first.actor == second.actor for first, second in pairs)
    assert released.verify_chain("flights") is None


@pytest.mark.parametrize(
    ("statement", "row", "problem"),
    [
        *(
            (f"UPDATE adjustments SET {changed} WHERE id = 2", "flights/2", "changed")
            for changed in (
                "sequence = 2",
                "version = 9",
                "number = 7",
                "constants = '{}'",
                "facts = '{}'",
                "labels_through = '2013-05-09'",
                "valid_from = '2013-05-03 12:00:00'",
                "actor = 'other'",
                "recorded_at = '2013-05-03 12:00:00'",
                "format = NULL",
            )
        ),
        ("DELETE FROM adjustments WHERE id = 1", "flights/2", "removed"),
        ("DELETE FROM adjustments WHERE id = 2", "flights/3", "removed"),
    ],
)
def test_a_changed_or_removed_adjustment_is_found(
    adjusted: Ledger,
    release_next: Callable[[], None],
    tamper: Callable[..., None],
    statement: str,
    row: str,
    problem: str,
) -> None:
    release_next()
    assert adjusted.verify_chain("flights") is None

    tamper(statement)

    fault = adjusted.verify_chain("flights")
    assert (fault.table, fault.row) == ("adjustments", row)
    assert problem in fault.problem


def test_a_kept_hash_tells_that_the_newest_adjustment_was_removed(
    adjusted: Ledger, tamper: Callable[..., None]
) -> None:
    kept = adjusted.newest_hashes("flights")
    assert kept["adjustments"] == adjusted.latest_adjustment("flights", 1).hash
    assert adjusted.lacking_hashes("flights", kept) == []

    tamper("DELETE FROM adjustments WHERE id = 3")

    assert adjusted.verify_chain("flights") is None
    assert adjusted.lacking_hashes("flights", kept) == ["adjustments"]


@pytest.mark.parametrize("start", ["unversioned", *REVISIONS[:-1]])
def test_a_migrated_ledger_can_record_an_adjustment(
    old_ledger: Any, adjustment: Adjusted, waiting: NewDecision, start: str
) -> None:
    if start != "unversioned":
        _migrate_to(old_ledger.url, start)
    if start == "0001":
        with Database(old_ledger.url).writing_any_schema() as connection:
            append_decision(connection, "flights", waiting, datetime(2024, 1, 1, 3, tzinfo=UTC))
    before = old_ledger.stored_bytes()
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    assert ledger.latest_adjustment("flights", 1) is None

    ledger.record_adjustments("flights", [adjustment(1), adjustment(2)], after=0)

    assert _numbers(ledger) == [1, 2]
    assert ledger.verify_chain("flights") is None
    assert old_ledger.stored_bytes() == before


def _migrate_to(url: str, revision: str) -> None:
    from alembic import command

    with Database(url).writing_any_schema() as connection:
        command.stamp(alembic_config(connection), REVISIONS[0])
        command.upgrade(alembic_config(connection), revision)
