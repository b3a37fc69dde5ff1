"""TableProfile: what a scan has found of a table, column by column."""

from datetime import date, datetime
from typing import Literal

from mlops_platform.data.landing.time_formats.time_format import CENTURY_START
from mlops_platform.record import Record

ScannedKind = Literal["number", "boolean", "category", "text", "moment", "date", "empty"]
"""What the values of a column are; an `empty` one has none."""


class DisguisedMissing(Record):
    """A value that seems to say that there is none, such as -999 or `unknown`.

    Args:
        value: as the source writes it.
        rows: with this value.
    """

    value: str
    rows: int


class ColumnProfile(Record):
    """One column.

    Args:
        name: in the source.
        output: the identifier under which it lands.
        type: DuckDB type in which every value lands without loss.
        kind: what its values are.
        rows: of the table.
        missing: rows in which it is NULL.
        distinct: values, approximately where there are many.
        minimum, maximum: as text; None where there is no value.
        examples: a few frequent values, most frequent first.
        top_share: of the most frequent value among those that are not missing.
        disguised: values that seem to mean that there is none.
        is_nearly_distinct: nearly every row has a value of its own.
        is_monotone: it grows, or falls, with the order of the rows.
        looks_personal: why it seems to be about a person; None where it does not.
        looks_like_id: why it seems to number the rows or to name things; None where it does not.
        time_format: how its texts write times; None where as ISO 8601 has them, or none at all.
        possible_formats: of texts that are times in each of several formats, and none is read.
    """

    name: str
    output: str
    type: str
    kind: ScannedKind
    rows: int
    missing: int
    distinct: int
    minimum: str | None = None
    maximum: str | None = None
    examples: tuple[str, ...] = ()
    top_share: float = 0.0
    disguised: tuple[DisguisedMissing, ...] = ()
    is_nearly_distinct: bool = False
    is_monotone: bool = False
    looks_personal: str | None = None
    looks_like_id: str | None = None
    time_format: str | None = None
    possible_formats: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        """Whether it says the same in every row."""
        return self.distinct <= 1 and self.missing in {0, self.rows}


class TimeProfile(Record):
    """A column that could be the moment of a row.

    Args:
        column: its name in the source.
        first, last: moment; without zone as the source writes it.
        days: local days that have rows.
        has_zone: whether its values say their offset.
        day_rows: rows of the median day that has any.
        future_rows: that are later than the scan.
        has_time_of_day: whether some of its values are not at midnight.
    """

    column: str
    first: datetime
    last: datetime
    days: int
    has_zone: bool
    day_rows: int
    future_rows: int = 0
    has_time_of_day: bool = True


class KeyProfile(Record):
    """Columns that together could identify a row.

    Args:
        columns: their names in the source.
        repeated: rows whose key another row has; 0 of a key that is one.
    """

    columns: tuple[str, ...]
    repeated: int


class Dialect(Record):
    """How the text of CSV files is written, in the words of a landing's `csv`.

    How times are written is told of each column.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: Literal["utf-8", "latin-1", "windows-1252", "utf-16"] = "utf-8"
    decimal: str = "."
    thousands: str = ""
    two_digit_century_start: int = CENTURY_START


class TableProfile(Record):
    """A whole table.

    Args:
        source: where it was read from, in words.
        rows: how many.
        columns: in the order of the source.
        keys: candidates, the best first; none where no few columns tell all rows apart.
        times: columns that could be the moment of a row, the likeliest first.
        duplicates: rows that are equal to another one in all columns.
        null_values: texts of CSV files that mean NULL, as far as they were met.
        dialect: of CSV files; None of any other source.
        first_day, last_day: of the likeliest time; None where there is none.
    """

    source: str
    rows: int
    columns: tuple[ColumnProfile, ...]
    keys: tuple[KeyProfile, ...] = ()
    times: tuple[TimeProfile, ...] = ()
    duplicates: int = 0
    null_values: tuple[str, ...] = ("",)
    dialect: Dialect | None = None
    first_day: date | None = None
    last_day: date | None = None

    def column(self, name: str) -> ColumnProfile:
        """The column of this name in the source."""
        return next(column for column in self.columns if column.name == name)
