"""Three series with a weekly season, forecast each day for a week ahead."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_platform.tasks import Finished, Predictions, Rows
from mlops_platform.tasks.forecasting.task import Forecasting

HORIZON = SEASON = 7
NUMERIC, CATEGORICAL = ["step", "usual", "excess", "value_7d_ago"], ["series"]
FEATURES = [*NUMERIC, *CATEGORICAL]
OPTIONS: dict[str, Any] = {
    "horizon": HORIZON,
    "season": SEASON,
    "seasonal_naive": "value_7d_ago",
}
TASK = Forecasting.model_validate(OPTIONS)


def demand(days: range, *series: str, seed: int = 0) -> pd.DataFrame:
    """One row per series, origin and step: the further ahead, the less is known."""
    random, parts = np.random.default_rng(seed), []
    for level, name in enumerate(series, start=1):
        day = np.arange(days[-1] + 2 * SEASON)
        usual = 40 * level + 10 * np.sin(2 * np.pi * day / SEASON)
        excess = level * lfilter([1.0], [1.0, -0.8], random.normal(size=len(day)))
        value = usual + excess
        origin, step = np.repeat(days, HORIZON), np.tile(np.arange(1, HORIZON + 1), len(days))
        parts.append(
            pd.DataFrame(
                {
                    "series": np.repeat(np.array([name], dtype=object), len(origin)),
                    "origin": np.datetime64("2024-01-01") + origin * np.timedelta64(1, "D"),
                    "step": step.astype(np.float64),
                    "usual": usual[origin + step],
                    "excess": excess[origin],
                    "value_7d_ago": value[origin + step - SEASON],
                    "value": value[origin + step],
                }
            )
        )
    rows = pd.concat(parts).sort_values(["origin", "series", "step"], kind="stable")
    return rows.reset_index(drop=True)


def rows_of(frame: pd.DataFrame) -> Rows:
    return Rows(frame[FEATURES], frame["value"].to_numpy())


def pipeline() -> Pipeline:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    text = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("n", numbers, NUMERIC), ("c", text, CATEGORICAL)])
    return Pipeline([("columns", columns), ("estimator", Ridge())])


SERIES = ("ATL", "BOS", "CHI")
TRAIN = demand(range(SEASON, 67), *SERIES)
UNSEEN = demand(range(67, 97), *SERIES)
TEST = demand(range(97, 127), *SERIES)


def predicted(task: Forecasting, finished: Finished, frame: pd.DataFrame) -> Predictions:
    """What a model says of rows, with their moments."""
    said = task.predict(finished.model, finished.constants, frame[FEATURES])
    return said.at(frame["origin"].to_numpy())


@pytest.fixture(scope="session")
def forecaster() -> Finished:
    return TASK.fit(pipeline(), rows_of(TRAIN), rows_of(UNSEEN))
