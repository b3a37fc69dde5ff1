r"""The SQL that makes a value of its type, and that says whether something of it was lost.

DuckDB's casts round ('1.6' AS BIGINT is 2), overflow ('1e400' AS DOUBLE is infinite) and drop (the
offset of a text AS TIMESTAMP, the time of day of one AS DATE): so what they give is compared with
what was there. Where a text is not that of its value, an expression says what else it may be.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.files.local_times import LOCAL_MOMENT
from mlops_platform.data.landing.files.parquet_inputs import DURATION
from mlops_platform.data.landing.schema.types import DATE, FLOATS, LOCAL_TIME, MOMENT, TEXT
from mlops_platform.data.landing.time_formats.time_format import TimeFormat

SIGNED = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
INTEGERS: Final = (*SIGNED, *(f"U{name}" for name in SIGNED))
YEARS: Final = {
    DATE: ("0001-01-01", "9999-12-31"),
    LOCAL_TIME: ("0001-01-01 00:00:00", "9999-12-31 23:59:59.999999"),
    MOMENT: ("0001-01-02 00:00:00+00", "9999-12-31 23:59:59.999999+00"),
}
"""What every tool can write down, which excludes infinity."""
LOCAL_SOURCES: Final = (DATE, LOCAL_TIME, "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")

_DAY = r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_TIME = r"[ T]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{0,6}0*)?)?"
MIDNIGHT_PATTERN: Final = rf"{_DAY}(?:[ T]0?0:00(?::00(?:\.0*)?)?)?\s*"
LOCAL_PATTERN: Final = rf"{_DAY}(?:{_TIME})?\s*"
OFFSET_PATTERN: Final = rf"{_DAY}{_TIME}(?:Z| ?UTC| ?GMT|[+-]\d{{2}}(?::?\d{{2}}){{0,2}})\s*"
NOT_FINITE_PATTERN: Final = r"(?i)\s*[+-]?(?:nan|inf|infinity)\s*"


@dataclass(frozen=True)
class NumberFormat:
    """How texts write numbers.

    Args:
        decimal: before a fraction.
        thousands: between groups of three digits; none where empty.
    """

    decimal: str = "."
    thousands: str = ""

    @property
    def whole(self) -> str:
        """Pattern of a whole number; a fraction of zeros is none."""
        return rf"\s*[+-]?(?:{self._digits})(?:{re.escape(self.decimal)}0*)?\s*"

    @property
    def any(self) -> str:
        """Pattern of a number."""
        point = re.escape(self.decimal)
        mantissa = rf"(?:(?:{self._digits})(?:{point}\d*)?|{point}\d+)"
        return rf"\s*[+-]?{mantissa}(?:[eE][+-]?\d+)?\s*"

    @property
    def _digits(self) -> str:
        # A group before which there is only a zero is a fraction, or a code.
        separator = re.escape(self.thousands)
        grouped = rf"[1-9]\d{{0,2}}(?:{separator}\d{{3}})+|" if self.thousands else ""
        return rf"{grouped}\d+"

    def plain(self, text: str) -> str:
        """SQL of a number's text as DuckDB reads it."""
        if self.thousands:
            text = f"replace({text}, {literal(self.thousands)}, '')"
        return text if self.decimal == "." else f"replace({text}, {literal(self.decimal)}, '.')"


class Cast(NamedTuple):
    """How a value becomes one of its type.

    Args:
        tried: SQL of the value, NULL where there is none of the type.
        fits: SQL of whether it is the one that was there, of `raw` and the result of `tried`.
    """

    tried: str
    fits: str


@dataclass(frozen=True)
class Reading:
    """How values are read.

    Args:
        local_moment: SQL function of a naive timestamp.
        times: how texts write them; as ISO 8601 has it where None.
    """

    numbers: NumberFormat = NumberFormat()
    local_moment: str = LOCAL_MOMENT
    times: TimeFormat | None = None


