"""Past: how every fit that could have been made would have predicted every later day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Measure = Literal["loss", "cost", "baseline_loss", "estimated_loss", "estimated_baseline_loss"]
"""Summed by day over the labelled rows: realised loss; cost of the decisions, in the model's own
unit; realised loss of the fit's baseline; both losses as the scores let expect them."""


class PastWindow(Record):
    """A window of the past; `matures_at` is when its last label counts as known."""

    name: str
    start: date
    end: date
    ends_at: datetime
    matures_at: datetime


class FitFacts(Record):
    """A fit that could have been made: what it cost, and what its own test promised.

    Args:
        loss_unit: what a loss is held against: 1, or the baseline's where losses have a unit.
    """

    as_of: datetime
    rows: int
    cpu_seconds: float
    test_loss: float
    test_baseline_loss: float
    loss_unit: float = 1.0


@dataclass(frozen=True, eq=False)
class Past:
    """Every fit against every later day, for one candidate and one choice of history.

    Fit 0 is the first champion; fit i could have been made when window i-1 had ended, and could
    have served from window i on.

    Attributes:
        windows: those that are replayed, oldest first.
        fits: one for each window.
        window_of: index of the window of each day, shape (days,).
        rows: labelled rows of each day, shape (days,).
        known_at: POSIX seconds from which all labels of a day are known, shape (days,).
        sums: per measure, shape (fits, days); NaN before the fit.
        takeovers: what it costs beside that a fit takes over from an earlier one in the window of
            its number, shape (fits, fits); None where that costs nothing.
    """

    windows: tuple[PastWindow, ...]
    fits: tuple[FitFacts, ...]
    window_of: NDArray[np.int64]
    rows: NDArray[np.float64]
    known_at: NDArray[np.float64]
    sums: dict[Measure, NDArray[np.float64]]
    takeovers: NDArray[np.float64] | None = None

    def by_window(self, measure: Measure) -> NDArray[np.float64]:
        """Sums of each fit over each window, shape (fits, windows); NaN before the fit."""
        import numpy as np

        return np.add.reduceat(self.sums[measure], self._first_days, axis=1)

    def days_of(self, window: int) -> NDArray[np.int64]:
        """Positions of the days of a window."""
        import numpy as np

        first, end = np.searchsorted(self.window_of, (window, window + 1))
        return np.arange(first, end)

    def since(self, first: int) -> Past:
        """The same past, had the first champion been fit `first`."""
        days = self.window_of >= first
        return Past(
            windows=self.windows[first:],
            fits=self.fits[first:],
            window_of=self.window_of[days] - first,
            rows=self.rows[days],
            known_at=self.known_at[days],
            sums={measure: sums[first:, days] for measure, sums in self.sums.items()},
            takeovers=None if self.takeovers is None else self.takeovers[first:, first:],
        )

    @property
    def window_rows(self) -> NDArray[np.float64]:
        """Labelled rows of each window, shape (windows,)."""
        import numpy as np

        return np.add.reduceat(self.rows, self._first_days)

    @property
    def _first_days(self) -> NDArray[np.int64]:
        import numpy as np

        return np.searchsorted(self.window_of, np.arange(len(self.windows)))
