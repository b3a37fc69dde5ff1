"""What the drills of the service have in common: the model that they serve, and how they wait."""

import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn

MODEL = "flight_delay"
SCHEMA = FeatureSchema(
    model=MODEL,
    entity="flight_id",
    label="is_late",
    columns=(
        NumericColumn(name="distance_miles", missing_allowed=True, minimum=90, maximum=5000),
        CategoricalColumn(name="carrier", missing_allowed=False, categories=("AA", "UA")),
    ),
)


FEATURES = ["distance_miles", "carrier"]


def fitted(rows: pd.DataFrame) -> Any:
    """A calibrated pipeline of `is_late`, as training makes it."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.frozen import FrozenEstimator
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(), StandardScaler()), ["distance_miles"]),
            ("categorical", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
        ]
    )
    pipeline = Pipeline([("columns", columns), ("estimator", LogisticRegression())])
    pipeline.fit(rows[FEATURES], rows["is_late"])
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(rows[FEATURES], rows["is_late"])


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait until something is so; it fails when so many seconds have passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
