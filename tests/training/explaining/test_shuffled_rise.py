"""Intervals of importances hold what they promise, and know weights and units."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.spec import FEWEST_UNITS
from mlops_platform.training.explaining.shuffled_rise import ShuffledRise

SHUFFLES = 3


def draw(random: np.random.Generator, rows: int, units: int, between: float) -> ShuffledRise:
    """Of a column that decides the target, with what the days of rows share."""
    unit = np.arange(rows) % units
    column = random.normal(size=rows) + between * random.normal(size=units)[unit]
    target = column + random.normal(size=rows) + between * random.normal(size=units)[unit]
    orders = np.stack([random.permutation(rows) for _ in range(SHUFFLES)])
    rises = (target - column[orders]) ** 2 - (target - column) ** 2
    return ShuffledRise.of(rises, orders, None, unit)


@pytest.mark.parametrize(
    ("rows", "units", "between"), [(200, 200, 0.0), (400, 14, 0.0), (400, 14, 0.4), (400, 40, 0.6)]
)
def test_an_interval_holds_the_true_importance_as_often_as_it_says(
    rows: int, units: int, between: float
) -> None:
    random = np.random.default_rng(7)
    truth = 2 * (1 + between**2)
    found = [draw(random, rows, units, between) for _ in range(400)]
    held = np.mean([rise.lower <= truth <= rise.upper for rise in found])
    assert 0.91 <= held <= 0.995
    widths = np.mean([rise.upper - rise.lower for rise in found])
    assert widths < 2.5 * 2 * 1.96 * np.std([rise.mean for rise in found])


def test_an_interval_that_takes_rows_of_a_day_for_independent_would_hold_too_seldom() -> None:
    random, held = np.random.default_rng(1), []
    for _ in range(200):
        unit = np.arange(600) % 20
        effect = random.normal(size=20)
        rises = effect[unit][None, :].repeat(SHUFFLES, axis=0)
        orders = np.stack([random.permutation(600) for _ in range(SHUFFLES)])
        by_day = ShuffledRise.of(rises, orders, None, unit)
        by_row = ShuffledRise.of(rises, orders, None, np.arange(600))
        held.append((by_day.lower <= 0 <= by_day.upper, by_row.lower <= 0 <= by_row.upper))
    of_days, of_rows = np.mean(held, axis=0)
    assert of_days > 0.9
    assert of_rows < 0.7


def test_what_a_useless_column_gives_is_seldom_sure() -> None:
    """The model leans a little on noise; in truth that neither helps nor costs anything."""
    random, sure = np.random.default_rng(3), []
    for _ in range(600):
        column, target = random.normal(size=(2, 200))
        orders = np.stack([random.permutation(200) for _ in range(SHUFFLES)])
        rises = (target - 0.3 * column[orders]) ** 2 - (target - 0.3 * column) ** 2
        sure.append(ShuffledRise.of(rises, orders, None, np.arange(200)).is_sure)
    assert np.mean(sure) <= 0.025


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(1, 40),
    units=st.integers(1, 12),
    scale=st.floats(1e-6, 1e6),
)
@settings(max_examples=60, deadline=None)
def test_properties(seed: int, rows: int, units: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    rises = random.normal(size=(SHUFFLES, rows))
    orders = np.stack([random.permutation(rows) for _ in range(SHUFFLES)])
    unit, weights = random.integers(0, units, rows), random.uniform(0.1, 3, rows)
    found = ShuffledRise.of(rises, orders, weights, unit)
    assert found.mean == pytest.approx(np.average(rises.mean(axis=0), weights=weights))
    # Weights have no unit, and the loss has any.
    scaled = ShuffledRise.of(scale * rises, orders, 7 * weights, unit)
    assert scaled.mean == pytest.approx(scale * found.mean, rel=1e-9, abs=1e-12 * scale)
    equal = ShuffledRise.of(rises, orders, np.full(rows, 2.0), unit)
    assert equal.mean == pytest.approx(ShuffledRise.of(rises, orders, None, unit).mean)
    if len(np.unique(unit)) < FEWEST_UNITS:
        assert (found.lower, found.upper, found.is_sure) == (None, None, None)
        return
    assert found.lower <= found.mean <= found.upper
    assert found.is_sure is (found.lower > 0)
    assert scaled.upper - scaled.mean == pytest.approx(
        scale * (found.upper - found.mean), rel=1e-6, abs=1e-12 * scale
    )
    plain = ShuffledRise.of(rises, orders, None, unit)
    assert equal.upper == pytest.approx(plain.upper)


def test_a_weight_counts_as_many_rows() -> None:
    """In the mean; how sure it is follows from the rows that are there."""
    rises, orders = np.array([[1.0, 2.0, 6.0]]), np.array([[0, 1, 2]])
    weighted = ShuffledRise.of(rises, orders, np.array([1.0, 1.0, 2.0]), np.arange(3))
    twice = ShuffledRise.of(rises[:, [0, 1, 2, 2]], np.arange(4)[None], None, np.arange(4))
    assert weighted.mean == twice.mean == 3.75


def test_a_column_that_changes_nothing_is_not_surely_important() -> None:
    nothing = ShuffledRise.of(np.zeros((3, 9)), np.tile(np.arange(9), (3, 1)), None, np.arange(9))
    assert (nothing.mean, nothing.lower, nothing.upper) == (0.0, 0.0, 0.0)
    assert nothing.is_sure is False
