"""The stream of a champion's errors, in blocks of rows that belong together."""

from __future__ import annotations

from datetime import date
from math import log
from typing import TYPE_CHECKING, Any

from mlops_platform.record import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_LOSS = 1e-12


class ErrorBlock(Record):
    """Mean losses of consecutive rows.

    Args:
        day: local day of its last row.
        log_loss: of the champion.
        base_rate_log_loss: of always predicting its training base rate, same rows.
    """

    day: date
    rows: int
    log_loss: float
    base_rate_log_loss: float

    @property
    def relative_loss(self) -> float:
        """Logarithm of the champion's loss over the base rate's.

        A day of storms is hard for everybody: the plain loss differs from day to day far more than
        this does, and follows its neighbours.
        """
        ours, base_rate = self.log_loss, self.base_rate_log_loss
        return log(max(ours, LEAST_LOSS) / max(base_rate, LEAST_LOSS))


def error_blocks(
    days: NDArray[Any],
    losses: NDArray[Any],
    base_rate_losses: NDArray[Any],
    block_rows: int | None,
) -> tuple[ErrorBlock, ...]:
    """Cut labelled rows, ordered by event time, into blocks.

    Args:
        days: local day of each row as datetime64[D], shape (rows,).
        losses: log loss of each row, shape (rows,).
        base_rate_losses: log loss of the base rate for each row, shape (rows,).
        block_rows: rows of a block, whose incomplete last one is left out; None makes a block of
            every day.
    """
    import numpy as np

    if block_rows is None:
        last, block = np.unique(days, return_inverse=True)
    else:
        complete = len(days) // block_rows * block_rows
        days, losses, base_rate_losses = (
            rows[:complete] for rows in (days, losses, base_rate_losses)
        )
        last, block = days[block_rows - 1 :: block_rows], np.arange(complete) // block_rows
    rows = np.bincount(block, minlength=len(last))
    ours = np.bincount(block, weights=losses) / rows
    base_rate = np.bincount(block, weights=base_rate_losses) / rows
    return tuple(
        ErrorBlock(day=day, rows=count, log_loss=one, base_rate_log_loss=other)
        for day, count, one, other in zip(
            last.tolist(), rows.tolist(), ours.tolist(), base_rate.tolist(), strict=True
        )
    )
