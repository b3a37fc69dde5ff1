"""Days that follow from those that have rows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from mlops_platform.usecases.scaffold.choices import Choices

YEARS_TO_COME: Final = 10
DAYS_OF_WEEK: Final = 7


def day_after_last(choices: Choices) -> date:
    """The day after the last one that will have rows, as far as is known."""
    last = choices.last_day or choices.first_day
    assert last is not None, "without a day nothing is written"
    if choices.goes_on:
        return date(last.year + YEARS_TO_COME, 1, 1)
    return last + timedelta(days=1)


def days_with_rows(choices: Choices) -> int:
    """From the first to the last day, both included."""
    if choices.first_day is None or choices.last_day is None:
        return 1
    return (choices.last_day - choices.first_day).days + 1


def first_window(choices: Choices) -> date:
    """First day of the first window: a Monday, where windows are weeks."""
    first = choices.first_day
    assert first is not None, "without a day nothing is written"
    if choices.cadence == "daily":
        return first
    return first + timedelta(days=-first.weekday() % DAYS_OF_WEEK)


def end_of_windows(choices: Choices) -> date | None:
    """Day on which the last window ends; None where they go on."""
    if choices.goes_on or choices.last_day is None or choices.event_time is None:
        return None
    end, start = day_after_last(choices), first_window(choices)
    if choices.cadence == "weekly":
        # A last week that is not whole is a window as well.
        end += timedelta(days=-end.weekday() % DAYS_OF_WEEK)
    return end if end > start else None
