"""Fitted pipelines that learn on: what is new, by the day, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import MiniBatchKMeans
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.tasks.fitting.incremental import (
    IncrementalPipeline,
    LearntParts,
    incremental_fault,
)

DAYS, ROWS_A_DAY, KNOWN = 8, 30, 3
ESTIMATORS = [
    SGDClassifier(loss="log_loss", random_state=0),
    SGDRegressor(random_state=0),
    GaussianNB(),
    MiniBatchKMeans(3, random_state=0, n_init=1),
]


def rows_of() -> tuple[pd.DataFrame, np.ndarray, pd.Series]:
    random = np.random.default_rng(1)
    features = pd.DataFrame(random.normal(size=(DAYS * ROWS_A_DAY, 2)), columns=["a", "b"])
    targets = (features["a"] + random.normal(size=len(features)) > 0).astype(int).to_numpy()
    # Labels of a frame need not be positions.
    features.index += 1000
    days = np.datetime64("2024-01-01") + np.repeat(np.arange(DAYS), ROWS_A_DAY)
    return features, targets, pd.Series(days, index=features.index)


def base_of(estimator: Any) -> LearntParts:
    """Fitted on the first days."""
    features, targets, _ = rows_of()
    first = KNOWN * ROWS_A_DAY
    pipeline = make_pipeline(StandardScaler(), clone(estimator))
    return LearntParts(pipeline.fit(features.iloc[:first], targets[:first]))


def state_of(pipeline: Any) -> list[Any]:
    names = ("coef_", "intercept_", "theta_", "var_", "cluster_centers_")
    return [getattr(pipeline[-1], name) for name in names if hasattr(pipeline[-1], name)]


def taught(parts: LearntParts, first: int, end: int, **weights: Any) -> Any:
    """The base, taught the days from one to another."""
    features, targets, days = rows_of()
    new = days.iloc[first * ROWS_A_DAY : end * ROWS_A_DAY]
    return IncrementalPipeline(parts, new).fit(features, targets, **weights)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: type(each).__name__)
@given(between=st.integers(KNOWN, DAYS))
@settings(deadline=None, max_examples=6)
def test_it_does_not_matter_in_how_many_updates_days_are_taught(
    estimator: Any, between: int
) -> None:
    base = base_of(estimator)
    in_two = taught(LearntParts(taught(base, KNOWN, between)), between, DAYS)
    for one, other in zip(state_of(taught(base, KNOWN, DAYS)), state_of(in_two), strict=True):
        assert np.array_equal(one, other)


def test_what_it_goes_on_from_stays_as_it_is_and_so_does_the_preprocessing() -> None:
    base = base_of(ESTIMATORS[0])
    before = base.pipeline[-1].coef_.copy()
    model = taught(base, KNOWN, DAYS)
    assert np.array_equal(base.pipeline[-1].coef_, before)
    assert not np.array_equal(model[-1].coef_, before)
    assert np.array_equal(model[0].mean_, base.pipeline[0].mean_)


def test_rows_that_are_not_new_teach_nothing() -> None:
    base = base_of(ESTIMATORS[0])
    assert np.array_equal(taught(base, KNOWN, KNOWN)[-1].coef_, base.pipeline[-1].coef_)


def test_a_row_without_weight_teaches_nothing() -> None:
    base = base_of(GaussianNB())
    features, targets, days = rows_of()
    weights = np.where(np.arange(len(features)) < 5 * ROWS_A_DAY, 1.0, 1e-12)
    weighted = taught(base, KNOWN, DAYS, sample_weight=weights)
    fewer = taught(base, KNOWN, 5)
    assert np.allclose(weighted[-1].theta_, fewer[-1].theta_)
    assert len(features) == len(targets) == len(days)


def test_a_clone_is_an_unfitted_pipeline_of_the_same_recipe() -> None:
    incremental = IncrementalPipeline(base_of(ESTIMATORS[0]), rows_of()[2])
    unfitted = clone(incremental)
    assert not hasattr(unfitted[-1], "coef_")
    assert incremental.get_params()["loss"] == unfitted[-1].loss == "log_loss"


def test_an_estimator_that_cannot_learn_on_is_named_with_one_that_can() -> None:
    from sklearn.linear_model import LogisticRegression

    assert incremental_fault(SGDClassifier()) is None
    fault = incremental_fault(LogisticRegression())
    assert fault is not None
    assert "LogisticRegression has no `partial_fit`" in fault
    assert "SGDClassifier" in fault
