from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.monitoring.rollout.arms import LEAST_DAYS, ArmComparison, ArmRows, compare_arms

FIRST = date(2013, 7, 1)
COMPARED: dict[str, Any] = {"loss_name": "log loss", "confidence": 0.8}


def _days(at: np.ndarray) -> np.ndarray:
    return np.datetime64(FIRST) + at.astype("timedelta64[D]")


def _shadow(differences_by_day: list[list[float]], confidence: float = 0.8) -> ArmComparison:
    """Both arms on the same rows; the champion loses 0.5 on each of them."""
    at = np.repeat(np.arange(len(differences_by_day)), [len(one) for one in differences_by_day])
    differences = np.concatenate(differences_by_day)
    rows = len(at)
    found = compare_arms(
        ArmRows(
            np.repeat([False, True], rows),
            _days(np.tile(at, 2)),
            np.concatenate([np.full(rows, 0.5), 0.5 + differences]),
            np.full(2 * rows, 0.6),
        ),
        loss_name="log loss",
        confidence=confidence,
    )
    assert found is not None
    return found


def test_over_equal_days_it_is_the_interval_of_the_mean_of_the_days() -> None:
    from scipy.stats import t

    means = [0.01, 0.03, 0.02, 0.06]
    found = _shadow([[mean - 0.1, mean + 0.1] for mean in means], 0.9)
    half = t.ppf(0.9, 3) * np.std(means, ddof=1) / 2
    assert found.difference == pytest.approx(0.03)
    assert (found.lower, found.upper) == pytest.approx((0.03 - half, 0.03 + half))
    assert (found.champion_rows, found.challenger_rows, found.days) == (8, 8, 4)


def test_rows_of_one_day_are_not_independent() -> None:
    """A thousand rows of each day, alike within it, know no more than one row of each."""
    few = _shadow([[-0.1], [0.2], [0.1]])
    many = _shadow([[-0.1] * 1000, [0.2] * 1000, [0.1] * 1000])
    assert (many.lower, many.upper) == pytest.approx((few.lower, few.upper))


def test_fewer_days_than_needed_have_no_interval() -> None:
    found = _shadow([[0.1, 0.2]] * (LEAST_DAYS - 1))
    assert (found.lower, found.upper) == (None, None)
    assert found.difference == pytest.approx(0.15)


def test_the_arm_with_the_harder_rows_is_not_the_worse_one() -> None:
    """In a canary, what the baseline loses on the same rows is subtracted."""
    at = np.tile(np.arange(4), 2)
    hard = np.repeat([0.0, 0.2], 4)
    found = compare_arms(
        ArmRows(np.repeat([False, True], 4), _days(at), 0.5 + hard, 0.6 + hard),
        loss_name="log loss",
        confidence=0.8,
    )
    assert found is not None
    assert found.challenger_loss - found.champion_loss == pytest.approx(0.2)
    assert found.difference == pytest.approx(0.0)
    assert found.upper == pytest.approx(0.0)


def test_only_days_with_rows_of_both_arms_count() -> None:
    challenger = np.array([False] * 5 + [True] * 4)
    days = _days(np.array([0, 1, 2, 3, 4, 1, 2, 3, 9]))
    losses = np.array([9.0, 0.5, 0.5, 0.5, 9.0, 0.4, 0.4, 0.4, 9.0])
    found = compare_arms(ArmRows(challenger, days, losses, np.zeros(9)), **COMPARED)
    assert found is not None
    assert (found.days, found.champion_rows, found.challenger_rows) == (3, 3, 3)
    assert found.difference == pytest.approx(-0.1)


def test_without_a_common_day_there_is_no_comparison() -> None:
    arms, days = np.array([False, True]), _days(np.arange(2))
    assert compare_arms(ArmRows(arms, days, *np.ones((2, 2))), **COMPARED) is None


@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=1, max_size=4), min_size=LEAST_DAYS, max_size=8)
)
def test_exchanging_the_arms_mirrors_the_interval(differences: list[list[float]]) -> None:
    one = _shadow(differences)
    other = _shadow([[-value for value in day] for day in differences])
    assert one.lower is not None
    assert one.lower <= one.difference <= one.upper
    assert (one.difference, one.lower) == pytest.approx(
        (-other.difference, -other.upper), abs=1e-12
    )


def test_the_one_sided_bound_is_kept_as_often_as_it_says_even_over_few_days() -> None:
    """Days of unequal size and of their own weather; the truth is a difference of 0."""
    generator = np.random.default_rng(0)
    kept = 0
    for _ in range(1000):
        sizes = generator.integers(20, 60, 5)
        weather = generator.normal(0, 0.05, 5)
        rows = [
            effect + generator.normal(0, 0.2, size)
            for effect, size in zip(weather, sizes, strict=True)
        ]
        found = _shadow([list(one) for one in rows])
        kept += found.upper is not None and found.upper >= 0
    # 0.8 declared; 0.025 is twice the standard error of the simulation.
    assert kept / 1000 == pytest.approx(0.8, abs=0.03)


def test_it_does_not_matter_in_which_order_rows_come() -> None:
    generator = np.random.default_rng(1)
    challenger = generator.random(200) < 0.3
    days, losses = _days(generator.integers(0, 5, 200)), generator.random(200)
    base = generator.random(200)
    order = generator.permutation(200)
    rows = ArmRows(challenger, days, losses, base)
    one = compare_arms(rows, **COMPARED)
    other = compare_arms(
        ArmRows(challenger[order], days[order], losses[order], base[order]), **COMPARED
    )
    assert one is not None
    assert other is not None
    assert one.model_dump() == pytest.approx(other.model_dump())
