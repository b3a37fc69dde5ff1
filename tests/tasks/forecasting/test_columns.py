"""The day or moment that a step is a forecast of."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mlops_platform.tasks.forecasting.columns import target_fields, target_of

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("origin", "step", "step_hours", "target"),
    [
        (datetime(2013, 11, 4, 6, tzinfo=NEW_YORK), 1, 24.0, date(2013, 11, 5)),
        (datetime(2013, 11, 4, 23, 30, tzinfo=NEW_YORK), 7, 24.0, date(2013, 11, 11)),
        # Clocks change on the third of November.
        (datetime(2013, 11, 2, 23, 30, tzinfo=NEW_YORK), 1, 24.0, date(2013, 11, 3)),
        (datetime(2013, 11, 2, 6, tzinfo=NEW_YORK), 2, 168.0, date(2013, 11, 16)),
    ],
)
def test_steps_of_days_are_counted_by_the_calendar(
    origin: datetime, step: float, step_hours: float, target: date
) -> None:
    assert target_of(origin, step, step_hours) == {"target_date": target}
    assert set(target_fields(step_hours)) == {"target_date"}


def test_steps_of_hours_are_moments() -> None:
    origin = datetime(2013, 11, 4, 11, tzinfo=UTC)

    assert target_of(origin, 3, 0.5) == {"target_time": datetime(2013, 11, 4, 12, 30, tzinfo=UTC)}
    assert set(target_fields(0.5)) == {"target_time"}
    # An hour is gone by when clocks are put back.
    before = datetime(2013, 11, 3, 1, tzinfo=NEW_YORK)
    (after,) = target_of(before, 2, 1.0).values()
    assert f"{after}" == "2013-11-03 02:00:00-05:00"
