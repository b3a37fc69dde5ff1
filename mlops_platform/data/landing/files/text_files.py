"""The text of files: unpacked, decoded, and written as UTF-8 where DuckDB does not decode it."""

from __future__ import annotations

import io
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.settings import settings

CODECS = {".gz": "gzip", ".zst": "zstd"}
OWN_DECODING: Final = ("windows-1252",)
"""Encodings that DuckDB has only in an extension."""
CHARACTERS: Final = 1 << 20
"""That are decoded at once."""


class Utf8Copies:
    """Files written anew as UTF-8; they are there for as long as this is.

    Raises:
        UnicodeError: bytes of a file are none of its encoding.
    """

    def __init__(self, paths: Sequence[Path], dialect: CsvDialect) -> None:
        place = settings()
        root = place.spill if place.home.is_dir() else None
        if root is not None:
            root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="utf8-", dir=root))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.paths = tuple(
            _copied(path, folder / f"{number}.csv", dialect) for number, path in enumerate(paths)
        )


def _copied(path: Path, copy: Path, dialect: CsvDialect) -> Path:
    with opened_text(path, dialect) as text, copy.open("w", encoding="utf-8", newline="") as target:
        while characters := text.read(CHARACTERS):
            target.write(characters)
    return copy


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
