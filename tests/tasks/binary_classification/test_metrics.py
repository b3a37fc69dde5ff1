import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.spec import CostSpec
from mlops_platform.tasks.binary_classification.metrics import (
    calibration_bins,
    calibration_error,
    confusion_at,
    expected_cost,
    measure,
    row_losses,
    score,
)

row = st.tuples(st.booleans(), st.floats(0, 1) | st.sampled_from([0.0, 0.2, 0.5, 1.0]))
samples = st.lists(row, min_size=1, max_size=60)
bins = st.integers(2, 15)


def arrays(rows):
    labels = np.array([label for label, _ in rows], dtype=np.int64)
    return labels, np.array([score for _, score in rows], dtype=np.float64)


@given(samples, bins)
def test_calibration_error_lies_between_the_overall_bias_and_the_mean_row_error(rows, bins):
    labels, scores = arrays(rows)

    error = calibration_error(labels, scores, bins)

    assert error >= abs(labels.mean() - scores.mean()) - 1e-12
    assert error <= np.abs(labels - scores).mean() + 1e-12


@given(samples, bins, st.randoms())
def test_calibration_error_does_not_depend_on_the_order_of_the_rows(rows, bins, random):
    shuffled = random.sample(rows, len(rows))

    assert calibration_error(*arrays(rows), bins) == pytest.approx(
        calibration_error(*arrays(shuffled), bins), abs=1e-12
    )


@given(samples, bins)
def test_calibration_bins_hold_every_row_once_and_equal_scores_together(rows, bins):
    labels, scores = arrays(rows)

    found = calibration_bins(labels, scores, bins)

    assert sum(one.rows for one in found) == len(rows)
    assert sum(one.rows * one.observed for one in found) == pytest.approx(labels.sum())
    assert 1 <= len(found) <= bins
    predicted = [one.predicted for one in found]
    assert predicted == sorted(predicted)
    if len(np.unique(scores)) == 1:
        assert len(found) == 1


def test_calibration_bins_of_distinct_scores_are_of_equal_size():
    scores = np.random.default_rng(0).permutation(100) / 100

    found = calibration_bins(np.zeros(100, dtype=np.int64), scores, 10)

    assert [one.rows for one in found] == [10] * 10


def test_frequencies_that_match_the_scores_have_no_calibration_error():
    scores = np.repeat([0.25, 0.75], 4)
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])

    assert calibration_error(labels, scores, 2) == 0
    assert calibration_error(1 - labels, scores, 2) == pytest.approx(0.5)


@pytest.mark.parametrize("metric", ["log_loss", "brier_score"])
@given(rows=samples)
def test_row_losses_average_to_scikit_learns_metric(metric, rows):
    labels, scores = arrays(rows)

    assert row_losses(metric, labels, scores).mean() == pytest.approx(score(metric, labels, scores))


def test_a_score_that_equals_the_threshold_is_decided_positive():
    confusion = confusion_at(np.array([1, 0, 1]), np.array([0.5, 0.49, 0.2]), 0.5)

    assert confusion.model_dump() == {
        "true_negatives": 1,
        "false_positives": 0,
        "false_negatives": 1,
        "true_positives": 1,
    }


def test_expected_cost_is_the_mean_cost_of_a_decision():
    confusion = confusion_at(np.array([1, 0, 0, 0]), np.array([0.1, 0.9, 0.9, 0.1]), 0.5)

    cost = expected_cost(confusion, CostSpec(false_positive=2, false_negative=5))

    assert cost == (2 * 2 + 5 * 1) / 4


def test_headline_numbers_of_a_small_example():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])

    found = measure(labels, scores, 0.5, CostSpec(), bins=2)

    assert found.roc_auc == 0.75
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.brier_score == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert found.average_precision == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_precision_is_zero_where_nothing_is_decided_positive():
    assert measure(np.array([0, 1]), np.array([0.1, 0.2]), 0.5, CostSpec(), bins=2).precision == 0
