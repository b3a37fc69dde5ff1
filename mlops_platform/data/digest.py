"""Canonical SHA-256 of an Arrow table: the same facts give the same digest on any machine.

Encoding, version 1: a JSON header with the number of rows and the name and canonical type of every
column; then for every column one validity byte per row, and the values: numbers little-endian and
0 where null, strings as 64-bit byte lengths (0 where null) and their UTF-8 bytes. The length of
the header is written before it and all other lengths follow from it, so that no two tables share
an encoding.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.parquet import opened_parquet
from mlops_platform.data.types import in_canonical_types

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyarrow.parquet import ParquetFile

    Pieces = Callable[[], Iterable[pa.ChunkedArray]]
    """A column from its beginning, each time that it is asked for."""

PIECE_ROWS: Final = 131_072


def table_digest(table: pa.Table) -> str:
    """Hexadecimal SHA-256 of the schema and of the rows in their order.

    Chunks, dictionaries, view and large types, time units, values under nulls, the sign of zero
    and the payload of NaN leave it unchanged.

    Raises:
        DataError: a column has no canonical form.
    """
    canonical = in_canonical_types(table)
    columns = (lambda column=column: [column] for column in canonical.columns)
    return _digest(canonical.schema, canonical.num_rows, columns)


def parquet_digest(path: Path) -> str:
    """The digest of a file's rows as one table, of which some of one column are held at a time.

    Raises:
        DataError: a column has no canonical form, or the file is missing or is not Parquet.
    """
    with opened_parquet(path) as file:
        schema = in_canonical_types(file.schema_arrow.empty_table()).schema
        columns = (partial(_pieces, file, name) for name in schema.names)
        return _digest(schema, file.metadata.num_rows, columns)


def _pieces(file: ParquetFile, column: str) -> Iterator[pa.ChunkedArray]:
    import pyarrow as pa

    for batch in file.iter_batches(PIECE_ROWS, columns=[column]):
        yield in_canonical_types(pa.Table.from_batches([batch]))[column]


def _digest(schema: pa.Schema, rows: int, columns: Iterable[Pieces]) -> str:
    header = json.dumps(
        {
            "version": 1,
            "rows": rows,
            "columns": [[field.name, str(field.type)] for field in schema],
        }
    ).encode()
    digest = hashlib.sha256(len(header).to_bytes(8, "little") + header)
    for field, pieces in zip(schema, columns, strict=True):
        for part in _encoded(field.type, pieces):
            digest.update(part)
    return digest.hexdigest()


def _encoded(kind: pa.DataType, pieces: Pieces) -> Iterator[memoryview]:
    """Encode one column: validity of all of it, then its values."""
    import pyarrow as pa

    for piece in pieces():
        yield _bytes_of(piece.is_valid())
    if pa.types.is_string(kind):
        for encode in (_lengths, _text):
            for piece in pieces():
                # 64-bit offsets: one column may hold more than 2 GB of text.
                yield encode(piece.cast(pa.large_string()).combine_chunks().fill_null(""))
    elif not pa.types.is_null(kind):
        for piece in pieces():
            yield _bytes_of(piece)


def _lengths(filled: pa.LargeStringArray) -> memoryview:
    import numpy as np

    return np.diff(_ends(filled)).astype("<i8").data


def _text(filled: pa.LargeStringArray) -> memoryview:
    ends, text = _ends(filled), filled.buffers()[2]
    return memoryview(b"" if text is None else text)[ends[0] : ends[-1]]


def _ends(filled: pa.LargeStringArray) -> NDArray[np.int64]:
    """Where each text ends, after where the first one begins."""
    import numpy as np

    offsets = filled.buffers()[1]
    return np.frombuffer(offsets, dtype=np.int64, count=len(filled) + 1, offset=8 * filled.offset)


def _bytes_of(column: pa.ChunkedArray) -> memoryview:
    """Encode numbers, booleans, dates and times at their own width; 0 where null."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    elif pa.types.is_date(kind):
        column = column.cast(pa.int32())
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    return _canonical_numbers(column.fill_null(0).to_numpy()).data


def _canonical_numbers(values: np.ndarray) -> np.ndarray:
    import numpy as np

    if values.dtype.kind == "f":
        # Adding 0.0 turns -0.0 into 0.0; one NaN stands for all of them.
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values + 0.0)
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
