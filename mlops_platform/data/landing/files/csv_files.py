"""CSV files in a declared dialect: what they have, and the SQL of their rows."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from mlops_platform.data.engine import literal
from mlops_platform.data.landing.files.csv_dialect import OTHER_DELIMITERS, CsvDialect
from mlops_platform.data.landing.files.input_files import (
    ROW_FILE,
    ROW_NUMBER,
    InputFileError,
    InputFiles,
    place,
)
from mlops_platform.data.landing.files.text_files import (
    OWN_DECODING,
    Utf8Copies,
    opened_bytes,
    opened_text,
)
from mlops_platform.data.parquet_files import escaped

MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16"}
BIG_ENDIAN = b"\xfe\xff"
CONTROL_CODES = re.compile(rb"[\x80-\x9f]")
"""Of latin-1; windows-1252 has the euro sign, dashes and quotes there."""


def csv_inputs(
    paths: Sequence[Path], dialect: CsvDialect, null_values: Sequence[str]
) -> list[InputFiles]:
    """Group files by their header.

    Raises:
        InputFileError: a file has no header, or is of another encoding or dialect.
    """
    by_header: dict[tuple[str, ...], list[Path]] = {}
    for path in paths:
        by_header.setdefault(_header(path, dialect), []).append(path)
    return [_inputs(names, files, dialect, null_values) for names, files in by_header.items()]


def _inputs(
    names: tuple[str, ...], files: Sequence[Path], dialect: CsvDialect, null_values: Sequence[str]
) -> InputFiles:
    copies = _copies(files, dialect) if dialect.encoding in OWN_DECODING else None
    read = files if copies is None else copies.paths
    relation = _relation(read, len(names), dialect, null_values)
    if copies is not None:
        cases = " ".join(
            f"WHEN {literal(copy)} THEN {literal(file)}"
            for copy, file in zip(read, files, strict=True)
        )
        relation = f"(SELECT * REPLACE (CASE {ROW_FILE} {cases} END AS {ROW_FILE}) FROM {relation})"
    return InputFiles("csv", tuple(files), names, ("VARCHAR",) * len(names), relation, copies)


def _copies(files: Sequence[Path], dialect: CsvDialect) -> Utf8Copies:
    try:
        return Utf8Copies(files, dialect)
    except (UnicodeError, OSError, EOFError) as error:
        for path in files:
            with opened_text(path, dialect) as text:
                for line, record in records(text, dialect):
                    _refuse_undecoded(path, line, record, dialect)
        raise InputFileError(f"{files[0]} cannot be read: {error}.", "Deliver it whole.") from error


def _relation(
    files: Sequence[Path], columns: int, dialect: CsvDialect, null_values: Sequence[str]
) -> str:
    listed = ", ".join(literal(escaped(file)) for file in files)
    encoding = "utf-8" if dialect.encoding in OWN_DECODING else dialect.encoding
    names = [place(number) for number in range(columns)]
    typed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(map(literal, null_values))
    return (
        f"(SELECT *, NULL::BIGINT AS {ROW_NUMBER} FROM read_csv([{listed}], auto_detect = false, "
        f"header = true, columns = {{{typed}}}, delim = {literal(dialect.delimiter)}, "
        f"quote = {literal(dialect.quote)}, escape = {literal(dialect.quote)}, "
        f"encoding = {literal(encoding)}, nullstr = [{nulls}], strict_mode = true, "
        f"hive_partitioning = false, filename = {literal(ROW_FILE)}))"
    )


def records(text: Iterable[str], dialect: CsvDialect) -> Iterator[tuple[int, list[str]]]:
    """The records of a text, each with the line on which it begins; an empty line is none.

    Raises:
        csv.Error: a quote is not closed, or has something else behind it.
    """
    reader = csv.reader(
        text,
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
        strict=True,
    )
    line = 1
    for record in reader:
        if record:
            yield line, record
        line = reader.line_num + 1


def _header(path: Path, dialect: CsvDialect) -> tuple[str, ...]:
    try:
        with opened_bytes(path) as content:
            _refuse_other_encoding(path, content.read(4), dialect)
        with opened_text(path, dialect) as text:
            line, header = next(records(text, dialect), (1, []))
    except (csv.Error, UnicodeError, OSError, EOFError) as error:
        raise InputFileError(
            f"{path} cannot be read: {error}.", "Deliver it whole, and declare its `csv` dialect."
        ) from error
    if line > 1 or any("\0" in name for name in header):
        raise InputFileError(
            f"{path}, line 1: a header is needed, without empty lines before it and without NUL "
            "bytes.",
            "Declare `csv: {encoding: utf-16}` if it is such a file.",
            ("encoding", "utf-16") if line == 1 else None,
        )
    _refuse_undecoded(path, 1, header, dialect)
    if len(header) == 1:
        _refuse_other_delimiter(path, header[0], dialect)
    return tuple(header)


def _refuse_other_encoding(path: Path, start: bytes, dialect: CsvDialect) -> None:
    if not start:
        raise InputFileError(
            f"{path} is empty, and not even a header says what is in it.",
            "Write it whole under a name with a dot in front and rename it then, or remove it.",
        )
    if start.startswith(BIG_ENDIAN):
        raise InputFileError(
            f"{path} is UTF-16 with the high byte first.",
            "Convert it to UTF-8.",
        )
    marked = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
    if marked is not None and marked != dialect.encoding:
        raise InputFileError(
            f"{path} begins like {marked}, and is read as {dialect.encoding}.",
            f"Declare `csv: {{encoding: {marked}}}`, or convert it.",
            ("encoding", marked),
        )


def _refuse_other_delimiter(path: Path, name: str, dialect: CsvDialect) -> None:
    others = [other for other in OTHER_DELIMITERS if other in name and other != dialect.delimiter]
    if others:
        raise InputFileError(
            f"{path}, line 1: there is one column, {name!r}, by the delimiter "
            f"{dialect.delimiter!r}.",
            f"Declare `csv: {{delimiter: {others[0]!r}}}`.",
            ("delimiter", others[0]),
        )


def _refuse_undecoded(path: Path, line: int, record: Sequence[str], dialect: CsvDialect) -> None:
    bad = next((value for value in record if is_undecoded(value)), None)
    if bad is not None:
        raise undecoded_error(path, line, bad, dialect)


def is_undecoded(value: str) -> bool:
    """Whether some bytes of a value were none of the encoding."""
    return any("\udc80" <= character <= "\udcff" for character in value)


def has_control_codes(value: str) -> bool:
    """Whether a value has characters from U+0080 to U+009F, which DuckDB takes for no latin-1."""
    return any("\x80" <= character <= "\x9f" for character in value)


def undecoded_error(path: Path, line: int, value: str, dialect: CsvDialect) -> InputFileError:
    """What is told of such a value, which has surrogates, or what latin-1 calls control codes."""
    is_latin = dialect.encoding == "latin-1"
    content = value.encode("latin-1" if is_latin else dialect.encoding, "surrogateescape")
    other = "windows-1252" if CONTROL_CODES.search(content) else "latin-1"
    if dialect.encoding == other:
        shown = content.decode("latin-1")
        return InputFileError(f"{path}, line {line}: {shown!r} is no {other}.", "Convert it.")
    shown = content.decode(other, errors="replace")
    return InputFileError(
        f"{path}, line {line}: {shown!r} (read as {other}) is no {dialect.encoding}.",
        f"Declare `csv: {{encoding: {other}}}` if it is right so, or convert the file.",
        ("encoding", other),
    )
