"""Means of groups and their gaps: against scikit-learn, SciPy and simulations."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from mlops_platform.fairness.group_means import GroupMeans, group_means
from mlops_platform.spec import FEWEST_UNITS


def rates_of(
    shares: tuple[float, ...], rows: int, random: np.random.Generator, days: int | None = None
) -> GroupMeans:
    """Shares of groups; with days, each of which moves all groups alike."""
    codes = random.integers(0, len(shares), rows)
    units = np.arange(rows) if days is None else random.integers(0, days, rows)
    moved = np.zeros(rows) if days is None else random.normal(0, 0.08, days)[units]
    chances = np.clip(np.array(shares)[codes] + moved, 0, 1)
    values = (random.random(rows) < chances).astype(float)
    return group_means(values, codes, len(shares), units, None, is_rate=True)


@given(st.integers(0, 60), st.integers(1, 200))
def test_the_interval_of_a_share_of_independent_rows_is_that_of_wilson(
    positives: int, others: int
) -> None:
    rows = positives + others
    values = np.repeat([1.0, 0.0], [positives, others])
    means = group_means(values, np.zeros(rows, int), 1, np.arange(rows), None, is_rate=True)
    ends = means.interval(0, 0.95)
    if rows < FEWEST_UNITS:
        assert ends is None
        return
    exact = binomtest(positives, rows).proportion_ci(0.95, method="wilson")
    assert ends == pytest.approx((exact.low, exact.high), abs=1e-12)


def test_the_interval_of_a_difference_is_that_of_newcombe() -> None:
    # Newcombe 1998, table II, method 10: (a) 56/70 - 48/80, (c) 6/7 - 2/7.
    for (first, of_first), (second, of_second), expected in (
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
    ):
        values = np.repeat([1.0, 0.0] * 2, [first, of_first - first, second, of_second - second])
        codes = np.repeat([0, 1], [of_first, of_second])
        means = group_means(values, codes, 2, np.arange(len(values)), None, is_rate=True)
        assert means.difference(0, 1, 0.95) == pytest.approx(expected, abs=6e-5)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_weights_that_are_whole_numbers_are_repeated_rows(seed: int) -> None:
    random = np.random.default_rng(seed)
    values, codes = random.normal(size=80), random.integers(0, 3, 80)
    days, weights = random.integers(0, 9, 80), random.integers(1, 4, 80)
    weighted = group_means(values, codes, 3, days, weights.astype(float))
    values, codes, days = (np.repeat(of, weights) for of in (values, codes, days))
    repeated = group_means(values, codes, 3, days, None)
    assert weighted.means == pytest.approx(repeated.means)
    assert weighted.variances == pytest.approx(repeated.variances)


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_gaps_lie_in_their_intervals_and_turn_their_sign_with_the_groups(
    seed: int, by_day: bool
) -> None:
    random = np.random.default_rng(seed)
    means = rates_of((0.1, 0.5, 0.9), 120, random, 8 if by_day else None)
    for first, second in combinations(range(3), 2):
        there, back = means.difference(first, second, 0.9), means.difference(second, first, 0.9)
        assert there is not None
        assert back is not None
        assert back.upper is not None
        gap = means.means[first] - means.means[second]
        assert there.lower <= gap <= (there.upper or 0.0)
        assert (there.lower, there.upper) == pytest.approx((-back.upper, -back.lower))
        ratio = means.ratio(first, second, 0.9)
        if ratio is not None:
            value = means.means[first] / means.means[second]
            assert 0 <= ratio.lower <= value + 1e-12
            assert ratio.upper is None or value - 1e-12 <= ratio.upper


@given(st.floats(0.5, 0.99))
@settings(max_examples=30, deadline=None)
def test_surer_intervals_are_wider(level: float) -> None:
    means = rates_of((0.3, 0.4), 200, np.random.default_rng(1))
    wide, narrow = means.difference(0, 1, 0.995), means.difference(0, 1, level)
    assert wide is not None
    assert narrow is not None
    assert wide.lower < narrow.lower
    assert (wide.upper or 0.0) > (narrow.upper or 0.0)


def false_alarms(draws: Iterator[GroupMeans], level: float) -> float:
    """Share of draws in which some difference surely is none of 0."""
    found = []
    for means in draws:
        ends = [means.difference(*pair, level) for pair in combinations(range(len(means.rows)), 2)]
        found.append(any(end and (end.lower > 0 or (end.upper or 0.0) < 0) for end in ends))
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("share", "groups", "days"), [(0.2, 2, None), (0.05, 4, None), (0.2, 2, 7), (0.05, 4, 7)]
)
def test_equal_groups_surely_differ_no_more_often_than_is_said(
    share: float, groups: int, days: int | None
) -> None:
    random, pairs = np.random.default_rng(3), groups * (groups - 1) // 2
    draws = (rates_of((share,) * groups, 500, random, days) for _ in range(300))
    # 5 % are promised; of 300 draws at 5 % more than 8.4 % are 1 in 200.
    assert false_alarms(draws, 1 - 0.05 / pairs) <= 0.084


def test_equal_means_surely_differ_no_more_often_than_is_said() -> None:
    random = np.random.default_rng(4)

    def drawn() -> GroupMeans:
        codes, days = random.integers(0, 2, 400), random.integers(0, 12, 400)
        values = random.exponential(size=400) + random.normal(0, 0.5, 12)[days]
        return group_means(values, codes, 2, days, None)

    assert false_alarms((drawn() for _ in range(300)), 0.95) <= 0.084


def test_a_real_difference_is_found() -> None:
    random = np.random.default_rng(5)
    draws = (rates_of((0.2, 0.4), 600, random, 14) for _ in range(100))
    assert false_alarms(draws, 0.95) > 0.9


def test_where_all_rows_of_a_group_are_alike_its_days_still_count() -> None:
    random = np.random.default_rng(6)
    days = np.repeat(np.arange(10), 80)
    codes = np.tile([0, 1], 400)
    values = np.where(codes == 0, (random.random(10) < 0.5)[days], 0).astype(float)
    means = group_means(values, codes, 2, days, None, is_rate=True)
    alone = group_means(
        values[codes == 1], np.zeros(400, int), 1, days[codes == 1], None, is_rate=True
    )
    by_days, by_itself = means.interval(1, 0.95), alone.interval(0, 0.95)
    assert by_days is not None
    assert by_itself is not None
    assert (by_days.upper or 0.0) > 5 * (by_itself.upper or 0.0)


def test_of_too_few_days_and_of_no_row_nothing_is_said() -> None:
    values, codes = np.ones(40), np.zeros(40, int)
    means = group_means(values, codes, 2, np.repeat([0, 1], 20), None, is_rate=True)
    assert means.interval(0, 0.9) is None
    assert means.interval(1, 0.9) is None
    assert np.isnan(means.means[1])
    assert means.difference(0, 1, 0.9) is None
    assert means.ratio(0, 1, 0.9) is None


def test_a_ratio_whose_divisor_may_be_nothing_has_no_upper_end() -> None:
    values, codes = np.array([1.0, 0, 0, 0, 0, 9, 0, 0, 0, 0]), np.repeat([0, 1], 5)
    means = group_means(values, codes, 2, np.arange(10), None)
    unsigned = GroupMeans(**{**vars(means), "signed": False})
    ratio = unsigned.ratio(0, 1, 0.95)
    assert ratio is not None
    assert ratio.lower == 0.0
    assert ratio.upper is None


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_ratio_and_the_difference_from_so_many_times_the_other_agree(
    seed: int, by_day: bool
) -> None:
    """At the ends of the ratio r the interval of `first - r * second` ends at 0."""
    random = np.random.default_rng(seed)
    means = rates_of((0.2, 0.3), 90, random, 8 if by_day else None)
    ratio, first, second = means.ratio(0, 1, 0.9), means.interval(0, 0.9), means.interval(1, 0.9)
    if ratio is None or first is None or second is None:
        return
    over, under, shared = means.means[0], means.means[1], means.correlations[0, 1]
    below, above = over - first.lower, (second.upper or 0.0) - under
    reach = np.sqrt(
        below**2 + (ratio.lower * above) ** 2 - 2 * shared * ratio.lower * below * above
    )
    assert over - ratio.lower * under == pytest.approx(reach, abs=1e-9)
    if ratio.upper is not None:
        above, below = (first.upper or 0.0) - over, under - second.lower
        reach = np.sqrt(
            above**2 + (ratio.upper * below) ** 2 - 2 * shared * ratio.upper * above * below
        )
        assert ratio.upper * under - over == pytest.approx(reach, abs=1e-9)


def test_a_ratio_of_groups_that_always_move_together_is_not_lost_to_rounding() -> None:
    # Twice the other on every day: under the root is nothing but what rounding leaves.
    random = np.random.default_rng(0)
    for _ in range(200):
        days = np.repeat(np.arange(8), 2)
        level = np.repeat(random.random(8) + 0.1, 2)
        means = group_means(level * np.tile([2.0, 1.0], 8), np.tile([0, 1], 8), 2, days, None)
        ratio = GroupMeans(**{**vars(means), "signed": False}).ratio(0, 1, 0.95)
        assert ratio is None or ratio.lower <= 2 + 1e-9
