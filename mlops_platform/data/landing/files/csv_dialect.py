"""How the text of CSV files is written, as somebody declares it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from mlops_platform.data.landing.schema.types import DATE, LOCAL_TIME, MOMENT
from mlops_platform.data.landing.time_formats.time_format import (
    CENTURY_START,
    TimeFormat,
    time_format,
)
from mlops_platform.errors import DataError

Encoding = Literal["utf-8", "latin-1", "windows-1252", "utf-16"]
OTHER_DELIMITERS: Final = (",", ";", "\t", "|")
TIMES: Final = (DATE, LOCAL_TIME, MOMENT)
YEARS: Final = (1, 9900)
"""Of which a hundred years can begin."""


@dataclass(frozen=True)
class CsvDialect:
    """One dialect for all files of a folder; a quote within quotes is written twice (RFC 4180).

    Args:
        delimiter: the character between two values.
        quote: the character around values with a delimiter or a line break in them; none where
            empty.
        encoding: of the text; a byte order mark is no part of it.
        decimal: the character before a number's fraction.
        thousands: the character between groups of three digits; none where empty.
        timestamp_format: of times with or without zone, in the notation of strptime or as a number
            since 1970 (`epoch`, `epoch_ms`, `epoch_us`); ISO 8601 where None.
        date_format: the same of days.
        formats: the same by output column, which goes before both.
        two_digit_century_start: first of the hundred years that a year of two digits is of.
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: Encoding = "utf-8"
    decimal: str = "."
    thousands: str = ""
    timestamp_format: str | None = None
    date_format: str | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
    two_digit_century_start: int = CENTURY_START

    def __post_init__(self) -> None:
        """Refuse what is no dialect.

        Raises:
            DataError: names the field.
        """
        if self.encoding not in get_args(Encoding):
            raise DataError(
                f"csv.encoding: '{self.encoding}' is none of {list(get_args(Encoding))}. Declare "
                "one of these, or convert the files."
            )
        for name, lengths in {
            "delimiter": (1,),
            "quote": (0, 1),
            "decimal": (1,),
            "thousands": (0, 1),
        }.items():
            character = getattr(self, name)
            if len(character.encode()) not in lengths or character in ("\n", "\r", "\0"):
                raise DataError(f"csv.{name}: {character!r} is not one plain character.")
        if self.delimiter == self.quote or self.decimal == self.thousands:
            raise DataError(
                f"csv: {self} uses one character for two things. Declare different ones."
            )
        self._refuse_no_formats()

    def time_format(self, column: str, kind: str) -> TimeFormat | None:
        """How the times of a column are written; None where as ISO 8601 has them.

        Args:
            column: output name.
            kind: DuckDB type that lands; only times are written in a format.
        """
        if kind not in TIMES:
            return None
        named = {name.lower(): text for name, text in self.formats.items()}
        usual = self.date_format if kind == DATE else self.timestamp_format
        text = named.get(column.lower(), usual)
        return None if text is None else TimeFormat(text, self.two_digit_century_start)

    def _refuse_no_formats(self) -> None:
        first, last = YEARS
        if not first <= self.two_digit_century_start <= last:
            raise DataError(
                f"csv.two_digit_century_start: {self.two_digit_century_start} is not within "
                f"{first} and {last}. Declare the first of a hundred years, such as 1969."
            )
        for name, text in self._declared_formats():
            form = time_format(f"csv.{name}", text)
            if name == "date_format" and form.has_zone:
                raise DataError(
                    f"csv.date_format: {text!r} says a moment, and no day. Declare it as "
                    "`timestamp_format`, and TIMESTAMPTZ for its columns in `types`."
                )

    def _declared_formats(self) -> Iterator[tuple[str, str]]:
        """Fields with what they say."""
        for name in ("timestamp_format", "date_format"):
            text = getattr(self, name)
            if text is not None:
                yield name, text
        for column, text in self.formats.items():
            yield f"formats.{column}", text
