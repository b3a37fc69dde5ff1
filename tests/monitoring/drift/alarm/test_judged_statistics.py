"""What is measured of windows drawn from a reference is what is measured of any window."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.drift.alarm.alarm_threshold import drawn_windows
from mlops_platform.monitoring.drift.alarm.judged_statistics import (
    NEW_BETWEEN,
    NEW_VALUES,
    statistics_drawn,
    statistics_of,
)
from mlops_platform.monitoring.drift.profile.bins import ColumnBins
from mlops_platform.monitoring.drift.profile.coarse_bins import coarse_bins
from mlops_platform.monitoring.drift.profile.histogram import histogram_of
from mlops_platform.monitoring.drift.profile.profile import DailyCounts

FIRST, LENGTH = date(2024, 3, 1), 2
BINS = ColumnBins(column="weight", kind="values")
# Seven days of a few rows; NaN is a missing value.
days_of_rows = st.lists(
    st.lists(st.sampled_from([*map(float, range(9)), np.inf, np.nan]), min_size=1, max_size=4),
    min_size=3 * LENGTH,
    max_size=8,
)


def counted(days):
    """Daily counts of rows, and the days."""
    dates = [FIRST + timedelta(days=at) for at in range(len(days))]
    entries = [(day, value) for day, rows in zip(dates, days, strict=True) for value in rows]
    entries.sort(key=lambda entry: (np.isnan(entry[1]), entry[1]))
    numbers = np.array([day for day, _ in entries], dtype="datetime64[D]").astype(np.int32)
    keys = np.array([key for _, key in entries])
    return DailyCounts(numbers, keys, np.ones(len(keys), dtype=np.int64)), dates


@pytest.mark.parametrize("at_random", [False, True])
@given(days=days_of_rows)
def test_new_values_of_a_window_drawn_are_new_to_the_other_days(days, at_random):
    counts, dates = counted(days)
    drawn = drawn_windows(len(days), LENGTH)
    coarse = coarse_bins(BINS, counts.total)
    # As many rows as the largest window has: none is thinned.
    of_drawn = statistics_drawn(coarse, counts, dates, drawn, 100, at_random=at_random)
    for at, window in enumerate(drawn.astype(bool)):
        inside, outside = (
            histogram_of(keys, np.ones(len(keys), dtype=np.int64))
            for keys in (
                np.concatenate([rows for rows, is_in in zip(days, window, strict=True) if is_in]),
                np.concatenate(
                    [rows for rows, is_in in zip(days, window, strict=True) if not is_in]
                ),
            )
        )
        single = statistics_of(coarse, outside, inside)
        for statistic in (NEW_VALUES, NEW_BETWEEN):
            assert of_drawn[statistic][at] == pytest.approx(single[statistic])


def test_another_unit_has_numbers_between_known_ones_and_a_heat_wave_has_none():
    days = [[0.0, 1.0, 2.0, 3.0]] * 6
    counts, _dates = counted(days)
    coarse = coarse_bins(BINS, counts.total)
    usual, hotter, other_unit = (
        statistics_of(coarse, counts.total, histogram_of(np.array(rows), np.ones(4, np.int64)))
        for rows in ([0.0, 1.0, 2.0, 3.0], [2.0, 3.0, 4.0, 5.0], [0.0, 1.6, 3.2, 4.8])
    )
    assert usual[NEW_BETWEEN] == hotter[NEW_BETWEEN]
    assert hotter[NEW_VALUES] > usual[NEW_VALUES]
    assert other_unit[NEW_BETWEEN] == pytest.approx(np.log(0.25 + 0.01))
