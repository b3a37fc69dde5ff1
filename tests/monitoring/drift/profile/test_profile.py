from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.drift.profile import profile as module
from mlops_platform.monitoring.drift.profile.profile import DailyCounts, Profile

KEYS = st.sampled_from([np.nan, -np.inf, -1.0, 0.0, 2.5, np.inf])
ENTRIES = st.lists(st.tuples(st.integers(0, 5), KEYS, st.integers(1, 9)), min_size=1, max_size=20)
DAYS = [date(1970, 1, 1) + timedelta(days=at) for at in range(7)]


def counts_of(entries):
    days, keys, rows = zip(*entries, strict=True)
    return DailyCounts(np.array(days, np.int32), np.array(keys), np.array(rows, np.int64))


@given(entries=ENTRIES)
def test_the_order_in_which_counts_are_stored_does_not_matter(entries):
    stored = sorted(entries, key=lambda one: (np.isnan(one[1]), one[1]))
    as_found, in_order = counts_of(entries), counts_of(stored)

    assert in_order.known.tolist() == as_found.known.tolist()
    assert in_order.total.rows.tolist() == as_found.total.rows.tolist()
    assert in_order.total.nulls == as_found.total.nulls
    for one, other in zip(
        in_order.first_and_last(DAYS), as_found.first_and_last(DAYS), strict=True
    ):
        assert one.tolist() == other.tolist()


@given(entries=ENTRIES)
def test_rows_by_day_are_those_of_the_entries(entries):
    counts = counts_of(entries)

    found = counts.by_day(DAYS, lambda keys: (keys > 0).astype(int), 2)

    for at in range(len(DAYS)):
        of_day = [(key, rows) for day, key, rows in entries if day == at]
        expected = [
            sum(rows for key, rows in of_day if key <= 0),
            sum(rows for key, rows in of_day if key > 0),
            sum(rows for key, rows in of_day if np.isnan(key)),
        ]
        assert found[at].tolist() == expected


def test_columns_are_decoded_once_until_they_are_large(
    half_year: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Profile(half_year.bins, half_year.counts)
    weekday = fresh.column("weekday")
    monkeypatch.setattr(module, "MOST_KEPT", len(weekday.rows))
    assert fresh.column("weekday") is weekday
    assert fresh.column("carrier") is not fresh.column("carrier")
