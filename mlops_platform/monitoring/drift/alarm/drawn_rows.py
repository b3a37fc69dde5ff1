"""Windows of a reference without days: rows, or groups of them, drawn at random.

What is usual is what windows of the same size show that were drawn from the reference itself, each
compared with all that was not drawn.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final

from mlops_platform.monitoring.drift.alarm.alarm_threshold import MOST_WINDOWS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_UNITS: Final = 30
"""With fewer rows or groups a reference does not say what is usual."""
MOST_SHARE: Final = 1 / 3
"""Of the reference in a window drawn: a larger one leaves too little to compare it with. A window
that is larger itself is then judged more mildly."""
SEED: Final = 20130401


def drawn_units(units: int, units_of_window: float) -> Numbers | None:
    """Windows of units drawn without replacement; None where there are too few.

    Args:
        units_of_window: how many hold as many rows as the window that will be judged.

    Returns:
        1.0 where a unit belongs to a window, shape (windows, units).
    """
    import numpy as np

    if units < FEWEST_UNITS:
        return None
    size = min(max(1, ceil(units_of_window)), int(units * MOST_SHARE))
    random = np.random.default_rng(SEED)
    drawn = np.zeros((MOST_WINDOWS, units))
    for window in drawn:
        window[random.choice(units, size, replace=False, shuffle=False)] = 1.0
    return drawn
