"""What is resampled as a whole: the local days of rows with event time, else groups or rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlops_platform.spec import ShareSplitSpec
from mlops_platform.training.rows import days_of

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec

MOST_ROWS_APART: Final = 5000
"""Rows that are drawn one by one; of more, so many handfuls are drawn, which are as independent."""


def units_of(rows: DataFrame, spec: ModelSpec) -> NDArray[Any]:
    """The day, group or handful of each row, shape (rows,).

    Args:
        rows: a part of a split. Without event time they are in the order of a hash, so that those
            whose positions are equal modulo a number are drawn at random.
    """
    import numpy as np

    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec):
        return days_of(rows, spec)
    if split.group is not None:
        return group_keys(rows, split.group)
    handfuls: NDArray[np.int64] = np.arange(len(rows)) % MOST_ROWS_APART
    return handfuls


def group_keys(rows: DataFrame, column: str) -> NDArray[np.str_]:
    """The group of each row as text, shape (rows,); rows without one are a group."""
    import numpy as np

    column_values = rows[column]
    return np.where(column_values.isna(), "", column_values.astype(str)).astype(np.str_)
