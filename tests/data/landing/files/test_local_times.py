"""Times without zone, where clocks change."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.data.landing.files.local_times import (
    ClockChange,
    clock_change_sql,
    clock_change_text,
    clock_shifts,
    define_local_moments,
)

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "America/Havana",
    "Pacific/Apia",
    "UTC",
)
RULES: tuple[ClockChange, ...] = ("refuse", "earlier", "later")


@pytest.fixture(scope="module")
def connections() -> Iterator[dict[tuple[str, ClockChange], duckdb.DuckDBPyConnection]]:
    """One for every zone and rule."""
    with duckdb.connect() as engine:
        opened = {}
        for zone in ZONES:
            for rule in RULES:
                opened[zone, rule] = engine.cursor()
                opened[zone, rule].execute(f"SET TimeZone = '{zone}'")
                define_local_moments(opened[zone, rule], zone, rule)
        yield opened


def expected(naive: datetime, zone: str, rule: ClockChange) -> datetime | None:
    """By Python's own reading (PEP 495)."""
    first, second = (naive.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    moments = sorted(moment.astimezone(UTC) for moment in (first, second))
    if moments[0] != moments[1] and rule == "refuse":
        return None
    return moments[0] if rule == "earlier" else moments[1]


LONG_AGO = datetime(1950, 1, 1)  # noqa: DTZ001
CHANGES = [(zone, shift.old) for zone in ZONES for shift in clock_shifts(zone)]
TIMES = st.tuples(st.sampled_from(ZONES), st.datetimes(LONG_AGO, datetime(2090, 1, 1)))  # noqa: DTZ001
NEAR_CHANGES = st.tuples(
    st.sampled_from([(zone, naive) for zone, naive in CHANGES if naive > LONG_AGO]),
    st.integers(-120, 120),
).map(lambda drawn: (drawn[0][0], drawn[0][1] + timedelta(minutes=drawn[1])))


@given(TIMES | NEAR_CHANGES, st.sampled_from(RULES))
def test_a_local_time_is_read_by_the_rule(
    connections: dict[tuple[str, ClockChange], duckdb.DuckDBPyConnection],
    at: tuple[str, datetime],
    rule: ClockChange,
) -> None:
    zone, naive = at
    [(moment,)] = connections[zone, rule].execute("SELECT local_moment($1)", [naive]).fetchall()
    assert (moment and moment.astimezone(UTC)) == expected(naive, zone, rule)
    is_told = clock_change_text(naive, zone) is not None
    counted = f"SELECT {clock_change_sql('naive', zone)} FROM (SELECT $1::TIMESTAMP AS naive)"
    assert connections[zone, rule].execute(counted, [naive]).fetchall() == [(is_told,)]
    assert is_told == (expected(naive, zone, "refuse") is None)


def test_half_an_hour_is_told_too() -> None:
    assert clock_change_text(datetime(2024, 4, 7, 1, 45), "Australia/Lord_Howe") == (  # noqa: DTZ001
        "2024-04-07 01:45:00 exists twice in Australia/Lord_Howe: the clocks went back from 02:00 "
        "to 01:30"
    )
