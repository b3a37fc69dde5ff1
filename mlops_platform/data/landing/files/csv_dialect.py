"""How the text of CSV files is written, as somebody declares it."""

from dataclasses import dataclass
from typing import Final, Literal, get_args

from mlops_platform.errors import DataError

Encoding = Literal["utf-8", "latin-1", "utf-16"]
OTHER_DELIMITERS: Final = (",", ";", "\t", "|")


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
    """

    delimiter: str = ","
    quote: str = '"'
    encoding: Encoding = "utf-8"
    decimal: str = "."
    thousands: str = ""

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
