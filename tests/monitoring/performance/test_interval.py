import numpy as np
import pytest
from scipy.stats import bootstrap, linregress

from mlops_platform.monitoring.performance.interval import clustered_mean, doubt_of_easier_rows


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
        rises.append(increase.less_sure_by(tested).interval(0.9).lower > 0)
        bold.append(increase.interval(0.9).lower > 0)

    assert np.mean(rises) == pytest.approx(0.05, abs=0.02)
    assert np.mean(bold) > 0.08


def test_a_sure_promise_leaves_an_interval_as_it_is():
    mean = clustered_mean(*week(np.random.default_rng(0)))

    assert mean.less_sure_by(mean._replace(error=0.0)) == mean


def hard_days(random, level=3.0, days=7):
    """Losses that grow less than in proportion to hardness, this hardness, and their days."""
    rows = random.integers(80, 120, days)
    hardness = np.repeat(random.lognormal(level, 0.4, days), rows)
    of_day = np.repeat(random.normal(0, 1, days), rows)
    losses = hardness - hardness**2 / 400 + of_day + random.normal(0, 1, len(hardness))
    return losses, hardness, np.repeat(np.arange(days), rows)


def test_a_promise_of_days_that_were_harder_is_in_doubt():
    random = np.random.default_rng(0)
    alarms, bold = [], []
    for _ in range(500):
        losses, hardness, days = hard_days(random, level=3.7)
        promised = losses.mean() / hardness.mean()
        excesses = losses - promised * hardness
        tested, of_test = clustered_mean(excesses, days), (excesses, hardness, days)
        # Nothing has changed but the weather.
        losses, hardness, days = hard_days(random)
        increase = clustered_mean(losses - promised * hardness, days)
        doubt = doubt_of_easier_rows(*of_test, hardness.mean())
        unsure = tested._replace(error=(tested.error**2 + doubt) ** 0.5)
        bold.append(increase.less_sure_by(tested).interval(0.98).lower > 0)
        alarms.append(increase.less_sure_by(unsure).interval(0.98).lower > 0)

    assert np.mean(alarms) < np.mean(bold) / 2


def test_the_doubt_is_that_of_the_slope_of_the_means_of_days():
    random = np.random.default_rng(3)
    hardness, excesses = random.lognormal(3, 0.4, 9), random.normal(0, 1, 9)
    line = linregress(hardness, excesses)

    doubt = doubt_of_easier_rows(excesses, hardness, np.arange(9), hardness.mean() - 5)

    assert doubt == pytest.approx((5 * line.stderr) ** 2)
    assert doubt_of_easier_rows(excesses, hardness, np.arange(9), hardness.mean() + 5) == 0.0
    assert doubt_of_easier_rows(excesses, np.ones(9), np.arange(9), 0.5) == 0.0
    assert doubt_of_easier_rows(excesses[:2], hardness[:2], np.arange(2), 0.5) == 0.0


def test_a_weight_counts_like_rows_and_a_row_without_a_value_not_at_all():
    losses, hardness, days = hard_days(np.random.default_rng(4))
    weights = np.random.default_rng(5).integers(1, 4, len(losses))
    repeated = [np.repeat(column, weights) for column in (losses, hardness, days)]
    of_some = np.where(days == 3, np.nan, losses)
    there = days != 3

    weighted = doubt_of_easier_rows(losses, hardness, days, 15.0, weights.astype(float))

    assert weighted == pytest.approx(doubt_of_easier_rows(*repeated, 15.0))
    assert doubt_of_easier_rows(of_some, hardness, days, 15.0) == pytest.approx(
        doubt_of_easier_rows(losses[there], hardness[there], days[there], 15.0)
    )
