"""What is wrong with the first value that cannot land: where it is, why, and what to do.

Looked for only once something is wrong: the files are read again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.landing.files.checked_rows import CheckedRows, Wanted
from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.data.landing.files.csv_faults import line_of
from mlops_platform.data.landing.files.input_files import ROW_FILE, ROW_NUMBER, place
from mlops_platform.data.landing.files.local_times import clock_change_text
from mlops_platform.data.landing.files.values import (
    DATE,
    INTEGERS,
    LOCAL_PATTERN,
    OFFSET_PATTERN,
)
from mlops_platform.data.landing.schema.types import FLOATS, LOCAL_TIME, MOMENT, TEXT
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import duckdb


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
                return DataError(f"{where}: {_no_time(value, count, part)}")
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
        if kind == MOMENT and re.fullmatch(LOCAL_PATTERN, text):
            changed = _clock_change(text, self._timezone)
            if changed is not None:
                return (
                    f"{changed}. Write it with its offset, or declare `clock_change: earlier` or "
                    "`clock_change: later`"
                )
        return f"{text!r} is no {kind}{_more(text, kind)}. {_fix(text, part, output)}"


def _no_time(value: str | None, count: int, part: CheckedRows) -> str:
    if value is None:
        return (
            f"there is no time (in {count} rows), so that the day of the row is unknown. Fill it "
            "at the source, or declare `without_time: leave_out`."
        )
    listed = ", or list it in `null_values`" if part.files.kind == "csv" else ""
    return (
        f"{value!r} is no time from the years 1 to 9999 (of {count} such values). Write it like "
        f"2024-03-10 01:30:00 or 2024-03-10T01:30:00Z{listed}."
    )


def _clock_change(text: str, timezone: str) -> str | None:
    try:
        return clock_change_text(datetime.fromisoformat(text.strip()), timezone)
    except ValueError:
        return None


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
