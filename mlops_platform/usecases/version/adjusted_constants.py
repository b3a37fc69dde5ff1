"""The constants of a release at every moment: its version's own, then those of its adjustments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from mlops_platform.ledger.records import WrittenAdjustment
from mlops_platform.tasks import Constants, Predictions, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers


@dataclass(frozen=True)
class AdjustedConstants:
    """What turns the numbers of a released model into predictions.

    Args:
        own: constants of the version, in force until the first adjustment.
        adjustments: of the release, by number; each is in force until the next one is valid.
    """

    own: Constants
    adjustments: Sequence[WrittenAdjustment] = ()

    def under(self, number: int) -> Constants:
        """The constants of an adjustment; of 0 the version's own."""
        if number == 0:
            return self.own
        return {**self.own, **self.adjustments[number - 1].constants}

    def in_force(self, moments: NDArray[np.datetime64]) -> NDArray[np.int32]:
        """Number of the adjustment at each moment in UTC, shape (rows,)."""
        import numpy as np

        valid_from = [
            adjustment.valid_from.astimezone(UTC).replace(tzinfo=None)
            for adjustment in self.adjustments
        ]
        starts = np.array(valid_from, dtype="datetime64[us]")
        return np.searchsorted(starts, moments, side="right").astype(np.int32)

    def predictions(self, task: Task, numbers: Numbers, in_force: NDArray[np.int32]) -> Predictions:
        """Predictions of rows, each by the constants in force.

        Args:
            numbers: what the model said, shape (rows, numbers).
            in_force: number of the adjustment of each row, shape (rows,).
        """
        import numpy as np

        present = np.unique(in_force)
        if len(present) == 1:
            return task.predictions(numbers, self.under(int(present[0])))
        parts = [
            (rows, task.predictions(numbers[rows], self.under(int(number))))
            for number in present
            for rows in [np.flatnonzero(in_force == number)]
        ]
        order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
        columns = {
            name: np.concatenate([part[name] for _, part in parts])[order]
            for name in parts[0][1].columns
        }
        return Predictions(columns)
