"""What it costs in the past that one fit takes over from another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks import Predictions, Task


def takeover_costs(
    task: Task, predictions: Sequence[Predictions], window_of_row: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Cost of each takeover, shape (fits, fits): of the new fit in the window of its number.

    Only the window before counts as what the old one has said. None where no takeover costs
    anything.

    Args:
        predictions: of each fit, with their moments: of the last rows.
        window_of_row: index of the window of every row, ascending; negative before the first.
    """
    import numpy as np

    if not task.changes_cost:
        return None
    fits, rows = len(predictions), len(window_of_row)
    starts = np.searchsorted(window_of_row, np.arange(fits + 1))
    costs = np.zeros((fits, fits))

    def stated(fit: int, window: int) -> Predictions:
        unscored = rows - len(predictions[fit])
        first, end = np.maximum(starts[[window, window + 1]] - unscored, 0)
        return predictions[fit].rows(np.arange(first, end))

    for new in range(1, fits):
        after = stated(new, new)
        for old in range(new):
            costs[new, old] = task.takeover_cost(stated(old, new - 1), after)
    return costs
