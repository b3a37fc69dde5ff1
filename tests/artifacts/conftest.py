from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def flights() -> tuple[pd.DataFrame, np.ndarray]:
    """400 rows with missing numbers and categories, and a label that depends on them."""
    generator = np.random.default_rng(0)
    rows = 400
    frame = pd.DataFrame({name: generator.normal(size=rows) for name in ("wind", "late", "age")})
    frame.loc[::7, "age"] = np.nan
    frame["carrier"] = pd.Series(generator.choice(["UA", "B6", "DL"], rows), dtype=object)
    frame["origin"] = pd.Series(generator.choice(["JFK", None], rows), dtype=object)
    score = frame["late"] + (frame["carrier"] == "UA") + generator.normal(size=rows)
    return frame, (score > 0.5).to_numpy()


@pytest.fixture(scope="session")
def calibrated(flights: tuple[pd.DataFrame, np.ndarray]) -> Callable[..., Any]:
    """Fit steps after a column transformer, then calibrate, as the platform does."""

    def fit(
        *steps: Any,
        numeric: Any = "impute",
        categorical: Any = "one_hot",
        method: str = "sigmoid",
    ) -> Any:
        from sklearn.base import clone
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.compose import ColumnTransformer
        from sklearn.frozen import FrozenEstimator
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        if isinstance(numeric, str) and numeric == "impute":
            numeric = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
        if isinstance(categorical, str) and categorical == "one_hot":
            categorical = OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=5, sparse_output=False
            )
        columns = ColumnTransformer(
            [
                ("numeric", numeric, ["wind", "late", "age"]),
                ("categorical", categorical, ["carrier", "origin"]),
            ]
        )
        frame, labels = flights
        pipeline = clone(make_pipeline(columns, *steps)).fit(frame, labels)
        return CalibratedClassifierCV(FrozenEstimator(pipeline), method=method).fit(frame, labels)

    return fit
