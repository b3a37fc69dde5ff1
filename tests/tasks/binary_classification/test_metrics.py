import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.binary_classification.metrics import (
    calibration_bins,
    calibration_error,
    confusion_of,
    log_losses,
    squared_errors,
)
from mlops_platform.tasks.binary_classification.task import BinaryClassification

row = st.tuples(st.booleans(), st.floats(0, 1) | st.sampled_from([0.0, 0.2, 0.5, 1.0]))
samples = st.lists(row, min_size=1, max_size=60)
bins = st.integers(2, 15)


def predicted_at(threshold, scores):
    """Predictions of these probabilities, decided at a threshold."""
    return BinaryClassification().predictions(scores[:, None], {"threshold": threshold})


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

    points = calibration_bins(labels, scores, bins)

    assert sum(point.rows for point in points) == len(rows)
    assert sum(point.rows * point.observed for point in points) == pytest.approx(labels.sum())
    assert 1 <= len(points) <= bins
    predicted = [point.predicted for point in points]
    assert predicted == sorted(predicted)
    if len(np.unique(scores)) == 1:
        assert len(points) == 1


def test_calibration_bins_of_distinct_scores_are_of_equal_size():
    scores = np.random.default_rng(0).permutation(100) / 100

    points = calibration_bins(np.zeros(100, dtype=np.int64), scores, 10)

    assert [point.rows for point in points] == [10] * 10


def test_frequencies_that_match_the_scores_have_no_calibration_error():
    scores = np.repeat([0.25, 0.75], 4)
    labels = np.array([0, 0, 0, 1, 1, 1, 1, 0])

    assert calibration_error(labels, scores, 2) == 0
    assert calibration_error(1 - labels, scores, 2) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("losses", "mean"),
    [
        (log_losses, lambda labels, scores: log_loss(labels, scores, labels=[0, 1])),
        (squared_errors, lambda labels, scores: brier_score_loss(labels, scores, pos_label=1)),
    ],
)
@given(rows=samples)
def test_row_losses_average_to_scikit_learns_metric(losses, mean, rows):
    labels, scores = arrays(rows)

    assert losses(labels, scores).mean() == pytest.approx(mean(labels, scores))


@given(samples)
def test_a_chosen_loss_is_that_of_the_rows_and_of_the_metric(rows):
    labels, scores = arrays(rows)
    predictions = predicted_at(0.5, scores)

    by_log, by_brier = (
        BinaryClassification(loss=name).row_losses(labels, predictions)
        for name in ("log_loss", "brier_score")
    )

    assert (by_log == log_losses(labels, scores)).all()
    assert (by_brier == squared_errors(labels, scores)).all()


def test_a_score_that_equals_the_threshold_is_decided_positive():
    decisions = predicted_at(0.5, np.array([0.5, 0.49, 0.2]))["decision"]

    confusion = confusion_of(np.array([1, 0, 1]), decisions)

    assert confusion.model_dump() == {
        "true_negatives": 1,
        "false_positives": 0,
        "false_negatives": 1,
        "true_positives": 1,
    }


def test_expected_cost_is_the_mean_cost_of_a_decision():
    labels, scores = np.array([1, 0, 0, 0]), np.array([0.1, 0.9, 0.9, 0.1])
    task = BinaryClassification(costs=Costs(false_positive=2, false_negative=5))

    costs = task.row_costs(labels, predicted_at(0.5, scores))

    assert costs.tolist() == [5, 2, 2, 0]
    expected = task.all_metrics["expected_cost"].compute(labels, predicted_at(0.5, scores))
    assert expected == (2 * 2 + 5 * 1) / 4


def test_headline_numbers_of_a_small_example():
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.4, 0.9])

    metrics = BinaryClassification().measure(labels, predicted_at(0.5, scores))

    assert metrics["roc_auc"] == 0.75
    assert [metrics[name] for name in ("precision", "recall", "f1")] == [0.5, 0.5, 0.5]
    assert metrics["brier_score"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert metrics["average_precision"] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_bins_of_the_calibration_error_are_those_of_the_task():
    scores, labels = np.repeat([0.25, 0.75], 4), np.array([1, 1, 1, 0, 0, 0, 0, 1])
    predictions = predicted_at(0.5, scores)

    fine = BinaryClassification(calibration_bins=2).measure(labels, predictions)
    details = BinaryClassification(calibration_bins=2).details(
        labels, predictions, {"threshold": 0.5}
    )

    assert fine["expected_calibration_error"] == pytest.approx(0.5)
    assert [point["rows"] for point in details["calibration"]] == [4, 4]


def test_precision_is_zero_where_nothing_is_decided_positive():
    predictions = predicted_at(0.5, np.array([0.1, 0.2]))

    assert BinaryClassification().measure(np.array([0, 1]), predictions)["precision"] == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", [0, 1])
def test_outcomes_of_one_class_are_measured_by_what_needs_no_other(label):
    scores = np.array([0.2, 0.7, 0.9])
    metrics = BinaryClassification().measure(np.full(3, label), predicted_at(0.5, scores))

    of_positives = set() if label else {"average_precision", "recall", "f1"}
    undefined = {"d2", "roc_auc", *of_positives}
    assert {name for name, value in metrics.items() if np.isnan(value)} == undefined
    assert metrics["log_loss"] == pytest.approx(log_losses(np.full(3, label), scores).mean())
