"""What is wrong with the first value that cannot land: where it is, why, and what to do.

Looked for only once something is wrong: the files are read again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.files.checked_rows import CheckedRows, Wanted
from mlops_platform.data.landing.files.csv_dialect import TIMES, CsvDialect
from mlops_platform.data.landing.files.csv_faults import line_of
from mlops_platform.data.landing.files.input_files import ROW_FILE, ROW_NUMBER, place
from mlops_platform.data.landing.files.local_times import clock_change_text
from mlops_platform.data.landing.files.values import INTEGERS, LOCAL_PATTERN, OFFSET_PATTERN
from mlops_platform.data.landing.schema.types import DATE, FLOATS, LOCAL_TIME, MOMENT, TEXT
from mlops_platform.data.landing.time_formats.recognition import possible_formats
from mlops_platform.data.landing.time_formats.time_format import TimeFormat
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb

_READ_AS: Final = {DATE: (DATE,), LOCAL_TIME: (DATE, LOCAL_TIME), MOMENT: TIMES}
"""Kinds of formats that are of use for a type."""


class MisfitFinder:
    """Finds values that cannot land, and says so.

    Args:
        null_values: texts that mean NULL.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        dialect: CsvDialect,
        null_values: Sequence[str],
        timezone: str,
    ) -> None:
        self._connection, self._dialect, self._timezone = connection, dialect, timezone
        self._null_values = null_values

    def of_values(self, parts: Sequence[CheckedRows], wanted: Wanted) -> DataError:
        """The error of the first output with values that do not fit its type."""
        for part in parts:
            rows, misfits = part.checked(wanted), part.misfits()
            counted = ", ".join(f"count(*) FILTER ({misfit})" for misfit in misfits.values())
            [counts] = self._connection.execute(f"SELECT {counted} FROM {rows}").fetchall()
            for (output, misfit), count in zip(misfits.items(), counts, strict=True):
                if count:
                    where, value = self._first(part, part.columns[output], f"{rows} WHERE {misfit}")
                    reason = self._reason(value, part, output)
                    return DataError(f"{where}: {reason} (of {count} such values).")
        raise AssertionError("a misfit was counted, and is none")

    def of_times(self, parts: Sequence[CheckedRows], *, absent: bool) -> DataError:
        """The error of the first row that is of no day.

        Args:
            absent: of those with nothing there, and not of those with what is no time.
        """
        for part in parts:
            is_absent = f"NOT {part.has_time()}" if absent else part.has_time()
            rows = f"{part.timed()} WHERE {is_absent} AND moment IS NULL"
            [(count,)] = self._connection.execute(f"SELECT count(*) FROM {rows}").fetchall()
            if count and isinstance(part.time, int):
                where, value = self._first(part, part.time, rows)
                return DataError(f"{where}: {self._no_time(value, count, part)}")
        raise AssertionError("a row without time was counted, and is none")

    def _first(self, part: CheckedRows, column: int, rows: str) -> tuple[str, str | None]:
        """Where the first of some rows is, in words, and its value."""
        [(file, number, value)] = self._connection.execute(
            f"SELECT {ROW_FILE}, {ROW_NUMBER}, CAST({place(column)} AS VARCHAR) FROM {rows} "
            f"ORDER BY {ROW_FILE}, {ROW_NUMBER} LIMIT 1"
        ).fetchall()
        if part.files.kind == "parquet":
            position = f"row {number + 1}"
        else:
            texts = self._null_values if value is None else [value]
            position = f"line {line_of(Path(file), column, texts, self._dialect)}"
        return f"{file}, {position}, column '{part.files.names[column]}'", value

    def _reason(self, value: str | None, part: CheckedRows, output: str) -> str:
        """Why a value does not fit, and what to do."""
        text, kind = str(value), part.types[output]
        if "\0" in text:
            return f"{text!r} has a NUL byte in it. Correct it at the source"
        times = part.times.get(output)
        changed = self._clock_change(text, times) if kind == MOMENT else None
        if changed is not None:
            return (
                f"{changed}. Write it with its offset, or declare `clock_change: earlier` or "
                "`clock_change: later`"
            )
        if part.files.kind == "csv" and kind in TIMES:
            fix = self._declared_otherwise(text, kind)
            if times is not None:
                fix = fix or "Correct it, list it in `null_values`, or declare how it is written"
                return f"{text!r} is no {kind} as {_shown(times)}. {fix}"
            if fix is not None:
                return f"{text!r} is no {kind} as ISO 8601 has it. {fix}"
        return f"{text!r} is no {kind}{_more(text, kind)}. {_fix(text, part, output)}"

    def _no_time(self, value: str | None, count: int, part: CheckedRows) -> str:
        if value is None:
            return (
                f"there is no time (in {count} rows), so that the day of the row is unknown. Fill "
                "it at the source, or declare `without_time: leave_out`."
            )
        times, is_csv = part.format_of_time, part.files.kind == "csv"
        wanted = "from the years 1 to 9999" if times is None else f"as {_shown(times)}"
        fix = self._declared_otherwise(value, MOMENT) if is_csv else None
        if fix is None and times is not None:
            fix = "Correct it, list it in `null_values`, or declare how it is written"
        elif fix is None:
            listed = ", or list it in `null_values`" if is_csv else ""
            fix = f"Write it like 2024-03-10 01:30:00 or 2024-03-10T01:30:00Z{listed}"
        return f"{value!r} is no time {wanted} (of {count} such values). {fix}."

    def _clock_change(self, text: str, times: TimeFormat | None) -> str | None:
        """What the clocks did to a time; None where it is read, or none at all."""
        if times is None:
            is_local = re.fullmatch(LOCAL_PATTERN, text)
            naive = self._value(f"try_cast({literal(text)} AS TIMESTAMP)") if is_local else None
        else:
            naive = None if times.has_zone else self._value(times.time(literal(text)))
        return None if naive is None else clock_change_text(naive, self._timezone)

    def _declared_otherwise(self, text: str, kind: str) -> str | None:
        """The formats in which a text would be one of its type, as a fix; None where in none."""
        fitting = [
            str(form)
            for form in possible_formats(text)
            if form.kind in _READ_AS[kind] and self._value(form.time(literal(text))) is not None
        ]
        if not fitting:
            return None
        field = "date_format" if kind == DATE else "timestamp_format"
        ways = " or ".join(repr(form) for form in fitting)
        others = ", whichever the files have" if len(fitting) > 1 else ""
        return f"Declare `csv: {{{field}: {ways}}}`{others}"

    def _value(self, sql: str) -> datetime | None:
        import duckdb

        try:
            [(value,)] = self._connection.execute(f"SELECT {sql}").fetchall()
        except duckdb.Error:
            return None
        return value if isinstance(value, datetime) else None