def cast_of(raw: str, source: str, target: str, tried: str, reading: Reading) -> Cast:
    """Write how a value becomes one of its type.

    Args:
        raw: SQL of the value as it is in a file.
        source: DuckDB type of `raw`.
        target: DuckDB type that lands.
        tried: name of the column that has the result.
    """
    if source == TEXT:
        return _of_text(raw, target, tried, reading)
    if target == TEXT:
        return Cast(f"CAST({raw} AS VARCHAR)", "true")
    if source == DURATION:
        source = "BIGINT"
    if target == MOMENT and source in LOCAL_SOURCES:
        local = f"try_cast({raw} AS TIMESTAMP)"
        same = f"try_cast({local} AS {source}) = {raw}"
        fits = f"{_within_years(tried, MOMENT)} AND {same}"
        return Cast(f"{reading.local_moment}({local})", fits)
    conditions = []
    # Rounding to the nearest float is what a float is for; whole numbers are not to be rounded.
    if source != target and (target not in FLOATS or source in INTEGERS):
        conditions.append(f"try_cast({tried} AS {source}) = {raw}")
    if target in YEARS:
        conditions.append(_within_years(tried, target))
    value = raw if source == target else f"try_cast({raw} AS {target})"
    return Cast(value, " AND ".join(conditions) or "true")


def _within_years(value: str, kind: str) -> str:
    first, last = YEARS[kind]
    return f"{value} BETWEEN {kind} '{first}' AND {kind} '{last}'"


def _of_text(raw: str, target: str, tried: str, reading: Reading) -> Cast:
    numbers = reading.numbers
    if target == TEXT:
        return Cast(raw, f"NOT contains({raw}, chr(0))")
    if target in INTEGERS:
        # Most texts are that of their number, and the expression is slow.
        is_whole = _matches(raw, numbers.whole)
        fits = f"CASE WHEN {tried}::VARCHAR = {raw} THEN true ELSE {is_whole} END"
        return Cast(f"try_cast({numbers.plain(raw)} AS {target})", fits)
    if target in FLOATS:
        return _float_of_text(raw, target, tried, numbers)
    if target not in YEARS:
        return Cast(f"try_cast({raw} AS {target})", "true")
    if reading.times is not None:
        value = _of_format(raw, target, reading.times, reading.local_moment)
        return Cast(value, _within_years(tried, target))
    values = {
        DATE: f"CASE WHEN {_matches(raw, MIDNIGHT_PATTERN)} THEN try_cast({raw} AS DATE) END",
        LOCAL_TIME: (
            f"CASE WHEN {_matches(raw, LOCAL_PATTERN)} THEN try_cast({raw} AS TIMESTAMP) END"
        ),
        MOMENT: (
            f"CASE WHEN {_matches(raw, LOCAL_PATTERN)} "
            f"THEN {reading.local_moment}(try_cast({raw} AS TIMESTAMP)) "
            f"WHEN {_matches(raw, OFFSET_PATTERN)} THEN try_cast({raw} AS TIMESTAMPTZ) END"
        ),
    }
    return Cast(values[target], _within_years(tried, target))


def _of_format(raw: str, target: str, times: TimeFormat, local_moment: str) -> str:
    """SQL of a text's time; NULL where the target is no type for what the format says."""
    time = times.time(raw)
    if times.has_zone:
        return time if target == MOMENT else f"CAST(NULL AS {target})"
    if target == MOMENT:
        return f"{local_moment}({time})"
    if target == LOCAL_TIME or not times.has_clock:
        return f"CAST({time} AS {target})"
    return f"CASE WHEN {time} = date_trunc('day', {time}) THEN CAST({time} AS DATE) END"


def _float_of_text(raw: str, target: str, tried: str, numbers: NumberFormat) -> Cast:
    plain = numbers.plain(raw)
    # Besides numbers the cast takes `1_000` for one.
    is_number = (
        f"NOT contains({raw}, '_')" if numbers == NumberFormat() else _matches(raw, numbers.any)
    )
    is_same = f"try_cast({plain} AS HUGEINT) = try_cast({tried} AS HUGEINT)"
    # By cases: of conditions that are joined with AND, DuckDB evaluates all for every row.
    return Cast(
        f"try_cast({plain} AS {target})",
        f"CASE WHEN abs({tried}) < {FLOATS[target]} THEN {is_number} "
        f"WHEN isfinite({tried}) THEN CASE WHEN {_matches(raw, numbers.whole)} "
        f"THEN coalesce({is_same}, false) ELSE {is_number} END "
        f"ELSE {_matches(raw, NOT_FINITE_PATTERN)} END",
    )


def _matches(raw: str, pattern: str) -> str:
    return f"regexp_full_match({raw}, {literal(pattern)})"
