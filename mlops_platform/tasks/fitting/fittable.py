"""Features that nothing can be learnt of without labels, refused in words before it is tried."""

from __future__ import annotations

from typing import Any

from mlops_platform.errors import TrainingError


def refuse_infinite(features: Any) -> None:
    """Refuse a frame with an infinite value.

    Raises:
        TrainingError: there is one.
    """
    import numpy as np

    for name in features.select_dtypes("number").columns:
        infinite = int(np.isinf(features[name].to_numpy(dtype=np.float64)).sum())
        if infinite:
            raise TrainingError(
                f"features: {name!r} is infinite in {infinite:,} of {len(features):,} rows, which "
                "no distance can be taken of. Make it NULL in the dbt model, or bound it."
            )


def refuse_constant(features: Any, consequence: str) -> None:
    """Refuse a frame of which no column tells rows apart.

    Args:
        consequence: what follows from it, as a clause.

    Raises:
        TrainingError: every column has one value.
    """
    if all(features[name].nunique(dropna=False) <= 1 for name in features.columns):
        raise TrainingError(
            f"features: every column has the same value in all {len(features):,} rows to be fitted "
            f"on, so that {consequence}. Name features that differ."
        )
