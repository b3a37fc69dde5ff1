import numpy as np
import pytest
from scipy.stats import bootstrap

from mlops_platform.monitoring.performance.interval import clustered_mean


def week(random, days=7):
    """Rows around the level of their day, more on some days; the mean of all days is 0."""
    rows = random.integers(80, 120, days)
    level = np.repeat(random.normal(0, 1, days), rows)
    return level + random.normal(0, 0.5, len(level)), np.repeat(np.arange(days), rows)


@pytest.mark.parametrize("days", [3, 7, 28])
def test_nine_of_ten_intervals_hold_the_mean_although_days_differ(days):
    random = np.random.default_rng(0)
    found = [clustered_mean(*week(random, days)).interval(0.9) for _ in range(500)]

    held = np.mean([one.lower <= 0 <= one.upper for one in found])

    assert 0.86 <= held <= 0.94


def test_with_many_days_it_is_the_interval_of_a_bootstrap_over_days():
    values, days = week(np.random.default_rng(1), days=200)
    sums, rows = np.bincount(days, weights=values), np.bincount(days)

    found = clustered_mean(values, days).interval(0.9)

    resampled = bootstrap(
        (sums, rows),
        lambda sums, rows, axis: sums.sum(axis=axis) / rows.sum(axis=axis),
        paired=True,
        confidence_level=0.9,
        method="percentile",
        random_state=np.random.default_rng(2),
    ).confidence_interval
    assert found.lower == pytest.approx(resampled.low, abs=0.01)
    assert found.upper == pytest.approx(resampled.high, abs=0.01)


def test_rows_without_a_value_have_no_part_in_it():
    values, days = week(np.random.default_rng(1))
    weights = np.random.default_rng(2).uniform(1, 3, len(values))
    has_part = np.random.default_rng(3).random(len(values)) < 0.3
    of_some = np.where(has_part, values, np.nan)

    for counted in (None, weights):
        own = None if counted is None else counted[has_part]
        alone = clustered_mean(values[has_part], days[has_part], own)
        assert clustered_mean(of_some, days, counted) == alone
    assert clustered_mean(np.full(len(values), np.nan), days) is None


@pytest.mark.parametrize("days", [0, 1, 2])
def test_two_days_say_nothing_of_how_much_days_differ(days):
    assert clustered_mean(*week(np.random.default_rng(0), days)) is None


def test_what_is_compared_with_a_few_days_is_as_unsure_as_these():
    random = np.random.default_rng(0)
    rises, bold = [], []
    for _ in range(600):
        tested, now = (clustered_mean(*week(random, days)) for days in (7, 7))
        # Nothing has changed: both have the mean 0, and the promise is what the test has seen.
        increase = now._replace(mean=now.mean - tested.mean)
        rises.append(increase.less_sure_by(tested, 1.0).interval(0.9).lower > 0)
        bold.append(increase.interval(0.9).lower > 0)

    assert np.mean(rises) == pytest.approx(0.05, abs=0.02)
    assert np.mean(bold) > 0.08


def test_a_sure_promise_leaves_an_interval_as_it_is():
    mean = clustered_mean(*week(np.random.default_rng(0)))

    assert mean.less_sure_by(mean._replace(error=0.0), 1.0) == mean
