import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from mlops_platform.errors import DataError
from mlops_platform.tasks.fitting.conformal import conformal_quantile

SCORES = st.lists(st.floats(0, 100), min_size=1, max_size=30).map(np.array)
LEVELS = st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("count", "level", "rank"),
    [(9, 0.9, 9), (19, 0.9, 18), (10, 0.9, 10), (99, 0.95, 95), (2, 0.1, 1), (1, 0.5, 1)],
)
def test_the_quantile_is_the_score_of_its_finite_sample_rank(count, level, rank):
    scores = np.random.default_rng(0).permutation(np.arange(1.0, count + 1))

    assert conformal_quantile(scores, level) == rank


def test_with_too_few_rows_for_the_level_it_is_the_largest_score():
    assert conformal_quantile(np.array([3.0, 8.0, 5.0]), 0.95) == 8


def test_without_any_row_it_says_what_is_missing():
    with pytest.raises(DataError, match="lengthen the validation part"):
        conformal_quantile(np.array([]), 0.9)


@given(scores=SCORES, levels=st.tuples(LEVELS, LEVELS))
def test_a_higher_level_never_has_a_smaller_quantile(scores, levels):
    low, high = sorted(levels)

    assert conformal_quantile(scores, low) <= conformal_quantile(scores, high)


@given(scores=SCORES, level=LEVELS, seed=st.integers(0, 99))
def test_the_order_of_the_rows_does_not_matter(scores, level, seed):
    shuffled = np.random.default_rng(seed).permutation(scores)

    assert conformal_quantile(shuffled, level) == conformal_quantile(scores, level)


@pytest.mark.parametrize("rows", [20, 50, 199])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_exchangeable_rows_are_covered_as_often_as_promised(rows, level):
    random, trials = np.random.default_rng(7), 4000
    drawn = random.lognormal(sigma=2, size=(trials, rows + 1))

    hits = sum(new <= conformal_quantile(known, level) for *known, new in drawn)

    exact = min(np.ceil((rows + 1) * level - 1e-9), rows) / (rows + 1)
    assert binom.ppf(0.001, trials, exact) <= hits <= binom.ppf(0.999, trials, exact)


@given(scores=SCORES, level=LEVELS, seed=st.integers(0, 99))
def test_whole_weights_repeat_rows_but_for_the_weight_of_the_new_row(scores, level, seed):
    """A new row is expected to weigh more than one of the repeated rows does."""
    weights = np.random.default_rng(seed).integers(1, 5, len(scores)).astype(float)
    repeated = np.repeat(scores, weights.astype(int))
    total = weights.sum()
    new_row = (weights**2).sum() / total

    weighted = conformal_quantile(scores, level, weights)

    same_level = level * (total + new_row) / (total + 1)
    assert weighted == conformal_quantile(repeated, same_level)
    assert weighted >= conformal_quantile(repeated, level)


@given(scores=SCORES, level=LEVELS, unit=st.floats(1e-6, 1e6))
def test_the_unit_of_weights_does_not_matter_and_equal_ones_are_none(scores, level, unit):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(scores))

    assert conformal_quantile(scores, level, unit * weights) == (
        conformal_quantile(scores, level, weights)
    )
    assert conformal_quantile(scores, level, np.full(len(scores), unit)) == (
        conformal_quantile(scores, level)
    )


def test_intervals_hold_what_they_promise_of_rows_that_count_by_weight():
    """A third of the rows is noisier and stands for three times as many."""
    random, held = np.random.default_rng(0), []
    for _ in range(300):
        spread, weights = np.tile([1.0, 1.0, 4.0], 20), np.tile([1.0, 1.0, 3.0], 20)
        factor = conformal_quantile(np.abs(random.normal(0, spread)), 0.9, weights)
        held.append(np.average(np.abs(random.normal(0, spread)) <= factor, weights=weights))

    assert np.mean(held) == pytest.approx(0.9, abs=0.02)
