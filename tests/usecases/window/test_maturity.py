"""Until when labels can have been built, so that a window can be complete."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mlops_platform.data.windows import Window
from mlops_platform.usecases.window.maturity import labels_built_through
from tests.serving.packed import small_spec

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
WEEK = Window(start=date(2024, 3, 4), end=date(2024, 3, 11), timezone="UTC")
AFTER = [date(2024, 3, 11) + timedelta(days=at) for at in range(9)]


@pytest.mark.parametrize(
    ("label_days", "end", "expected"),
    [
        ((), None, datetime(2024, 3, 11, tzinfo=UTC)),
        (AFTER, None, datetime(2024, 3, 20, tzinfo=UTC)),
        # Of the day after a gap nobody knows what it brings.
        ((*AFTER[:3], *AFTER[4:]), None, datetime(2024, 3, 14, tzinfo=UTC)),
        (AFTER[1:], None, datetime(2024, 3, 11, tzinfo=UTC)),
        (AFTER, date(2024, 3, 25), datetime(2024, 3, 20, tzinfo=UTC)),
        # After the last window nothing more is built.
        (AFTER, date(2024, 3, 18), NOW),
        ((), date(2024, 3, 11), NOW),
    ],
)
def test_labels_are_built_to_the_end_of_the_newest_window_or_of_the_days_that_follow_it(
    label_days: tuple[date, ...], end: date | None, expected: datetime
) -> None:
    spec = small_spec("churn")
    spec = spec.model_copy(update={"window": spec.window.model_copy(update={"end": end})})
    earlier = Window(start=date(2024, 2, 26), end=date(2024, 3, 4), timezone="UTC")
    assert labels_built_through(spec, [earlier, WEEK], NOW, label_days) == expected
