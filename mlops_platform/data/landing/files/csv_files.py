"""CSV files in a declared dialect: what they have, and the SQL of their rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from mlops_platform.data.parquet_files import escaped

CODECS = {".gz": "gzip", ".zst": "zstd"}
MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16"}
BIG_ENDIAN = b"\xfe\xff"


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
    return [
        InputFiles(
            kind="csv",
            paths=tuple(files),
            names=names,
            types=("VARCHAR",) * len(names),
            relation=_relation(files, len(names), dialect, null_values),
        )
        for names, files in by_header.items()
    ]


def _relation(
    files: Sequence[Path], columns: int, dialect: CsvDialect, null_values: Sequence[str]
) -> str:
    listed = ", ".join(literal(escaped(file)) for file in files)
    names = [place(number) for number in range(columns)]
    typed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
    nulls = ", ".join(map(literal, null_values))
    return (
        f"(SELECT *, NULL::BIGINT AS {ROW_NUMBER} FROM read_csv([{listed}], auto_detect = false, "
        f"header = true, columns = {{{typed}}}, delim = {literal(dialect.delimiter)}, "
        f"quote = {literal(dialect.quote)}, escape = {literal(dialect.quote)}, "
        f"encoding = {literal(dialect.encoding)}, nullstr = [{nulls}], strict_mode = true, "
        f"hive_partitioning = false, filename = {literal(ROW_FILE)}))"
    )


@contextmanager
def opened_text(path: Path, dialect: CsvDialect) -> Iterator[io.TextIOWrapper]:
    """Open the decompressed text of a file; bytes that are none of its encoding are surrogates."""
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with (
        opened_bytes(path) as content,
        io.TextIOWrapper(content, encoding, errors="surrogateescape", newline="") as text,
    ):
        yield text


@contextmanager
def opened_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """Open the decompressed bytes of a file."""
    import pyarrow as pa

    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        with path.open("rb") as content:
            yield content
    else:
        with path.open("rb") as packed, pa.CompressedInputStream(packed, codec) as content:
            yield content


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


def undecoded_error(path: Path, line: int, value: str, dialect: CsvDialect) -> InputFileError:
    """What is told of such a value."""
    shown = value.encode("utf-8", "surrogateescape").decode("latin-1")
    return InputFileError(
        f"{path}, line {line}: {shown!r} (read as latin-1) is no {dialect.encoding}.",
        "Declare `csv: {encoding: latin-1}` if it is right so, or convert the file.",
        ("encoding", "latin-1"),
    )
