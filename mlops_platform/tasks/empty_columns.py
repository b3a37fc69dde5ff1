"""Columns without a value in the rows of a fit: boosting cannot place bins in them."""

from __future__ import annotations

from typing import Any


def placeable(estimator: Any, features: Any) -> Any:
    """Features that an estimator, or a pipeline that ends with it, can be fitted on.

    A new column has no past, and a few weeks may well be without a holiday. scikit-learn 1.9.1
    raises "window shape cannot be larger than input array shape" for such a column; one of zeros
    tells as little, and leaves the fitted trees without a split on it.

    Args:
        features: a frame, or a matrix of shape (rows, columns).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    steps = getattr(estimator, "steps", None)
    last = estimator if steps is None else steps[-1][1]
    if not isinstance(last, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
        return features
    return _matrix(features) if not hasattr(features, "columns") else _frame(features)


def _matrix(features: Any) -> Any:
    import numpy as np

    if getattr(features, "dtype", None) is None or features.dtype.kind != "f":
        return features
    is_empty = np.isnan(features).all(axis=0)
    return np.where(is_empty, 0.0, features) if is_empty.any() else features


def _frame(features: Any) -> Any:
    numbers = features.select_dtypes("number")
    empty = numbers.columns[numbers.isna().all()]
    return features.assign(**dict.fromkeys(empty, 0.0)) if len(empty) else features
