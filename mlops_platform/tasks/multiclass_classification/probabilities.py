"""Probabilities of all declared classes from what a model says of those that it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers

FLOOR: Final = 1e-6
"""No class is impossible: one that no training row had would make the loss of a row infinite."""


def floored(weights: Numbers) -> Numbers:
    """Probabilities of at least `FLOOR` (nearly) that add up to 1, shape (rows, classes).

    Args:
        weights: what they are proportional to, of the same shape.
    """
    import numpy as np

    return _shares(np.maximum(_shares(weights), FLOOR))


def floored_row(weights: Sequence[float]) -> list[float]:
    """The same of one row, without NumPy."""
    return _row_shares([max(value, FLOOR) for value in _row_shares(weights)])


def _shares(values: Numbers) -> Numbers:
    import numpy as np

    total = np.zeros(len(values))
    for column in values.T:  # one after the other, as in one row: equal to the bit
        total = total + column
    total[total == 0] = 1.0
    return np.asarray(values / total[:, None], dtype=np.float64)


def _row_shares(values: Sequence[float]) -> list[float]:
    total = 0.0
    for value in values:
        total += value
    return [value / (total or 1.0) for value in values]
