"""Labels of which some are not known, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Targets


def nan_where_missing(column: Any) -> Targets:
    """A column of numbers or flags as floats, NaN where the value is missing, shape (rows,)."""
    import numpy as np
    import pandas as pd

    values = np.asarray(column, dtype=object)
    targets: Targets = np.where(pd.isna(values), np.nan, values).astype(np.float64)
    return targets
