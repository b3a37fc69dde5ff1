"""The simplest detector that somebody could have built instead: one column, far from its middle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.anomaly_detection.columns import CONTRAST, DECISION, P_VALUE, SCORE
from mlops_platform.tasks.predictions import Predictions

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers

_UNKNOWN = 0.5
"""Contrast of a single column, whose values are the same among decoys."""


def best_single_column(
    train: Rows, test: Rows, stated: Predictions
) -> tuple[str, Predictions] | None:
    """The numeric column with the best average precision on training rows, on the test rows.

    It raises as many alerts as the model does. None where no label tells which column is best.

    Args:
        stated: what the model says of the test rows.
    """
    import numpy as np
    from sklearn.metrics import average_precision_score

    known = train.targets == train.targets
    labels = train.targets[known]
    columns = train.features.select_dtypes("number").dropna(axis="columns", how="all").columns
    if not len(columns) or not (labels == 1).any() or not (labels == 0).any():
        return None
    precisions = {
        name: float(average_precision_score(labels, _distances(train.features[name], train, known)))
        for name in columns
    }
    best = max(precisions, key=lambda name: precisions[name])
    distances = _distances(test.features[best], train, np.ones(len(test.targets), dtype=bool))
    alerts = int(stated[DECISION].sum())
    order = np.argsort(-distances, kind="stable")
    decided = np.zeros(len(distances), dtype=bool)
    decided[order[:alerts]] = True
    p_values = (np.argsort(order) + 1) / len(order)
    columns_of = {
        SCORE: distances,
        DECISION: decided,
        P_VALUE: p_values,
        CONTRAST: np.full(len(distances), _UNKNOWN),
    }
    return str(best), Predictions(columns_of).weighted_like(stated)


def _distances(column: Any, train: Rows, rows: Any) -> Numbers:
    """Distance from the median of the training rows; 0 where the value is missing."""
    import numpy as np

    centre = float(np.nanmedian(train.features[column.name].to_numpy(dtype=np.float64)))
    values = column.to_numpy(dtype=np.float64)[rows]
    distances: Numbers = np.nan_to_num(np.abs(values - centre))
    return distances
