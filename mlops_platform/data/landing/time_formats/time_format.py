r"""TimeFormat: one way to write times, read strictly.

DuckDB's strptime takes more than its format says ('epoch', '2024018' by %Y%m%d, the year 26 by %Y):
so a text must match the pattern of the format before it is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.schema.types import DATE, LOCAL_TIME, MOMENT
from mlops_platform.data.landing.time_formats.notation import translated
from mlops_platform.errors import DataError

EPOCHS: Final = {"epoch": 6, "epoch_ms": 3, "epoch_us": 0}
"""Words for numbers since 1970 (UTC), in seconds and less, by the digits of their microseconds."""
CENTURY_START: Final = 1969
"""Of two digits: 69 is 1969 and 68 is 2068, as POSIX, Python, pandas and DuckDB have it."""

_SHORT: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LONG: Final = ("January", "February", "March", "April", "May", "June", "July")
_LATE: Final = ("August", "September", "October", "November", "December")
_DIGITS: Final = {
    **dict.fromkeys(("%d", "%m", "%H", "%I"), r"\d{1,2}"),
    **dict.fromkeys(("%y", "%M", "%S"), r"\d{2}"),
    "%Y": r"\d{4}",
    "%f": r"\d{1,6}0{0,3}",
}
_WORDS: Final = {
    "%b": f"(?i:{'|'.join(_SHORT)})",
    "%B": f"(?i:{'|'.join((*_LONG, *_LATE))})",
    "%p": "(?i:am|pm)",
    "%z": r"(?:Z|UTC|GMT|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)",
    "%%": "%",
}
_READ: Final = (
    "%d (day), %m (month), %b and %B (its English name, short or long), %Y and %y (year of four or "
    "two digits), %H (hour), %I with %p (of twelve hours), %M (minute), %S (second), %f (its "
    "fraction), %z (offset)"
)
_NO_FORMAT: Final = (
    f"is no format. Write one of strptime, such as '%d.%m.%Y %H:%M', or {', '.join(EPOCHS)}; "
    "without one, times are read as ISO 8601 has them."
)


@dataclass(frozen=True)
class TimeFormat:
    """A format of strptime, or a word of `EPOCHS`.

    Args:
        text: as it is declared.
        century_start: first of the hundred years that %y means.

    Raises:
        DataError: it is no format; says why, and what it may be instead.
    """

    text: str
    century_start: int = CENTURY_START

    def __post_init__(self) -> None:
        if fault := self._fault():
            raise DataError(f"{self.text!r} {fault}")

    def __str__(self) -> str:
        return self.text

    @property
    def kind(self) -> str:
        """The type that holds what it says, and no more."""
        if self.has_zone:
            return MOMENT
        return LOCAL_TIME if self.has_clock else DATE

    @property
    def has_zone(self) -> bool:
        """Whether it says a moment, and not only a local time."""
        return self.text in EPOCHS or "%z" in self._parts

    @property
    def has_clock(self) -> bool:
        """Whether it says more than a day."""
        return self.text in EPOCHS or not {"%H", "%I"}.isdisjoint(self._parts)

    @property
    def has_short_year(self) -> bool:
        """Whether the century is ruled, and not said."""
        return "%y" in self._parts

    @property
    def example(self) -> str:
        """A time that is written so."""
        moment = datetime(2031, 12, 28, 23, 59, 58, tzinfo=UTC)
        if self.text in EPOCHS:
            return str(int(moment.timestamp()) * 10 ** (6 - EPOCHS[self.text]))
        return moment.strftime(self.text)

    @cached_property
    def pattern(self) -> str:
        """Regular expression of all texts that are written so, of Python and of DuckDB."""
        if self.text in EPOCHS:
            digits = EPOCHS[self.text]
            fraction = rf"\.\d{{0,{digits}}}0*" if digits else r"\.0*"
            return rf"\s*-?\d{{1,{18 - digits}}}(?:{fraction})?\s*"
        return rf"\s*{''.join(self._patterns())}\s*"

    def time(self, raw: str) -> str:
        """SQL of a text's time: of a moment where it says one, else as the clocks show it.

        Args:
            raw: SQL of the text. NULL where it is not written so.
        """
        is_so = f"regexp_full_match({raw}, {literal(self.pattern)})"
        if self.text in EPOCHS:
            digits = EPOCHS[self.text]
            microseconds = f"try_cast({raw} AS DECIMAL(30, 6)) * {10**digits}"
            return f"CASE WHEN {is_so} THEN make_timestamptz(CAST({microseconds} AS BIGINT)) END"
        form, text = self.text, raw
        if "%f" in self._parts:
            text = rf"regexp_replace({text}, '([.,]\d{{6}})0+', '\1')"
        if "%z" in self._parts:
            text = rf"regexp_replace({text}, '(Z|UTC|GMT)\s*$', '+00')"
        if self.has_short_year and self.century_start != CENTURY_START:
            form, text = form.replace("%y", "%Y"), self._with_century(text)
        return f"CASE WHEN {is_so} THEN try_strptime({text}, {literal(form)}) END"

    def _with_century(self, text: str) -> str:
        """SQL of a text with all four digits of its year."""
        at = self._parts.index("%y")
        patterns = list(self._patterns())
        # What stands at the end was made an offset.
        ends = [r".*" if part == "%z" else part for part in patterns[at + 1 :]]
        around = (rf"^(\s*{''.join(patterns[:at])})(\d{{2}})({''.join(ends)}\s*)$",)
        century, first = divmod(self.century_start, 100)
        years = f"try_cast(regexp_extract({text}, {literal(around[0])}, 2) AS INTEGER)"
        early, late = (
            rf"regexp_replace({text}, {literal(around[0])}, '\1{number:02}\2\3')"
            for number in (century, century + 1)
        )
        return f"CASE WHEN {years} >= {first} THEN {early} ELSE {late} END"

    @cached_property
    def _parts(self) -> list[str]:
        """Directives, and what stands between them."""
        return re.findall(r"%.|[^%]+|%", self.text)

    def _patterns(self) -> Iterator[str]:
        for at, part in enumerate(self._parts):
            if part not in _DIGITS:
                yield _WORDS.get(part) or re.escape(part)
                continue
            beside = (*self._parts[max(at - 1, 0) : at], *self._parts[at + 1 : at + 2])
            # Digits that stand beside others are as many as they can be.
            is_fixed = any(other in _DIGITS for other in beside)
            yield _DIGITS[part].replace("{1,2}", "{2}") if is_fixed else _DIGITS[part]

    def _fault(self) -> str | None:
        """Why it is no format, as the end of a sentence and the fix."""
        if self.text in EPOCHS:
            return None
        parts, known = self._parts, {*_DIGITS, *_WORDS}
        other = translated(self.text)
        if other is not None and "%" in other and _is_format(other):
            return f"is in another notation. Write {other!r} for it."
        if "%" not in self.text:
            return _NO_FORMAT
        unknown = [part for part in parts if part.startswith("%") and part not in known]
        if unknown:
            return f"has {unknown[0]!r}, which is not read. Read are {_READ}."
        return next(self._contradictions(parts), None)

    def _contradictions(self, parts: list[str]) -> Iterator[str]:
        directives = [part for part in parts if part in _DIGITS or part in _WORDS]
        for what, ways in {
            "day": ("%d",),
            "month": ("%m", "%b", "%B"),
            "year": ("%Y", "%y"),
        }.items():
            count = sum(part in ways for part in directives)
            if count != 1:
                minute = " %M is the minute." if what == "month" and "%M" in parts else ""
                said = "no" if not count else "more than one"
                yield f"has {said} {what}. Write one of {', '.join(ways)}, once.{minute}"
        repeated = [part for part in directives if part != "%%" and directives.count(part) > 1]
        if repeated:
            yield f"has {repeated[0]} twice. Write it once."
        if ("%I" in parts) != ("%p" in parts) or {"%H", "%I"} <= {*parts}:
            yield "has an hour of twelve without %p, or %p without one. Write %I with %p, or %H."
        for part, needed in (("%M", ("%H", "%I")), ("%S", ("%M",)), ("%f", ("%S",))):
            if part in parts and not {*parts} & {*needed}:
                yield f"has {part} without {' or '.join(needed)}. Write that, too."
        if "%f" in parts and not parts[parts.index("%f") - 1].endswith((".", ",")):
            yield "has %f without a `.` or `,` before it. Write one."
        if "%z" in parts and (parts[-1] != "%z" or not {"%H", "%I"} & {*parts}):
            yield "has %z elsewhere than at the end of a time. Write it there."
        between = "".join(part for part in parts if part not in _DIGITS and part not in _WORDS)
        if re.search(r"\d|[\r\n\0]", between):
            yield "has digits or line breaks of its own. Write directives, such as %d, for them."
        if re.search(r"(?:Z|UTC|GMT)\s*$", parts[-1]):
            yield "ends with the offset of UTC. Write %z for it."


def _is_format(text: str) -> bool:
    try:
        TimeFormat(text)
    except DataError:
        return False
    return True


def time_format(field: str, text: str, century_start: int = CENTURY_START) -> TimeFormat:
    """A format as it is declared.

    Args:
        field: that declares it.

    Raises:
        DataError: it is none; names the field, the value and the fix.
    """
    try:
        return TimeFormat(text, century_start)
    except DataError as error:
        raise DataError(f"{field}: {error}") from error
