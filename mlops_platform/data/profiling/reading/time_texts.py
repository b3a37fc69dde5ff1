"""Texts that are times in a format: one that was said, or the only one that every value fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from mlops_platform.data.landing.time_formats.recognition import epoch_format, possible_formats
from mlops_platform.data.landing.time_formats.time_format import (
    CENTURY_START,
    TimeFormat,
    time_format,
)
from mlops_platform.errors import DataError, SpecError

FLAG: Final = "time-format"
_NAMED: Final = re.compile(r"time|date|epoch|_at$|^ts$|stamp|day|datum|^dt$|_dt$|ymd|zeit|tag$")


@dataclass(frozen=True)
class SaidTimes:
    """What somebody says of how times are written.

    Args:
        formats: each of a column, `ordered_at=%d.%m.%Y`, or of all that it fits, `%d.%m.%Y`.
        century_start: first of the hundred years that a year of two digits is of.
    """

    formats: Sequence[str] = ()
    century_start: int = CENTURY_START

    def of_columns(self, names: Iterable[str]) -> dict[str, TimeFormat]:
        """Formats of columns, by their names.

        Raises:
            SpecError: there is no such column, or it is no format.
        """
        by_case = {name.lower(): name for name in names}
        formats = {}
        for text in self.formats:
            column, sign, form = text.rpartition("=")
            if not sign:
                continue
            if column.strip().lower() not in by_case:
                fix = f"No text column is called '{column}'. There are: {', '.join(by_case)}."
                raise SpecError(FLAG, text, fix)
            formats[by_case[column.strip().lower()]] = self._parsed(form)
        return formats

    def of_any(self) -> list[TimeFormat]:
        """Formats of all columns that they fit.

        Raises:
            SpecError: one is no format.
        """
        return [self._parsed(text) for text in self.formats if "=" not in text]

    def _parsed(self, text: str) -> TimeFormat:
        try:
            return time_format(f"--{FLAG}", text.strip(), self.century_start)
        except DataError as error:
            raise SpecError(FLAG, text, str(error).partition(": ")[2]) from error


@dataclass(frozen=True)
class TextTimes:
    """Columns that are times in a format.

    Args:
        formats: by column.
        ambiguous: by column, formats in each of which all of its values are times.
    """

    formats: dict[str, TimeFormat] = field(default_factory=dict)
    ambiguous: dict[str, tuple[TimeFormat, ...]] = field(default_factory=dict)


def candidates(name: str, texts: Sequence[str], century_start: int) -> list[TimeFormat]:
    """Formats that some texts of a column could be in.

    Digits alone are a time only in a column that is called so.
    """
    forms = dict.fromkeys(form for text in texts for form in _candidates(name, text))
    return [TimeFormat(form.text, century_start) for form in forms]


def _candidates(name: str, text: str) -> Iterator[TimeFormat]:
    if not re.fullmatch(r"[\s\d.]*\d{8,}[\s\d.]*", text):
        yield from possible_formats(text)
    elif _NAMED.search(name.lower()):
        yield from possible_formats(text)
        if (epoch := epoch_format(text)) is not None:
            yield epoch
