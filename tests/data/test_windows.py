"""Windows are cut from the local calendar, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.data.windows import ended_windows, window_named
from mlops_platform.errors import DataError
from mlops_platform.spec import WindowSpec

NEW_YORK = "America/New_York"
WEEKLY = WindowSpec(start=date(2013, 1, 7), end=date(2013, 4, 1), timezone=NEW_YORK)
DAILY = WindowSpec(cadence="daily", start=date(2013, 3, 9), timezone=NEW_YORK)


def test_a_week_begins_on_its_monday_and_ends_at_the_local_midnight_after_its_sunday() -> None:
    window = window_named(WEEKLY, "2013-03-04")
    assert [window.days[0], window.last_day] == [date(2013, 3, 4), date(2013, 3, 10)]
    assert len(window.days) == 7
    # The clock went forward on that Sunday.
    assert window.ends_at.astimezone(UTC) == datetime(2013, 3, 11, 4, tzinfo=UTC)


def test_only_what_has_ended_is_listed() -> None:
    midnight = datetime(2013, 1, 21, 5, tzinfo=UTC)
    assert [w.name for w in ended_windows(WEEKLY, midnight)] == ["2013-01-07", "2013-01-14"]
    assert len(ended_windows(WEEKLY, midnight - timedelta(microseconds=1))) == 1


def test_the_last_window_ends_with_the_calendar_of_the_model() -> None:
    assert ended_windows(WEEKLY, datetime(2020, 1, 1, tzinfo=UTC))[-1].end == WEEKLY.end


@pytest.mark.parametrize("name", ["2013-01-08", "2012-12-31", "monday", ""])
def test_a_name_that_starts_no_window_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="is the start of no weekly window"):
        window_named(WEEKLY, name)


@given(st.sampled_from([WEEKLY, DAILY]), st.integers(0, 400))
def test_windows_follow_one_another_without_gap(spec: WindowSpec, days: int) -> None:
    moment = datetime(2013, 1, 7, 5, tzinfo=UTC) + timedelta(days=days)
    windows = ended_windows(spec, moment)
    for before, after in pairwise(windows):
        assert before.end == after.start
        assert before.ends_at < after.ends_at <= moment
    assert all(window_named(spec, window.name) == window for window in windows)
