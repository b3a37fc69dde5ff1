"""Stretches of days side by side, and how a person reads them."""

from collections.abc import Iterable
from datetime import date, timedelta


def contiguous(days: Iterable[date], most_between: int = 0) -> list[tuple[date, date]]:
    """First and last days of the stretches that some days make.

    Args:
        most_between: so many days that are not among them may lie within a stretch, side by side.
    """
    stretches: list[tuple[date, date]] = []
    for day in sorted(days):
        if stretches and day - stretches[-1][1] <= timedelta(days=most_between + 1):
            stretches[-1] = (stretches[-1][0], day)
        else:
            stretches.append((day, day))
    return stretches


def told_days(days: Iterable[date]) -> str:
    """Days as a person reads them."""
    return ", ".join(
        str(first) if first == last else f"{first} to {last}" for first, last in contiguous(days)
    )
