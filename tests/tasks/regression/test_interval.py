import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.regression.interval import least_reach, reaches_of, row_interval

NUMBERS = st.floats(-1e6, 1e6)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=20)
FACTORS = st.floats(0, 100)


@given(rows=ROWS, factor=FACTORS)
def test_an_interval_holds_its_prediction_whatever_the_quantile_predictions(rows, factor):
    predictions, lower, upper, _ = np.array(rows).T

    lower_ends, upper_ends = reaches_of(predictions, lower, upper, 0.5).intervals(factor)

    assert (lower_ends <= predictions).all()
    assert (predictions <= upper_ends).all()
    assert np.isfinite(upper_ends - lower_ends).all()


@given(rows=ROWS, factor=FACTORS)
def test_a_target_is_inside_just_where_its_score_is_no_greater_than_the_factor(rows, factor):
    predictions, lower, upper, targets = np.array(rows).T
    reaches = reaches_of(predictions, lower, upper, 0.5)
    scores = reaches.scores(targets)

    lower_ends, upper_ends = reaches.intervals(factor)

    inside = (targets >= lower_ends) & (targets <= upper_ends)
    clear = np.abs(scores - factor) > 1e-9 * (1 + factor + np.abs(predictions))
    assert (inside == (scores <= factor))[clear].all()


@given(rows=ROWS, factors=st.tuples(FACTORS, FACTORS))
def test_a_greater_factor_gives_an_interval_around_the_other(rows, factors):
    predictions, lower, upper, _ = np.array(rows).T
    reaches = reaches_of(predictions, lower, upper, 0.5)

    inner, outer = (reaches.intervals(factor) for factor in sorted(factors))

    assert (outer[0] <= inner[0]).all()
    assert (inner[1] <= outer[1]).all()


def test_a_factor_of_one_gives_the_quantile_predictions():
    reaches = reaches_of(np.array([10.0]), np.array([4.0]), np.array([30.0]), 0.1)

    assert reaches.intervals(1) == (np.array([4.0]), np.array([30.0]))
    assert reaches.scores(np.array([30.0])) == 1
    assert reaches.scores(np.array([7.0])) == 0.5


@given(rows=ROWS, factor=FACTORS)
def test_one_row_without_numpy_has_the_same_interval(rows, factor):
    predictions, lower, upper, _ = np.array(rows).T

    lower_ends, upper_ends = reaches_of(predictions, lower, upper, 0.5).intervals(factor)

    for position, numbers in enumerate(zip(predictions, lower, upper, strict=True)):
        ends = row_interval(tuple(map(float, numbers)), 0.5, factor)
        assert ends == (lower_ends[position], upper_ends[position])


def test_the_least_reach_is_a_share_of_the_mean_width():
    widths = np.array([10.0, 20.0, 900.0])

    assert least_reach(np.zeros(3), widths) == pytest.approx(3.1)


def test_a_model_without_any_width_still_has_a_positive_least_reach():
    zeros = np.zeros(3)

    reaches = reaches_of(zeros, zeros, zeros, least_reach(zeros, zeros))

    assert np.isfinite(reaches.scores(np.array([-1.0, 0.0, 1.0]))).all()
    assert reaches.scores(np.array([0.0, 0.0, 0.0])) == pytest.approx(0)
