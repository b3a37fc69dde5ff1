"""A column that has no value in the rows of a fit stops none, and teaches nothing."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from mlops_platform.tasks.empty_columns import placeable
from mlops_platform.tasks.weights import fitted

ROWS = 300
NOISE = np.random.default_rng(0).normal(size=ROWS)
FRAME = pd.DataFrame({"known": NOISE, "empty": np.nan, "name": "a"})
COLUMNS = ColumnTransformer([("numbers", "passthrough", ["known", "empty"])])


@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 1.5, ROWS)])
def test_boosting_in_a_pipeline_is_fitted_and_asks_nothing_of_the_column(weights):
    pipeline = make_pipeline(COLUMNS, HistGradientBoostingClassifier(max_iter=5))

    model = fitted(pipeline, FRAME, NOISE > 0, weights)

    scores = [model.predict_proba(FRAME.assign(empty=value)) for value in (np.nan, -9.0, 9.0)]
    assert (scores[0] == scores[1]).all()
    assert (scores[0] == scores[2]).all()
    assert FRAME["empty"].isna().all()


def test_boosting_of_a_matrix_is_fitted():
    matrix = FRAME[["known", "empty"]].to_numpy()

    model = fitted(HistGradientBoostingRegressor(max_iter=5), matrix, NOISE, None)

    assert np.isfinite(model.predict(matrix)).all()


def test_what_other_estimators_make_of_it_is_theirs():
    """An imputer leaves the column out, which zeros would not be."""
    pipeline = make_pipeline(COLUMNS, SimpleImputer(), Ridge())

    assert placeable(pipeline, FRAME) is FRAME


def test_rows_in_which_every_column_has_a_value_stay_as_they_are():
    full = FRAME.assign(empty=np.where(NOISE > 0, 1.0, np.nan))
    matrix = full[["known", "empty"]].to_numpy()

    assert placeable(HistGradientBoostingRegressor(), full) is full
    assert placeable(HistGradientBoostingRegressor(), matrix) is matrix
