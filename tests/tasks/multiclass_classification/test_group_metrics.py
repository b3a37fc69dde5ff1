"""Figures by group against scikit-learn's, one class against the others."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from mlops_platform.tasks import TASKS, Predictions
from mlops_platform.tasks.multiclass_classification.prediction_sets import PredictionSets

CLASSES = ["late", "on time", "gone"]
ROWS = 500


@pytest.fixture(scope="module")
def task():
    return TASKS["multiclass_classification"].model_validate(
        {"type": "multiclass_classification", "classes": CLASSES}
    )


@pytest.fixture(scope="module")
def judged(task) -> tuple[np.ndarray, Predictions]:
    random = np.random.default_rng(3)
    numbers = random.dirichlet([1.0, 2.0, 1.0], ROWS)
    codes = random.integers(-1, 3, ROWS)
    return codes, task.predictions(numbers, {})


@pytest.mark.parametrize("position", range(3))
def test_rates_of_a_class_are_those_of_its_confusion_matrix(task, judged, position):
    codes, predictions = judged
    decided = predictions["decision"] == CLASSES[position]
    (tn, fp), (fn, tp) = confusion_matrix(codes == position, decided, labels=[False, True])
    expected = {
        "selection_rate": (tp + fp) / ROWS,
        "true_positive_rate": tp / (tp + fn),
        "false_positive_rate": fp / (fp + tn),
    }
    for rate, value in expected.items():
        metric = task.group_metrics[f"{rate}_{position + 1}"]
        values = metric.row_values(codes, predictions)
        counted = slice(None) if metric.counted is None else metric.counted(codes, predictions)
        assert values[counted].mean() == pytest.approx(value)
        assert metric.is_rate


def test_confidence_is_right_on_average_where_the_gap_is_none(task, judged):
    codes, predictions = judged
    right = predictions["decision"] == np.array([*CLASSES, None], dtype=object)[codes]
    metrics = task.group_metrics

    assert metrics["error_rate"].row_values(codes, predictions).mean() == 1 - right.mean()
    gap = metrics["calibration_gap"].row_values(codes, predictions).mean()
    assert gap == pytest.approx(predictions["confidence"].mean() - right.mean())
    assert "loss" in metrics


def test_sets_cover_each_group_as_often_as_they_hold_its_outcomes(task):
    with_sets = task.model_copy(update={"prediction_sets": PredictionSets(coverage=0.8)})
    numbers = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1], [0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])
    predictions = with_sets.predictions(numbers, {"set_from": 0.35})
    metric = with_sets.group_metrics["set_coverage"]

    held = metric.row_values(np.array([0, 1, 1, -1]), predictions)

    assert held.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert metric.is_rate
    assert "0.8 is promised" in metric.meaning
    assert "set_coverage" not in task.group_metrics