def _shown(times: TimeFormat) -> str:
    return f"{str(times)!r} has it (such as {times.example})"


def _more(text: str, kind: str) -> str:
    if kind in (DATE, LOCAL_TIME, MOMENT):
        return " from the years 1 to 9999, in whole microseconds"
    if kind in INTEGERS and re.fullmatch(r"\s*[+-]?\d*\.\d+\s*", text):
        return ", and would be rounded"
    if kind in FLOATS and re.fullmatch(r"\s*[+-]?\d+\s*", text):
        return ", and would lose digits"
    return ""


def _fix(text: str, part: CheckedRows, output: str) -> str:
    kind = part.types[output]
    listed = " list it in `null_values`," if part.files.kind == "csv" else ""
    correct = f"Correct it,{listed} or declare"
    if kind in INTEGERS and re.fullmatch(r"\s*[+-]?[\d.]+(?:[eE][+-]?\d+)?\s*", text):
        return f"{correct} DOUBLE for '{output}' in `types`"
    if re.fullmatch(r"\s*[+-]?\d{1,3}([,.' ]\d{3})+([.,]\d+)?\s*", text):
        return "Declare `csv: {thousands: ...}` and `decimal` as the files have them"
    if kind == LOCAL_TIME and re.fullmatch(OFFSET_PATTERN, text):
        return f"Declare TIMESTAMPTZ for '{output}' in `types`: the text has an offset"
    if kind == DATE and re.fullmatch(rf"{LOCAL_PATTERN}|{OFFSET_PATTERN}", text):
        return f"Declare TIMESTAMP or TIMESTAMPTZ for '{output}' in `types`: it has a time of day"
    return f"{correct} {TEXT} for '{output}' in `types`"
