"""Probabilities of all declared classes from what a model says of those that it knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers

FLOOR: Final = 1e-6
"""No class is impossible: one that no training row had would make the loss of a row infinite."""


def floored(probabilities: Numbers) -> Numbers:
    """Probabilities of at least `FLOOR` (nearly) that add up to 1, shape (rows, classes)."""
    import numpy as np

    raised = np.maximum(probabilities, FLOOR)
    total = np.zeros(len(raised))
    for column in raised.T:  # one after the other, as `floored_row` adds them: equal to the bit
        total = total + column
    return np.asarray(raised / total[:, None], dtype=np.float64)


def floored_row(probabilities: Sequence[float]) -> list[float]:
    """The same of one row, without NumPy."""
    raised = [max(value, FLOOR) for value in probabilities]
    total = 0.0
    for value in raised:
        total += value
    return [value / total for value in raised]
