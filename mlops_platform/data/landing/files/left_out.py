"""Rows of a source that a landing does not land, and that nobody would miss: they are told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class LeftOut:
    """Numbers of such rows. Those of other declared days, which wait for their turn, are not told.

    Args:
        outside: of days that are not declared; they never land.
        outside_days: first and last of these.
        later: of moments after the arrival.
        without_time: of no day.
    """

    outside: int = 0
    outside_days: tuple[date, date] | None = None
    later: int = 0
    without_time: int = 0

    def texts(self) -> Iterator[str]:
        """One sentence for each kind of rows."""
        if self.outside and self.outside_days:
            first, last = self.outside_days
            yield (
                f"{_rows(self.outside)} from {first} to {last} outside the declared partitions: "
                "they never land. Move `partitions.start` or `end`, or correct them."
            )
        if self.later:
            yield (
                f"{_rows(self.later)} of moments after this arrival: correct them, if nothing of "
                "the future is to be known."
            )
        if self.without_time:
            yield (
                f"{_rows(self.without_time)} without time, so that they are of no day and were "
                "left out."
            )


def _rows(number: int) -> str:
    return f"{number:,} row{'' if number == 1 else 's'}"
