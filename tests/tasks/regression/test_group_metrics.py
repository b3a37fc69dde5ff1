"""Figures of a regression by group, against NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.regression.task import Regression


@given(st.integers(0, 2**32 - 1))
def test_values_of_rows_are_those_of_their_names(seed: int) -> None:
    random = np.random.default_rng(seed)
    targets, predicted = random.normal(size=(2, 50))
    width = random.exponential(size=50)
    lower, upper = predicted - width / 2, predicted + width / 2
    stated = Predictions({"prediction": predicted, "lower": lower, "upper": upper, "width": width})
    values = {
        name: metric.row_values(targets, stated)
        for name, metric in Regression().group_metrics.items()
    }
    expected = {
        "mean_error": predicted - targets,
        "coverage": (np.abs(targets - predicted) <= width / 2).astype(float),
        "width": width,
        "loss": np.abs(targets - predicted),
    }
    assert values.keys() == expected.keys()
    for name, value in expected.items():
        assert values[name] == pytest.approx(value)


def test_the_loss_of_groups_is_that_of_the_yaml() -> None:
    stated, targets = Predictions({"prediction": np.array([1.0, 3.0])}), np.array([0.0, 0.0])
    squared = Regression(loss="squared_error").group_metrics["loss"]
    assert squared.row_values(targets, stated) == pytest.approx([1.0, 9.0])


def test_what_may_be_negative_has_no_ratio() -> None:
    metrics = Regression().group_metrics
    assert {name for name, metric in metrics.items() if metric.signed} == {"mean_error"}
    assert {name for name, metric in metrics.items() if metric.is_rate} == {"coverage"}
