"""Which columns of the training rows play which role, and how a model's answer is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec


def features_of(rows: DataFrame, spec: ModelSpec) -> DataFrame:
    """Feature columns in the order in which every pipeline sees them."""
    return rows[list(spec.features.names)]


def labels_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.int64]:
    """Labels as 0 and 1, shape (rows,)."""
    import numpy as np

    return rows[spec.label.column].to_numpy(dtype=np.int64)


def days_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.datetime64]:
    """Local calendar day of each row as datetime64[D], shape (rows,)."""
    import pandas as pd

    return pd.to_datetime(rows[spec.features.partition]).to_numpy().astype("datetime64[D]")


def positive_scores(model: Any, features: DataFrame) -> NDArray[np.float64]:
    """Predicted probability of the positive class, shape (rows,)."""
    import numpy as np

    column = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(features), dtype=np.float64)[:, column]
