"""The rule by which rows are ordered today, as a column that a finished model passes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.forecasting.seasonal_naive import number_column

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows


def declared_rule(rows: Rows, column: str) -> Any:
    """What passes on a declared column; a row without a value comes after all that have one."""
    import numpy as np
    from sklearn.impute import SimpleImputer

    values = number_column(rows.features, column)
    known = values[np.isfinite(values)]
    lowest = float(known.min()) if len(known) else 0.0
    last = lowest - max(1.0, abs(lowest))
    return SimpleImputer(strategy="constant", fill_value=last, keep_empty_features=True)


def popularity(rows: Rows, column: str) -> Any:
    """What passes on how relevant an item was on average, drawn to the mean of all where rare.

    A new item is as relevant as all of them.
    """
    from sklearn.frozen import FrozenEstimator
    from sklearn.preprocessing import TargetEncoder

    encoder = TargetEncoder(target_type="continuous")
    return FrozenEstimator(encoder.fit(rows.features[[column]], rows.targets))
