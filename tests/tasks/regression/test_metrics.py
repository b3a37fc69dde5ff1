import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error

from mlops_platform.tasks.regression.metrics import absolute_errors, covered, interval_scores

NUMBERS = st.floats(-1000, 1000)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=20)


@given(rows=ROWS)
def test_the_mean_absolute_error_is_that_of_scikit_learn(rows):
    targets, predictions, _ = np.array(rows).T

    expected = mean_absolute_error(targets, predictions)
    assert absolute_errors(targets, predictions).mean() == pytest.approx(expected)


def test_a_miss_costs_its_distance_and_the_rarer_the_more():
    targets, ends = np.array([5.0, -1.0, 12.0]), (np.zeros(3), np.full(3, 10.0))

    assert interval_scores(targets, *ends, 0.9) == pytest.approx([10, 30, 50])
    assert interval_scores(targets, *ends, 0.8) == pytest.approx([10, 20, 30])


def test_the_ends_of_an_interval_belong_to_it():
    inside = covered(np.array([0.0, 10.0, 10.1]), np.zeros(3), np.full(3, 10.0))

    assert inside.tolist() == [True, True, False]
