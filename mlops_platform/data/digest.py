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
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlops_platform.data.types import in_canonical_types

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def table_digest(table: pa.Table) -> str:
    """Hexadecimal SHA-256 of the schema and of the rows in their order.

    Chunks, dictionaries, view and large types, time units, values under nulls, the sign of zero
    and the payload of NaN leave it unchanged.

    Raises:
        DataError: a column has no canonical form.
    """
    canonical = in_canonical_types(table)
    header = json.dumps(
        {
            "version": 1,
            "rows": canonical.num_rows,
            "columns": [[field.name, str(field.type)] for field in canonical.schema],
        }
    ).encode()
    digest = hashlib.sha256(len(header).to_bytes(8, "little") + header)
    for column in canonical.columns:
        for part in _encoded(column):
            digest.update(part)
    return digest.hexdigest()


def _encoded(column: pa.ChunkedArray) -> Iterator[memoryview]:
    """Encode one column: validity, then values."""
    import pyarrow as pa

    yield _bytes_of(column.is_valid())
    if pa.types.is_string(column.type):
        # 64-bit offsets: one column may hold more than 2 GB of text.
        yield from _lengths_and_text(column.cast(pa.large_string()).combine_chunks())
    elif not pa.types.is_null(column.type):
        yield _bytes_of(column)


def _lengths_and_text(strings: pa.LargeStringArray) -> Iterator[memoryview]:
    import numpy as np

    filled = strings.fill_null("")
    _, offsets, text = filled.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64, count=len(filled) + 1, offset=8 * filled.offset)
    yield np.diff(ends).astype("<i8").data
    if text is not None:
        yield memoryview(text)[ends[0] : ends[-1]]


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
