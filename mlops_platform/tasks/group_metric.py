"""GroupMetric: a figure that is compared between groups of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops_platform.tasks.metric import RowValues

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Predictions, Targets


@dataclass(frozen=True)
class GroupMetric:
    """The mean of a value of each row that counts.

    Args:
        meaning: for a person, one clause.
        row_values: the value of each row, shape (rows,).
        counted: which rows count, shape (rows,), such as those with a positive outcome; None where
            all do.
        is_rate: values are 0 and 1, so that the mean is a share.
        signed: values may be negative, so that ratios mean nothing.
    """

    meaning: str
    row_values: RowValues
    counted: Callable[[Targets, Predictions], NDArray[Any]] | None = None
    is_rate: bool = False
    signed: bool = False
