import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import d2_absolute_error_score, d2_pinball_score, mean_pinball_loss

from benchmarks.intervals.measures import interval_metrics, pinball_losses, skill
from mlops_platform.tasks.regression.metrics import absolute_errors, interval_scores

NUMBERS = st.floats(-1000, 1000)
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=2, max_size=20)


@given(rows=ROWS, quantile=st.floats(0.01, 0.99))
def test_the_mean_pinball_loss_is_that_of_scikit_learn(rows, quantile):
    targets, predictions, _ = np.array(rows).T

    losses = pinball_losses(targets, predictions, quantile)

    expected = mean_pinball_loss(targets, predictions, alpha=quantile)
    assert losses.mean() == pytest.approx(expected)


@given(rows=ROWS, coverage=st.floats(0.5, 0.99))
def test_the_interval_score_is_that_of_its_two_quantiles(rows, coverage):
    targets, *ends = np.array(rows).T
    lower, upper = np.sort(ends, axis=0)
    tail = (1 - coverage) / 2

    scores = interval_scores(targets, lower, upper, coverage)

    both = pinball_losses(targets, lower, tail) + pinball_losses(targets, upper, 1 - tail)
    assert scores == pytest.approx(both / tail, abs=1e-6)


def test_metrics_are_means_over_weighted_rows():
    targets, lower, upper = np.array([5.0, 40.0]), np.zeros(2), np.array([10.0, 30.0])

    alike = interval_metrics(targets, lower, upper, 0.9)
    weighted = interval_metrics(targets, lower, upper, 0.9, weights=np.array([3.0, 1.0]))

    assert (alike.coverage, alike.width) == (0.5, 20)
    assert alike.interval_score == pytest.approx((10 + 30 + 200) / 2)
    assert (weighted.coverage, weighted.width) == (0.75, 15)


def test_skill_is_scikit_learns_d2_where_the_baseline_knows_the_judged_targets():
    random = np.random.default_rng(0)
    targets = random.normal(size=101)
    predictions = targets + random.normal(size=101)

    median = absolute_errors(targets, np.full(101, np.median(targets)))
    assert skill(absolute_errors(targets, predictions), median) == pytest.approx(
        d2_absolute_error_score(targets, predictions)
    )
    quantile = np.full(101, np.percentile(targets, 90))
    assert skill(
        pinball_losses(targets, predictions, 0.9), pinball_losses(targets, quantile, 0.9)
    ) == pytest.approx(d2_pinball_score(targets, predictions, alpha=0.9))


def test_skill_of_a_baseline_without_loss():
    nothing, something = np.zeros(3), np.ones(3)

    assert skill(nothing, nothing) == 0
    assert skill(something, nothing) == -np.inf
