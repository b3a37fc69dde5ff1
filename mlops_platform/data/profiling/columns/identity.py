"""Columns that number rows or name things: a model would learn them by heart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.data.profiling.profile import ScannedKind

if TYPE_CHECKING:
    from pandas import Series

NAMED: Final = re.compile(
    r"(\w+_)?(id|ids|uuid|guid|key|pk|hash|index|idx|row|rownum|nr|serial|token|code_no)(_\d+)?"
)
LEAST_ROWS: Final = 50
EVEN: Final = 0.05
"""Largest distance (Kolmogorov's) from evenly spread numbers."""
DENSE: Final = 1.5
"""Whole numbers up to so many times as far apart as there are rows."""
LONGEST: Final = 64
NEARLY: Final = 0.95


def looks_like_id(
    name: str, kind: ScannedKind, values: Series[Any], distinct_share: float
) -> str | None:
    """Why a column seems to be an id; None where it does not.

    Args:
        values: of a sample, without the missing, in the order of the rows.
        distinct_share: different values of all rows.
    """
    if distinct_share < NEARLY or len(values) < LEAST_ROWS:
        return None
    if kind == "category":
        return _of_texts(values)
    if kind != "number" or not _are_whole(values):
        return None
    if NAMED.fullmatch(name):
        return "its name says so, and nearly every row has a number of its own"
    if values.is_monotonic_increasing or values.is_monotonic_decreasing:
        return "it counts along with the rows"
    return _of_numbers(values)


def _of_texts(values: Series[Any]) -> str | None:
    texts = values.astype(str)
    if texts.str.len().max() > LONGEST or texts.str.contains(" ").mean() > 0.5:
        return None
    return "nearly every row has a text of its own"


def _are_whole(values: Series[Any]) -> bool:
    return bool((values % 1 == 0).all())


def _of_numbers(values: Series[Any]) -> str | None:
    """Of measures some would be equal, and most would be in the middle."""
    import numpy as np

    numbers = np.sort(values.to_numpy(dtype=np.float64))
    if len(np.unique(numbers)) < len(numbers):
        return None
    width = numbers[-1] - numbers[0]
    positions = (numbers - numbers[0]) / width
    distance = float(np.abs(positions - np.linspace(0, 1, len(numbers))).max())
    # By chance even evenly spread ones are so far away.
    if distance > max(EVEN, 1.6 / np.sqrt(len(numbers))):
        return None
    return "all its whole numbers are different, and spread as evenly as numbers that are given out"
