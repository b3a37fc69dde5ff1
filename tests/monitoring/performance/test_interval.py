import numpy as np
import pytest

from mlops_platform.monitoring.performance.interval import day_block_interval


def week(random, rows_of_a_day=100, days=7):
    """Rows around the level of their day; the mean of all days is 0."""
    level = random.normal(0, 1, days)
    values = (level[:, None] + random.normal(0, 0.5, (days, rows_of_a_day))).ravel()
    return values, np.repeat(np.arange(days), rows_of_a_day)


def test_nine_of_ten_intervals_hold_the_mean_although_days_differ():
    random = np.random.default_rng(0)
    found = [day_block_interval(*week(random), 0.9, seed=1) for _ in range(300)]

    held = np.mean([one.lower <= 0 <= one.upper for one in found])

    assert 0.85 <= held <= 0.95


def test_the_interval_is_the_same_for_the_same_seed_and_wider_for_more_confidence():
    values, days = week(np.random.default_rng(3))

    found = day_block_interval(values, days, 0.8, seed=1)
    surer = day_block_interval(values, days, 0.95, seed=1)

    assert found == day_block_interval(values, days, 0.8, seed=1)
    assert surer.lower < found.lower < values.mean() < found.upper < surer.upper


@pytest.mark.parametrize("days", [1, 2])
def test_two_days_say_nothing_of_how_much_days_differ(days):
    assert day_block_interval(*week(np.random.default_rng(0), days=days), 0.9, seed=1) is None
