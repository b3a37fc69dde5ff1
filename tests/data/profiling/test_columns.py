"""Ids, persons, times, keys, and values that only say that there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.data.profiling.columns.disguised import odd_days, odd_numbers, odd_words
from mlops_platform.data.profiling.columns.personal import looks_personal

GENERATOR = np.random.default_rng(4)
NORMAL = np.round(GENERATOR.normal(50, 10, 400), 1)
COUNTS = GENERATOR.poisson(2, 400).astype(float)


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        (NORMAL, -999.0),
        (NORMAL, 9999.0),
        (NORMAL, -1.0),
        (NORMAL, 0.0),
        (NORMAL, -250.0),
        (COUNTS, -1.0),
        (COUNTS, 99.0),
        (NORMAL * 1000, -99999.0),
        (GENERATOR.normal(0, 2000, 400), -999.0),
    ],
)
def test_a_number_that_stands_alone_and_repeats_is_odd(values, odd):
    assert odd_numbers(np.concatenate([values, np.full(20, odd)])) == [odd]


@pytest.mark.parametrize(
    "values",
    [
        NORMAL,
        COUNTS,
        GENERATOR.choice([-1.0, 0.0, 1.0], 400),
        np.round(GENERATOR.lognormal(3, 2, 400), 2),
        np.concatenate([np.zeros(200), GENERATOR.exponential(10, 200)]),
        GENERATOR.integers(1900, 2024, 400).astype(float),
        np.concatenate([NORMAL, [500.0]]),
        np.array([5.0]),
        np.array([]),
    ],
    ids=str,
)
def test_numbers_of_usual_shapes_are_not(values):
    assert odd_numbers(values) == []


@given(
    shift=st.floats(-1e6, 1e6),
    scale=st.floats(0.01, 1e4),
    rows=st.integers(50, 500),
    seed=st.integers(0, 100),
)
def test_evenly_spread_numbers_have_no_odd_ones(shift, scale, rows, seed):
    spread = np.random.default_rng(seed).random(rows)
    assert odd_numbers(shift + scale * spread) == []


def test_days_far_from_all_others_are_odd():
    days = np.datetime64("2023-01-01") + np.arange(200)
    for odd in ("1900-01-01", "1970-01-01", "9999-12-31"):
        repeated = np.full(10, odd, dtype="datetime64[D]")
        assert odd_days(np.concatenate([days, repeated])) == [odd]
    assert odd_days(days) == []


def test_words_that_say_nothing_are_odd_where_they_repeat():
    counts = {"red": 40, "Unknown ": 30, "blue": 20, "  ": 5, "?": 3, "n/a": 2}
    assert odd_words(counts) == ["Unknown ", "  ", "?"]
    assert odd_words({"12345": 2, "99999": 60, "54321": 2, "22222": 1}) == ["99999"]
    assert odd_words({}) == []


@pytest.mark.parametrize(
    ("name", "texts", "reason"),
    [
        ("email", (), "mail"),
        ("customer_name", (), "name of a person"),
        ("home_phone", (), "telephone"),
        ("date_of_birth", (), "birth"),
        ("gender", (), "gender"),
        ("zip_code", (), "address"),
        ("contact", ("a@b.org", "c.d@e.com"), "mail"),
        ("source", ("10.0.0.1", "192.168.1.7"), "network"),
        ("number", ("+49 221 123456", "+1 202 555 0100"), "telephone"),
    ],
)
def test_columns_about_persons_are_told_by_name_or_by_values(name, texts, reason):
    assert reason in looks_personal(name, texts)


@pytest.mark.parametrize("name", ["origin", "page", "message", "tailnum", "lat", "sexton_count"])
def test_others_are_not(name):
    assert looks_personal(name, ("EWR", "LGA")) is None


def _table(**columns):
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    return "\n".join(lines) + "\n"


def test_ids_are_told_from_measures(profiled):
    rows = 300
    profile = profiled(
        _table(
            running=range(1000, 1000 + rows),
            dealt=GENERATOR.permutation(rows),
            long=GENERATOR.choice(10**9, rows, replace=False),
            text=[GENERATOR.bytes(8).hex() for _ in range(rows)],
            order_id=GENERATOR.choice(10**7, rows, replace=False) // 3,
            income=GENERATOR.lognormal(10, 1, rows).astype(int),
            measure=GENERATOR.normal(size=rows),
            place=[f"place {number % 40}" for number in range(rows)],
        )
    )
    ids = [column.name for column in profile.columns if column.looks_like_id is not None]
    assert ids == ["running", "dealt", "long", "text", "order_id"]


def test_the_smallest_key_without_measures_is_found(profiled):
    days = [f"2024-01-{1 + number // 8:02}" for number in range(64)]
    shops = [f"s{number % 8}" for number in range(64)]
    profile = profiled(_table(amount=GENERATOR.random(64), day=days, shop=shops, n=[1, 2] * 32))
    assert profile.keys[0].columns == ("day", "shop")
    assert profile.keys[0].repeated == 0
    assert profile.duplicates == 0


def test_rows_that_repeat_are_counted_and_the_key_is_that_of_the_others(profiled):
    profile = profiled(_table(a=[1, 2, 3, 1, 1], b=["x", "y", "z", "x", "x"]))
    assert profile.duplicates == 2
    assert [(key.columns, key.repeated) for key in profile.keys] == [(("a",), 2), (("b",), 2)]


def test_without_key_there_is_none(profiled):
    rows = [(a, b, c, d) for a in (1, 2) for b in (1, 2) for c in (1, 2) for d in (1, 2)]
    profile = profiled(_table(**dict(zip("abcd", zip(*rows, strict=True), strict=True))))
    assert profile.keys == ()


def test_the_likeliest_time_comes_first(profiled):
    profile = profiled(
        _table(
            day=[f"2024-01-{number:02}" for number in range(1, 21)],
            updated_at=[f"2024-02-{number:02} 10:00:00" for number in range(1, 21)],
            created_at=[f"2024-01-{number:02} 09:30:00" for number in range(1, 21)],
            due=[f"2124-01-{number:02}" for number in range(1, 21)],
        )
    )
    assert [time.column for time in profile.times] == ["created_at", "day", "due", "updated_at"]
    assert str(profile.first_day) == "2024-01-01"
    assert [time.future_rows for time in profile.times] == [0, 0, 20, 0]
    assert [time.has_time_of_day for time in profile.times] == [True, False, False, True]
    assert profile.times[0].days == 20
    assert profile.times[0].day_rows == 1


def test_constant_empty_and_long_columns(profiled):
    words = [
        "the quick brown fox jumps over it",
        "a lazy dog sleeps all the day long",
        "no words at all are said here",
    ]
    profile = profiled(_table(k=[1, 1, 1], nothing=["", "", ""], said=words))
    assert [column.kind for column in profile.columns] == ["number", "empty", "text"]
    assert [column.is_constant for column in profile.columns] == [True, True, False]
