"""Which rows are read of a relation that is landed by day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

MARGIN_DAYS: Final = 2
"""No two clocks are farther from each other than 26 hours."""


@dataclass(frozen=True)
class DayRange:
    """Days of a time column, whichever zone they are of.

    Rows of a few days around them are read too, and so are rows whose time is NULL or of no known
    form: what becomes of these is for the landing to say.

    Args:
        column: of the relation.
        first, last: day that is needed.
    """

    column: str
    first: date
    last: date

    def condition(self, column: str, quoted: Callable[[str], str], otherwise: str) -> str:
        """SQL of whether a row is read.

        Args:
            column: SQL of what is compared.
            quoted: SQL of a day's text, of a type that can be compared with it.
            otherwise: SQL of whether a row is read though it may be of no such day.
        """
        start, end = _moved(self.first, -MARGIN_DAYS), _moved(self.last, MARGIN_DAYS + 1)
        between = f"{column} >= {quoted(str(start))} AND {column} < {quoted(str(end))}"
        return f"({between} OR {otherwise})"


def _moved(day: date, days: int) -> date:
    ordinal = day.toordinal() + days
    return date.fromordinal(min(max(ordinal, date.min.toordinal()), date.max.toordinal()))
