"""The stream of a champion's errors, in blocks of rows that belong together."""

from __future__ import annotations

from datetime import date
from math import log
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_LOSS = 1e-12
ROWS_OF_BLOCK = 20
"""Of rows that no day keeps together; the fewest whose mean loss is near to normal."""


class ErrorBlock(Record):
    """Mean losses of consecutive rows.

    Args:
        day: local day of its last row.
        loss: of the champion.
        baseline_loss: of its baseline, same rows.
    """

    day: date
    rows: int
    loss: float
    baseline_loss: float

    def relative_loss(self, least: float = LEAST_LOSS) -> float:
        """Logarithm of the champion's loss over the baseline's.

        A day of storms is hard for everybody: the plain loss differs from day to day far more than
        this does, and follows its neighbours.

        Args:
            least: a smaller loss counts as this; a baseline may be exactly right for a day.
        """
        return log(max(self.loss, least) / max(self.baseline_loss, least))


def error_blocks(
    days: NDArray[Any],
    losses: NDArray[Any],
    baseline_losses: NDArray[Any],
    block_rows: int | None,
    weights: NDArray[Any] | None = None,
) -> tuple[ErrorBlock, ...]:
    """Cut labelled rows, ordered by event time, into blocks.

    Args:
        days: local day of each row as datetime64[D], shape (rows,).
        losses: of each row, shape (rows,).
        baseline_losses: of the baseline for each row, shape (rows,).
        block_rows: rows of a block, whose incomplete last one is left out; None makes a block of
            every day.
        weights: of the rows, shape (rows,); None where all count the same.
    """
    import numpy as np

    counts = np.ones(len(days)) if weights is None else weights

    if block_rows is None:
        last, block = np.unique(days, return_inverse=True)
    else:
        complete = len(days) // block_rows * block_rows
        days, losses, baseline_losses, counts = (
            rows[:complete] for rows in (days, losses, baseline_losses, counts)
        )
        last, block = days[block_rows - 1 :: block_rows], np.arange(complete) // block_rows
    rows = np.bincount(block, minlength=len(last))
    weight = np.bincount(block, weights=counts, minlength=len(last))
    ours = np.bincount(block, weights=counts * losses) / weight
    baseline = np.bincount(block, weights=counts * baseline_losses) / weight
    return tuple(
        ErrorBlock(day=day, rows=count, loss=loss, baseline_loss=baseline_loss)
        for day, count, loss, baseline_loss in zip(
            last.tolist(), rows.tolist(), ours.tolist(), baseline.tolist(), strict=True
        )
    )
