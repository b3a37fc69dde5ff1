"""The SQL of input files' rows, each value in its type or NULL where it does not fit."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.files.input_files import InputFiles, place
from mlops_platform.data.landing.files.local_times import ANY_MOMENT
from mlops_platform.data.landing.files.values import Cast, Reading, cast_of
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.landing.time_formats.time_format import TimeFormat


@dataclass(frozen=True)
class Wanted:
    """Which rows of a source are looked at.

    Args:
        days: that land.
        declared: first day, and the day after the last one, that will ever land.
        at: moment of the arrival.
        changed: those of the days on which the clocks change and a time may be refused.
        empty: columns of a day without rows; all where None.
    """

    days: Sequence[date]
    declared: tuple[date, date] | None
    at: datetime
    changed: Sequence[date] = ()
    empty: Collection[str | None] | None = None

    @property
    def lands(self) -> str:
        """SQL of whether a row of a `day` lands."""
        first, last = min(self.days), max(self.days)
        if (last - first).days + 1 == len(self.days):
            # Of a list DuckDB makes a join, which takes longer.
            return f"coalesce(day BETWEEN DATE '{first}' AND DATE '{last}', false)"
        listed = ", ".join(f"DATE '{day}'" for day in self.days)
        return f"coalesce(day IN ({listed}), false)"

    @property
    def is_later(self) -> str:
        """SQL of whether a row of a `moment` is later than the arrival."""
        return f"coalesce(moment > {literal(self.at.isoformat())}::TIMESTAMPTZ, false)"

    @property
    def is_outside(self) -> str:
        """SQL of whether a row of a `day` never lands."""
        if self.declared is None:
            return "false"
        start, end = self.declared
        return f"coalesce(day < DATE '{start}' OR day >= DATE '{end}', false)"

    @property
    def may_matter(self) -> str:
        """SQL of whether a row of a `moment` may land or be told.

        By days of UTC, and one more on either side: no clock is farther from it, and to know the
        local day of a moment costs more than all else.
        """
        conditions = [
            f"moment BETWEEN {_midnight(min(self.days), -1)} AND {_midnight(max(self.days), 2)}",
            "moment IS NULL",
            self.is_later,
        ]
        if self.declared is not None:
            start, end = self.declared
            conditions += [f"moment < {_midnight(start, 1)}", f"moment >= {_midnight(end, -1)}"]
        return " OR ".join(conditions)


def _midnight(day: date, days_after: int) -> str:
    """SQL of a midnight of UTC."""
    ordinal = min(max(day.toordinal() + days_after, 1), date.max.toordinal())
    return f"TIMESTAMPTZ '{date.fromordinal(ordinal)} 00:00:00+00'"


@dataclass(frozen=True)
class CheckedRows:
    """Rows of files with the same columns.

    Args:
        columns: place in the files by output, of those outputs that the files have.
        types: type that lands, by output, of all outputs in their order.
        time: place of the time column, or the day that all rows are of.
        times: by output, how texts write times that are not written as ISO 8601 has them.
    """

    files: InputFiles
    columns: Mapping[str, int]
    types: Mapping[str, str]
    time: int | date
    reading: Reading
    times: Mapping[str, TimeFormat] = field(default_factory=dict)

    def has_time(self) -> str:
        """SQL of whether something is there for the time of a row."""
        return "true" if isinstance(self.time, date) else f"{place(self.time)} IS NOT NULL"

    @property
    def format_of_time(self) -> TimeFormat | None:
        """How texts write the time of a row."""
        names = (output for output, at in self.columns.items() if at == self.time)
        return next((self.times[name] for name in names if name in self.times), None)

    def timed(self) -> str:
        """SQL of all rows, with their `moment`; NULL where there is none.

        Without a time column it is the local midnight at which their day begins.
        """
        if isinstance(self.time, date):
            midnight = f"CAST(TIMESTAMP '{self.time} 00:00:00' AS TIMESTAMPTZ)"
            return f"(SELECT *, {midnight} AS moment FROM {self.files.relation})"
        raw, source = place(self.time), self.files.types[self.time]
        # Of a time that may be refused the day is known all the same.
        reading = Reading(self.reading.numbers, ANY_MOMENT, self.format_of_time)
        moment = cast_of(raw, source, MOMENT, "tried", reading)
        return (
            f"(SELECT *, CASE WHEN {moment.fits} THEN tried END AS moment "
            f"FROM (SELECT *, {moment.tried} AS tried FROM {self.files.relation}))"
        )

    def checked(self, wanted: Wanted) -> str:
        """SQL of the rows that land or are told, with `value_of` each output.

        Columns besides: those of the files, `day`, `wanted` (lands) and `later`.
        """
        casts = {
            number: self._cast(output, f"t{number}", wanted)
            for number, output in enumerate(self.types)
            if output in self.columns
        }
        tried = "".join(f", {cast.tried} AS t{number}" for number, cast in casts.items())
        values = "".join(
            f", CASE WHEN wanted AND {cast.fits} THEN t{number} END AS {value_of(number)}"
            for number, cast in casts.items()
        )
        return (
            f"(SELECT *{values} FROM (SELECT *{tried} FROM (SELECT *, moment::DATE AS day, "
            f"{wanted.lands} AS wanted, {wanted.is_later} AS later "
            f"FROM {self.timed()} WHERE {wanted.may_matter})))"
        )

    def misfits(self) -> dict[str, str]:
        """By output the SQL of whether a checked row lands with a value that does not fit."""
        return {
            output: f"(wanted AND {place(self.columns[output])} IS NOT NULL "
            f"AND {value_of(number)} IS NULL)"
            for number, output in enumerate(self.types)
            if output in self.columns
        }

    def _cast(self, output: str, tried: str, wanted: Wanted) -> Cast:
        at = self.columns[output]
        raw, source, target = place(at), self.files.types[at], self.types[output]
        reading = replace(self.reading, times=self.times.get(output))
        cast = cast_of(raw, source, target, tried, reading)
        if at != self.time or target != MOMENT:
            return cast
        changed = ", ".join(f"DATE '{day}'" for day in wanted.changed)
        # The moment is known already.
        known = f"CASE WHEN day IN ({changed}) THEN {cast.tried} ELSE moment END"
        return Cast(known if changed else "moment", "true")


def value_of(number: int) -> str:
    """What the column of an output is called."""
    return f"v{number}"
