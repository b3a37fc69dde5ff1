"""Perturbations follow from declarations and a seed, and never touch what was known before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.scratch.perturbing import FactAt, Perturbation
from mlops_platform.usecases.proof.culprits import culprits
from mlops_platform.usecases.proof.plan import (
    MICROSECOND,
    SECOND,
    CutoffEvent,
    TableFacts,
    cutoff_events,
    future_perturbations,
    moves,
    reach_perturbations,
)

DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(6)]
NOON = datetime(2024, 1, 3, 12, tzinfo=UTC)
FACTS = 8


def table(*, says: bool = True, lasting: bool = False, fine: bool = False) -> TableFacts:
    shift = timedelta(microseconds=5 if fine else 0)
    moments = {
        day: [
            datetime(day.year, day.month, day.day, 3 * number, tzinfo=UTC) + shift
            for number in range(FACTS)
        ]
        for day in DAYS
    }
    return TableFacts(
        landed=LandedTable(table="payments", key=("id",)),
        lasting=lasting,
        counts=dict.fromkeys(DAYS, FACTS),
        once=frozenset(DAYS[:-1]),
        moments=moments if says else None,
        entities={},
        rest_of_key={},
    )


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_nothing_that_was_known_changes_before_the_cutoff(says: bool, seed: int) -> None:
    facts = table(says=says)
    planned = future_perturbations([facts], NOON, Random(seed), 10)
    assert planned == future_perturbations([facts], NOON, Random(seed), 10)
    assert {each.kind for each in planned} >= {"changed", "removed", "added"}
    for each in planned:
        if each.arrives is not None:
            assert each.arrives > NOON
            continue
        since = each.beside or each.fact
        assert since.day in facts.once
        assert facts.moments is not None
        known_at = facts.moments[since.day][since.position]
        assert known_at is not None
        assert known_at > NOON


def test_events_have_days_of_their_own_and_no_fact_moves_twice() -> None:
    facts = table()
    times = [(datetime(2024, 1, day, 12, tzinfo=UTC), 1) for day in range(1, 7)]
    events = cutoff_events(times, ["payments"], Random(0))
    assert len({event.moment.date() for event in events}) == len(events) == 4
    moved = moves(events, [facts], {}, Random(0))
    assert len({move.fact for move in moved}) == len(moved) > 0
    for move in moved:
        assert facts.moments is not None
        known_at = facts.moments[move.fact.day][move.fact.position]
        assert known_at is not None
        assert known_at <= move.event.moment
        assert move.perturbation(SECOND).known_at == move.event.moment + SECOND


def test_facts_that_would_be_one_but_for_their_moment_do_not_move_together() -> None:
    # As hourly observations of two places: known at one moment, two of a place would be a tie.
    places = {day: ["north", "south"] * (FACTS // 2) for day in DAYS}
    facts = replace(table(), rest_of_key=places)
    event = CutoffEvent(datetime(2024, 1, 3, 2, tzinfo=UTC), "payments", 0)
    moved = moves([event], [facts], {}, Random(0))
    assert sorted(places[move.fact.day][move.fact.position] for move in moved) == ["north", "south"]


def test_facts_without_a_moment_move_by_delivery() -> None:
    event = CutoffEvent(NOON, "payments", 0)
    (first, *_) = moves([event], [table(says=False)], {}, Random(0))
    moved = first.perturbation(-SECOND)
    assert (moved.arrives, moved.known_at) == (NOON - SECOND, None)


def test_the_step_is_that_of_the_source() -> None:
    assert table().step == SECOND
    assert table(fine=True).step == MICROSECOND


def test_what_lasts_or_was_delivered_again_has_no_reach_to_be_tried() -> None:
    assert len(reach_perturbations(table(), DAYS[0], Random(0), 5)) == 5
    assert reach_perturbations(table(lasting=True), DAYS[0], Random(0), 5) == []
    assert reach_perturbations(table(), DAYS[-1], Random(0), 5) == []


@pytest.mark.parametrize("guilty", [{3}, {0}, {17}, {2, 11}])
def test_one_of_those_that_change_something_is_found(guilty: set[int]) -> None:
    all_of_them = [
        Perturbation(FactAt(f"table_{number % 3}", DAYS[0], number), "removed")
        for number in range(20)
    ]
    found = culprits(all_of_them, lambda some: any(each.fact.position in guilty for each in some))
    assert len(found) == 1
    assert found[0].fact.position in guilty


def test_what_only_several_change_together_stays_together() -> None:
    both = [Perturbation(FactAt("table", DAYS[0], number), "removed") for number in range(2)]
    assert culprits(both, lambda some: len(some) == 2) == both
