"""Losses of predictions and intervals, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def absolute_errors(targets: Numbers, predictions: Numbers) -> Numbers:
    """Absolute error of each row, shape (rows,)."""
    import numpy as np

    return np.abs(targets - predictions)


def interval_scores(targets: Numbers, lower: Numbers, upper: Numbers, coverage: float) -> Numbers:
    """Winkler's interval score of each row, shape (rows,): width, and 2 / (1 - coverage) per miss.

    Proper for the central interval of that coverage (Gneiting and Raftery 2007, "Strictly proper
    scoring rules, prediction, and estimation", section 6.2), as coverage alone is not: infinite
    intervals nine times in ten cover 0.9 as well.
    """
    import numpy as np

    misses = np.maximum(lower - targets, 0) + np.maximum(targets - upper, 0)
    scores: Numbers = (upper - lower) + 2 / (1 - coverage) * misses
    return scores


def covered(targets: Numbers, lower: Numbers, upper: Numbers) -> NDArray[np.bool_]:
    """Whether each target is inside its interval, ends included, shape (rows,)."""
    return (targets >= lower) & (targets <= upper)
