"""How much of the past a retraining reads, and what it says about it."""

from datetime import UTC, datetime, timedelta

import pytest

from mlops_platform.monitoring.policy.history_choice import RecommendedHistory, choose_history
from mlops_platform.spec import HistorySpec, RollingSpan

AS_OF = datetime(2013, 9, 2, 4, tzinfo=UTC)
NEW_YORK = "America/New_York"


def chosen(span, *windows, recommended=None, as_of=AS_OF, **other):
    spec = HistorySpec.model_validate({"span": span, **other})
    return choose_history(spec, as_of, windows, recommended, NEW_YORK)


def test_a_declared_history_is_read_as_declared():
    assert chosen("expanding").since is None
    rolling = chosen({"rolling_days": 90})
    assert rolling.since == AS_OF - timedelta(days=90)
    assert rolling.reason == "the latest 90 days"


def test_it_begins_at_midnight_of_the_window_that_first_told_of_the_last_change(make_signals):
    changes = [None, True, True, False, True, True, None]
    windows = [make_signals(at, change_point=found) for at, found in enumerate(changes)]

    history = chosen("since_last_change", *windows)

    assert history.since == datetime(2013, 4, 29, 4, tzinfo=UTC)
    assert history.reason == "since the change of window 2013-04-29"


def test_a_change_that_goes_on_under_the_next_champion_is_one_of_its_own(make_signals):
    before = make_signals(0, change_point=True)
    after = make_signals(1, change_point=True, version=2, release=2)
    assert chosen("since_last_change", before, after).reason.endswith("2013-04-08")


def test_a_recent_change_leaves_the_fewest_days(make_signals):
    history = chosen("since_last_change", make_signals(20, change_point=True), least_days=70)
    assert history.since == AS_OF - timedelta(days=70)
    assert "the latest 70 days" in history.reason


def test_without_a_change_all_that_is_known_is_read(make_signals):
    history = chosen("since_last_change", make_signals(0, change_point=False))
    assert history.since is None
    assert "no change was found" in history.reason


def test_a_change_of_the_future_is_not_known(make_signals):
    windows = [make_signals(at, change_point=True) for at in range(10)]
    early = datetime(2013, 4, 15, 4, tzinfo=UTC)
    assert (
        chosen("since_last_change", make_signals(3, change_point=True), as_of=early).since is None
    )
    assert "2013-04-01" in chosen("since_last_change", *windows, as_of=AS_OF).reason


@pytest.mark.parametrize(("days", "reason"), [(90, "the latest 90 days"), (None, "all that is")])
def test_the_backtest_chooses(days, reason):
    recommended = RecommendedHistory(days=days, made_at=AS_OF - timedelta(days=3))
    history = chosen("chosen_by_backtest", recommended=recommended)
    assert history.since == (None if days is None else AS_OF - timedelta(days=days))
    assert history.reason.startswith(reason)
    assert "the backtest of 2013-08-30 recommends" in history.reason


@pytest.mark.parametrize("later", [None, timedelta(days=1)])
def test_without_a_backtest_so_far_all_that_is_known_is_read(later):
    recommended = None if later is None else RecommendedHistory(days=90, made_at=AS_OF + later)
    history = chosen("chosen_by_backtest", recommended=recommended)
    assert history.since is None
    assert "no backtest has recommended" in history.reason


def test_another_length_keeps_the_split():
    spec = HistorySpec.model_validate({"split": {"test_days": 7}})
    assert spec.with_days(90).span == RollingSpan(rolling_days=90)
    assert spec.with_days(90).split == spec.split
    assert spec.with_days(90).with_days(None) == spec
