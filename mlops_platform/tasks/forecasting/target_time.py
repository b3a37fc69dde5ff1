"""Which day or moment a step is a forecast of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

HOURS_OF_DAY: Final = 24
DATE, TIME = "target_date", "target_time"
"""Field of an answer: of steps of whole days, and of others."""


def target_fields(step_hours: float) -> Mapping[str, tuple[Any, str]]:
    """Type and description of the field that says it, by its name."""
    if _are_days(step_hours):
        return {DATE: (date, "The day that is forecast, in the time zone of the model.")}
    return {TIME: (datetime, "The moment that is forecast.")}


def target_of(origin: datetime, step: float, step_hours: float) -> Mapping[str, date | datetime]:
    """The day or moment of a step, by the name of its field.

    Days are counted by the calendar: one on which clocks change is a day as any other.

    Args:
        origin: of the forecast, in the time zone in which its days are.
    """
    ahead = timedelta(hours=step * step_hours)
    if _are_days(step_hours):
        return {DATE: origin.date() + ahead}
    return {TIME: (origin.astimezone(UTC) + ahead).astimezone(origin.tzinfo)}


def _are_days(step_hours: float) -> bool:
    return step_hours % HOURS_OF_DAY == 0
