"""Where a CSV file is no table, in words: looked for only once DuckDB has refused it.

DuckDB reads a file once and in parallel, and its message lists all settings of its reader.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.data.landing.files.csv_files import (
    has_control_codes,
    is_undecoded,
    records,
    undecoded_error,
)
from mlops_platform.data.landing.files.input_files import InputFileError, InputFiles
from mlops_platform.data.landing.files.text_files import opened_text


def csv_fault(inputs: Sequence[InputFiles], dialect: CsvDialect, message: str) -> InputFileError:
    """Tell the first fault of CSV files.

    Args:
        message: DuckDB's; the file that it names is looked at first.
    """
    headers = {path: files.names for files in inputs for path in files.paths}
    named_first = sorted(headers, key=lambda path: str(path) not in message)
    faults = (_fault(path, headers[path], dialect) for path in named_first)
    first_line = message.strip().splitlines()[0] if message.strip() else "for no stated reason"
    return next(
        (fault for fault in faults if fault is not None),
        InputFileError(
            f"{named_first[0]} cannot be read: {first_line}.",
            "Correct it, or declare its `csv` dialect.",
        ),
    )


def line_of(path: Path, column: int, values: Sequence[str], dialect: CsvDialect) -> int | None:
    """The line of the first record with one of these values in a column."""
    with opened_text(path, dialect) as text:
        rows = records(text, dialect)
        next(rows, None)
        return next((line for line, record in rows if record[column] in values), None)


def _fault(path: Path, header: Sequence[str], dialect: CsvDialect) -> InputFileError | None:
    line = 1
    try:
        with opened_text(path, dialect) as text:
            endings = _Endings(text)
            for line, record in records(endings, dialect):
                if len(record) != len(header):
                    return InputFileError(
                        f"{path}, line {line}: {len(record)} values, and the header has "
                        f"{len(header)} columns.",
                        "Correct the line, or declare the `csv` dialect in which it is written.",
                    )
                is_fault = has_control_codes if dialect.encoding == "latin-1" else is_undecoded
                undecoded = next(filter(is_fault, record), None)
                if undecoded is not None:
                    return undecoded_error(path, line, undecoded, dialect)
    except csv.Error:
        return InputFileError(
            f"{path}: a quote in the record after line {line} is not closed, or has something "
            "else behind it.",
            "Correct it (a quote within quotes is written twice), or declare `csv: {quote: ''}` "
            "if quotes mean nothing there.",
        )
    except (EOFError, OSError, UnicodeError) as error:
        return InputFileError(f"{path} is damaged or not whole: {error}.", "Deliver it again.")
    if endings.other is not None:
        return InputFileError(
            f"{path}, line {endings.other}: it ends otherwise than the lines before it (a line "
            "feed with, and one without, a carriage return).",
            "Write all lines alike.",
        )
    return None


class _Endings(Iterator[str]):
    """Lines as they are, and the first one that ends otherwise than the first of all."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.other: int | None = None
        self._lines = enumerate(lines, 1)
        self._first = ""

    def __next__(self) -> str:
        number, line = next(self._lines)
        ending = line[len(line.rstrip("\r\n")) :]
        self._first = self._first or ending
        if self.other is None and ending not in ("", self._first):
            self.other = number
        return line
