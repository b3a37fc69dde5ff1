"""Season: the days of earlier years that a window is best compared with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

FEWEST_WINDOWS = 4
YEAR = 365.25


def season_matched(
    days: Sequence[date], start: date, length: int, season_days: int
) -> Sequence[date]:
    """Days of earlier years near the window's date; all days where those are too few.

    Args:
        days: of the reference.
        start, length: of the window.
        season_days: how near, before the window's first and after its last day.
    """
    if not season_days:
        return days
    middle, reach = start.toordinal() + (length - 1) / 2, season_days + (length - 1) / 2
    matched = [day for day in days if _is_near(middle - day.toordinal(), reach)]
    return matched if len(matched) >= FEWEST_WINDOWS * length else days


def _is_near(before: float, reach: float) -> bool:
    years = round(before / YEAR)
    return years >= 1 and abs(before - round(years * YEAR)) <= reach
