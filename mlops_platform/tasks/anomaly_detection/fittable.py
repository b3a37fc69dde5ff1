"""Rows that no detector can be fitted on, refused in words before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.errors import TrainingError

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Rows


def require_fittable(rows: Rows) -> None:
    """Refuse rows that teach nothing of what is usual.

    Raises:
        TrainingError: there is none but known anomalies, a column is infinite somewhere, or all
            are constant.
    """
    targets = rows.targets
    if not (targets != 1).any():
        raise TrainingError(
            f"task: all {len(targets):,} rows to be fitted on are known anomalies, and a detector "
            "learns what is usual. Read more history."
        )
    if not hasattr(rows.features, "columns"):
        return
    _refuse_infinite(rows.features)
    if all(rows.features[name].nunique(dropna=False) <= 1 for name in rows.features.columns):
        raise TrainingError(
            f"features: every column has the same value in all {len(targets):,} rows to be fitted "
            "on, so that none is unusual. Name features that differ."
        )


def _refuse_infinite(features: Any) -> None:
    import numpy as np

    for name in features.select_dtypes("number").columns:
        infinite = int(np.isinf(features[name].to_numpy(dtype=np.float64)).sum())
        if infinite:
            raise TrainingError(
                f"features: {name!r} is infinite in {infinite:,} of {len(features):,} rows, which "
                "no distance can be taken of. Make it NULL in the dbt model, or bound it."
            )
