"""How many rows the days of a window have, against days of the reference that are like them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, hypot, log
from typing import Final, Literal

from mlops_platform.record import Record

ENOUGH_DAYS: Final = 4
"""Of its weekday a day is compared with so many at least, else with days of any."""
DEVIATIONS: Final = 4.0
"""Robust standard deviations of the logarithm of the rows, beyond which hardly a day is."""
TO_DEVIATION: Final = 1.4826
"""Times a median absolute deviation, of normal values."""
OFTEN_EMPTY, USUALLY_EMPTY = 0.1, 0.5
"""Shares of the comparable days without rows from which none are no fault, and few neither."""


class DayVolume(Record):
    """Rows of one day, and what comparable days of the reference had.

    Args:
        usual: median rows of the comparable days that had any; where none had, of all days.
        spread: factor beyond which the comparable days themselves hardly go.
        empty_share: share of the comparable days that had no rows.
        compared: number of comparable days.
        same_weekday: whether they are of its weekday, and not of any for want of such days.
    """

    day: date
    rows: int
    usual: float
    spread: float
    empty_share: float
    compared: int
    same_weekday: bool

    @property
    def counts(self) -> bool:
        """Whether rows are to be expected of it, or it has some where they are."""
        if self.rows:
            return self.empty_share < USUALLY_EMPTY
        return self.empty_share < OFTEN_EMPTY

    def fault(self, factor: float) -> Literal["too few", "too many"] | None:
        """What is wrong with it, where it is beyond a factor and beyond comparable days."""
        factor = max(factor, self.spread)
        if self.rows > factor * self.usual:
            return "too many"
        return "too few" if self.counts and factor * self.rows < self.usual else None


@dataclass(frozen=True)
class WindowVolume:
    """Rows of the days of a window.

    Args:
        ratio: rows of the days that should have some over what is usual; None where there is no
            such day.
        days: none where the reference has none to compare them with.
        missing: days of which nobody knows how many rows they should have: not built.
    """

    ratio: float | None
    days: tuple[DayVolume, ...]
    missing: tuple[date, ...]


def measure_volume(
    built: Mapping[date, int], reference: Sequence[date], days: Sequence[date]
) -> WindowVolume:
    """Compare the days of a window with those of the reference.

    Args:
        built: rows of every day that was built, 0 where there was nothing.
        reference: days with rows of the reference; days between them without any count as well.
        days: of the window; those that were not built count as without rows.
    """
    comparable = {
        day: rows
        for day, rows in built.items()
        if reference and reference[0] <= day <= reference[-1]
    }
    missing = tuple(day for day in days if day not in built)
    if not any(comparable.values()):
        return WindowVolume(ratio=None, days=(), missing=missing)
    volumes = tuple(_day_volume(day, built.get(day, 0), comparable) for day in days)
    counted = [volume for volume in volumes if volume.counts]
    usual = sum(volume.usual for volume in counted)
    ratio = sum(volume.rows for volume in counted) / usual if counted else None
    return WindowVolume(ratio=ratio, days=volumes, missing=missing)


def _day_volume(day: date, rows: int, comparable: Mapping[date, int]) -> DayVolume:
    from statistics import median

    of_weekday = [count for other, count in comparable.items() if other.weekday() == day.weekday()]
    same_weekday = len(of_weekday) >= ENOUGH_DAYS
    compared = of_weekday if same_weekday else list(comparable.values())
    present = [count for count in compared if count]
    usual = median(present or [count for count in comparable.values() if count])
    deviations = [abs(log(count / usual)) for count in present]
    usual_deviation = TO_DEVIATION * median(deviations) if deviations else 0.0
    # Counts of independent events differ by their square root, however alike a few of them are.
    spread = DEVIATIONS * hypot(usual_deviation, usual**-0.5)
    if not same_weekday and deviations:
        # Of a few days of any weekday nobody knows which of them are like this one.
        spread = max(spread, *deviations)
    return DayVolume(
        day=day,
        rows=rows,
        usual=usual,
        spread=exp(spread),
        empty_share=1 - len(present) / len(compared),
        compared=len(compared),
        same_weekday=same_weekday,
    )
