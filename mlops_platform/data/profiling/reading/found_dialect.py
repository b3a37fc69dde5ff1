"""How the text of CSV files is written, by what they begin with."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from mlops_platform.data.landing.files.csv_dialect import OTHER_DELIMITERS, CsvDialect, Encoding
from mlops_platform.data.landing.files.csv_files import CONTROL_CODES, MARKS, records
from mlops_platform.data.landing.files.text_files import opened_bytes
from mlops_platform.errors import DataError

HEAD_BYTES: Final = 1 << 20
"""Of each file that are looked at; not all of a file need be of one encoding, as is seen later."""
HEAD_RECORDS: Final = 200
QUOTES: Final = ('"', "'", "")


def found_dialect(paths: Sequence[Path]) -> CsvDialect:
    """Encoding, delimiter and quote; decimals are told from the values (`number_format`).

    Raises:
        DataError: a file cannot be read.
    """
    heads = [_head(path) for path in paths]
    encoding = _encoding(heads)
    text = _decoded(heads[0], encoding)
    candidates = [
        CsvDialect(delimiter, quote, encoding) for quote in QUOTES for delimiter in OTHER_DELIMITERS
    ]
    return max(candidates, key=lambda dialect: _fit(text, dialect))


def _head(path: Path) -> bytes:
    try:
        with opened_bytes(path) as content:
            return content.read(HEAD_BYTES)
    except (OSError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {error}. Deliver it whole.") from error


def _encoding(heads: Sequence[bytes]) -> Encoding:
    marked = {name for head in heads for mark, name in MARKS.items() if head.startswith(mark)}
    if "utf-16" in marked or any(_has_nul_bytes(head) for head in heads):
        return "utf-16"
    if all(map(_is_utf8, heads)):
        return "utf-8"
    others = [head for head in heads if not _is_utf8(head)]
    if any(map(_is_damaged_utf8, others)):
        return "utf-8"
    return "windows-1252" if any(map(CONTROL_CODES.search, others)) else "latin-1"


def _has_nul_bytes(head: bytes) -> bool:
    """Of UTF-16 without a mark every other byte of plain text is one."""
    return len(head) > 1 and head[1::2].count(0) > len(head) / 4


def _is_utf8(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The last character may be cut.
        return len(head) == HEAD_BYTES and error.start >= len(head) - 3
    return True


def has_utf8_characters(paths: Sequence[Path]) -> bool:
    """Whether files begin with characters that hardly anything but UTF-8 has."""
    return any(map(_is_damaged_utf8, map(_head, paths)))


def _is_damaged_utf8(head: bytes) -> bool:
    """Whether most characters beyond ASCII are whole: by chance hardly any are."""
    text = head.decode("utf-8", errors="surrogateescape")
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    return sum(character > "\x7f" for character in text) - broken >= max(broken, 1)


def _decoded(head: bytes, encoding: Encoding) -> str:
    text = head.decode("utf-8-sig" if encoding == "utf-8" else encoding, errors="replace")
    if len(head) == HEAD_BYTES:
        text = text[: text.rfind("\n") + 1]
    return text


def _fit(text: str, dialect: CsvDialect) -> tuple[float, int, int]:
    """How much the records of a head are a table: the share that has the header's width, then it.

    A quote that is used counts for more than one that only could be, and a file without any is as
    good with the usual one.
    """
    widths: list[int] = []
    try:
        for _, record in islice(records(io.StringIO(text, newline=""), dialect), HEAD_RECORDS):
            widths.append(len(record))
    except csv.Error:
        return (0.0, 0, 0)
    unused = -QUOTES.index(dialect.quote)
    if not widths or widths[0] < 2:
        return (0.0, 1, unused)
    share = round(widths.count(widths[0]) / len(widths), 2)
    quote, delimiter = dialect.quote, dialect.delimiter
    is_used = quote and (quote + delimiter in text or delimiter + quote in text)
    return (share, widths[0] if share == 1 else 1, 1 if is_used else unused)
