"""The private parts of scikit-learn that the trees of HistGradientBoosting are read from."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from mlops_platform.serving.schema import FeatureSchema, NumericColumn
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.tasks import DEFAULT_TASK

PRIVATE = ("_baseline_prediction", "_predictors", "_preprocessor")
NODE_FIELDS = {
    *("value", "count", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right"),
    *("is_leaf", "is_categorical", "bitset_idx"),
}
ROWS = pd.DataFrame({"hour": np.arange(400) % 24.0, "distance": np.linspace(0, 1, 400)})
SCHEMA = FeatureSchema(
    model="private",
    entity="key",
    label="is_late",
    columns=tuple(
        NumericColumn(name=name, missing_allowed=True, minimum=0, maximum=1) for name in ROWS
    ),
)


@pytest.fixture(scope="module")
def model() -> Any:
    """A calibrated model that splits hours by category."""
    labels = (ROWS["hour"] % 5 < 2) ^ (ROWS["distance"] > 0.7)
    estimator = HistGradientBoostingClassifier(categorical_features=[0], max_iter=5)
    pipeline = Pipeline([("estimator", estimator)]).fit(ROWS, labels)
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(ROWS, labels)


@pytest.fixture
def estimator(model: Any) -> Any:
    """The fitted estimator within."""
    return model.calibrated_classifiers_[0].estimator.estimator[-1]


def test_this_release_of_scikit_learn_keeps_the_trees_where_they_are_read(estimator: Any):
    moved = [name for name in PRIVATE if not hasattr(estimator, name)]
    assert not moved, f"scikit-learn {sklearn.__version__} has no {moved}: see where they went"
    (predictor,) = estimator._predictors[0]
    assert set(predictor.nodes.dtype.names) >= NODE_FIELDS
    assert predictor.raw_left_cat_bitsets.dtype == np.uint32


@pytest.mark.parametrize("name", PRIVATE)
def test_where_a_release_keeps_them_elsewhere_the_pipeline_serves(
    model: Any, estimator: Any, name: str
):
    kept = vars(estimator).pop(name)
    scorer = Scorer(SCHEMA, DEFAULT_TASK, model)
    setattr(estimator, name, kept)
    assert not scorer.compiled
    assert name in str(scorer.reason)
    row = {"hour": 3.0, "distance": 0.5}
    assert scorer.numbers(row) == (model.predict_proba(pd.DataFrame([row]))[0, 1],)
    assert Scorer(SCHEMA, DEFAULT_TASK, model).compiled


@pytest.mark.parametrize("hour", [3.0, 23.5, 99.0, -1.0, None])
def test_an_hour_that_was_not_trained_on_goes_with_the_missing_ones(model: Any, hour: float | None):
    row = {"hour": hour, "distance": 0.5}
    frame = pd.DataFrame([row]).astype("float64")
    offline = model.predict_proba(frame)[0, 1]
    served = Scorer(SCHEMA, DEFAULT_TASK, model).numbers(row)
    assert served == pytest.approx((offline,), abs=1e-12)
