"""Which windows of a past are replayed, and what is refused with the day that would do."""

from datetime import date
from pathlib import Path

import pytest

from mlops_platform.components.models import declared_spec
from mlops_platform.errors import MlopsError
from mlops_platform.replay.plan import (
    KeptPlan,
    Past,
    keep_plan,
    kept_plan,
    planned_windows,
)
from mlops_platform.spec import ModelSpec, SplitSpec

PAST = Past(first=date(2013, 1, 1), last=date(2013, 12, 31), last_landed=None)


@pytest.fixture
def spec() -> ModelSpec:
    """Weekly windows from Monday 7 January 2013; 7 days validate and 7 test."""
    spec = declared_spec("flight_delay")
    history = spec.training.history.model_copy(
        update={"split": SplitSpec(validation_days=7, test_days=7)}
    )
    return spec.model_copy(
        update={
            "training": spec.training.model_copy(update={"history": history}),
            "window": spec.window.model_copy(update={"start": date(2013, 1, 7), "end": None}),
        }
    )


def days(spec: ModelSpec, start: str | None, end: str | None, **past: date) -> list[str]:
    windows = planned_windows(
        spec,
        Past(**{**vars(PAST), **past}),
        None,
        date.fromisoformat(start) if start else None,
        date.fromisoformat(end) if end else None,
    )
    assert [window.start for window in windows[1:]] == [window.end for window in windows[:-1]]
    return [windows[0].name, str(windows[-1].last_day)]


def test_it_is_from_a_day_to_a_day(spec: ModelSpec) -> None:
    assert days(spec, "2013-04-01", "2013-04-21") == ["2013-04-01", "2013-04-21"]
    assert days(spec, "2013-04-01", "2013-04-20") == ["2013-04-01", "2013-04-14"]


def test_it_begins_after_enough_history_for_a_split(spec: ModelSpec) -> None:
    # Three times what is held out: 42 days, of which 28 are fitted on; then the next Monday.
    assert days(spec, None, "2013-04-21") == ["2013-02-18", "2013-04-21"]
    on_the_day = days(spec, None, "2013-04-21", first=date(2012, 12, 31))
    assert on_the_day[0] == "2013-02-11"


def test_it_ends_with_the_last_landed_window(spec: ModelSpec) -> None:
    assert days(spec, "2013-04-01", None, last_landed=date(2013, 5, 1))[1] == "2013-04-28"


def test_where_nothing_has_landed_it_ends_with_what_may_land(spec: ModelSpec) -> None:
    assert days(spec, "2013-04-01", None)[1] == "2013-12-29"
    assert days(spec, "2013-04-01", "2014-06-01")[1] == "2013-12-29"


def test_a_calendar_that_has_ended_ends_it(spec: ModelSpec) -> None:
    window = spec.window.model_copy(update={"end": date(2013, 4, 15)})
    ended = spec.model_copy(update={"window": window})
    assert days(ended, "2013-04-01", None)[1] == "2013-04-14"


@pytest.mark.parametrize(
    ("first", "nearest"), [("2013-04-03", "2013-04-01"), ("2013-04-06", "2013-04-08")]
)
def test_a_day_on_which_no_window_starts_is_refused_with_the_nearest(
    spec: ModelSpec, first: str, nearest: str
) -> None:
    with pytest.raises(MlopsError, match=f"--from {first}: .* nearest one starts on {nearest}"):
        days(spec, first, None)


@pytest.mark.parametrize("first", ["2013-01-07", "2012-12-31"])
def test_a_day_before_which_nothing_is_known_is_refused(spec: ModelSpec, first: str) -> None:
    with pytest.raises(
        MlopsError, match=r"nearest one starts on 2013-01-07|earliest .* 2013-04-01"
    ):
        days(spec, first, None, first=date(2013, 2, 15))


def test_no_window_at_all_is_refused(spec: ModelSpec) -> None:
    with pytest.raises(MlopsError, match="has ended by 2013-04-05"):
        days(spec, "2013-04-01", "2013-04-05")


def test_without_event_time_there_is_no_past(spec: ModelSpec) -> None:
    features = spec.features.model_copy(update={"event_time": None})
    timeless = spec.model_copy(update={"features": features})
    with pytest.raises(MlopsError, match="has no event time"):
        days(timeless, "2013-04-01", None)


def test_a_replay_goes_on_from_where_it_began(spec: ModelSpec, tmp_path: Path) -> None:
    assert kept_plan(tmp_path) is None
    begun = planned_windows(spec, PAST, None, date(2013, 4, 1), date(2013, 4, 21))
    keep_plan(tmp_path, begun)
    kept = kept_plan(tmp_path)
    assert kept == KeptPlan(first=date(2013, 4, 1), last=date(2013, 4, 21))
    assert planned_windows(spec, PAST, kept, None, None) == begun
    longer = planned_windows(spec, PAST, kept, date(2013, 4, 1), date(2013, 5, 5))
    assert longer[:3] == begun
    assert str(longer[-1].last_day) == "2013-05-05"
    with pytest.raises(MlopsError, match=r"replay of flight_delay from 2013-04-01.*MLOPS_HOME"):
        planned_windows(spec, PAST, kept, date(2013, 4, 8), None)
