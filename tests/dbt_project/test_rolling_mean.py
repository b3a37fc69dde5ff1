"""The macro `rolling_mean` says what a loop over all facts says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt_project.conftest import PROJECT

HOURS = 24
START = datetime(2024, 3, 9, tzinfo=UTC)
# Whole hours, so that facts and events often share a moment, and the window's ends are met.
moments = st.integers(0, 4 * HOURS)


@dataclass(frozen=True)
class Version:
    """What is known of a fact from one hour on until another one, or for ever."""

    key: int | None
    first: int
    known: int
    superseded: int | None
    outcome: float | None


@dataclass(frozen=True)
class Event:
    key: int | None
    at: int


@st.composite
def versions(draw: st.DrawFn, outcome: st.SearchStrategy[float | None]) -> list[Version]:
    """The chain of one fact: as it was first known, and corrected up to twice."""
    key, known = draw(st.sampled_from([None, 1, 2])), sorted(draw(st.sets(moments, min_size=1)))[:3]
    ends: list[int | None] = [*known[1:], draw(st.none() | st.just(known[-1] + 5))]
    return [
        Version(key, known[0], moment, end, draw(outcome))
        for moment, end in zip(known, ends, strict=True)
    ]


def chains(outcome: st.SearchStrategy[float | None]) -> st.SearchStrategy[list[list[Version]]]:
    return st.lists(versions(outcome), max_size=8)


events = st.lists(st.builds(Event, st.sampled_from([None, 1, 3]), moments), max_size=6)
shares = st.sampled_from([0.0, 1.0, None])
amounts = st.none() | st.integers(-(10**9), 10**9).map(lambda cents: cents / 100)


@cache
def macro_sql(key: tuple[str, ...], decimals: int) -> str:
    text = (PROJECT / "macros" / "rolling_mean.sql").read_text(encoding="utf-8")
    module: Any = jinja2.Environment().from_string(text).module
    return str(module.rolling_mean(key, HOURS, "id", "outcome", decimals=decimals))


def hour(number: int | None) -> str:
    return "NULL" if number is None else f"TIMESTAMPTZ '{START + timedelta(hours=number)}'"


def answered(
    facts: list[list[Version]], asked: list[Event], key: tuple[str, ...], decimals: int
) -> dict[int, tuple[float | None, float]]:
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE outcomes (key INT, first_known_at TIMESTAMPTZ, known_at TIMESTAMPTZ, "
            "superseded_at TIMESTAMPTZ, outcome DOUBLE);"
            "CREATE TABLE events (id INT, key INT, event_time TIMESTAMPTZ)"
        )
        for version in (version for chain in facts for version in chain):
            connection.execute(
                f"INSERT INTO outcomes VALUES (?, {hour(version.first)}, {hour(version.known)}, "
                f"{hour(version.superseded)}, ?)",
                [version.key, version.outcome],
            )
        for number, event in enumerate(asked):
            connection.execute(
                f"INSERT INTO events VALUES (?, ?, {hour(event.at)})", [number, event.key]
            )
        rows = connection.execute(macro_sql(key, decimals)).fetchall()
    assert len(rows) == len(asked)
    return {number: (mean, count) for number, mean, count in rows}


def counted(facts: list[list[Version]], event: Event, keyed: bool) -> list[float]:
    """Outcomes in the window of an event, as they were known at it."""
    return [
        version.outcome
        for chain in facts
        for version in chain
        if version.outcome is not None
        and (not keyed or (version.key is not None and version.key == event.key))
        and event.at - HOURS < version.first <= event.at
        and version.known <= event.at
        and (version.superseded is None or version.superseded > event.at)
    ]


@pytest.mark.parametrize("key", [("key",), ()], ids=["by key", "of all"])
@settings(max_examples=40)
@given(facts=chains(shares), asked=events)
def test_shares_are_those_of_a_loop_over_all_facts(
    key: tuple[str, ...], facts: list[list[Version]], asked: list[Event]
) -> None:
    for number, (mean, count) in answered(facts, asked, key, decimals=0).items():
        expected = counted(facts, asked[number], bool(key))
        assert count == len(expected)
        assert mean == (sum(expected) / len(expected) if expected else None)


@settings(max_examples=30)
@given(facts=chains(amounts), asked=events)
def test_sums_of_decimals_are_exact(facts: list[list[Version]], asked: list[Event]) -> None:
    for number, (mean, count) in answered(facts, asked, ("key",), decimals=2).items():
        cents = [round(100 * outcome) for outcome in counted(facts, asked[number], keyed=True)]
        assert count == len(cents)
        # To the bit: what left the window leaves nothing behind.
        assert mean == (sum(cents) / 100 / len(cents) if cents else None)


def test_what_came_long_before_the_window_changes_no_bit_of_it() -> None:
    inside = [[Version(1, 90, 90, None, 0.1)], [Version(1, 91, 91, None, 0.2)]]
    before = [[Version(1, at, at, None, 1e9 + 0.3 * at)] for at in range(40)]
    asked = [Event(1, 95)]
    answers = [answered(facts, asked, ("key",), 6)[0] for facts in (inside, before + inside)]
    assert answers[0] == answers[1] == (pytest.approx(0.15), 2)
