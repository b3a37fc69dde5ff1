"""One way to write a Parquet file, so that equal rows give equal bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

ROW_GROUP_ROWS: Final = 128 * 1024
"""As many as DuckDB reads by one thread. Arrow puts a million in one by itself: a writer holds
them, and it took half a gigabyte more."""


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write `table` to `path`, whole or not at all."""
    import pyarrow.parquet as pq

    with replacing_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def stream_parquet(tables: Iterable[pa.Table], path: Path) -> None:
    """Write rows as they come, of which one row group is held at most, whole or not at all.

    Equal rows give equal bytes, however they were cut into tables.

    Args:
        tables: one at least, for its schema.
    """
    import pyarrow.parquet as pq

    groups = _row_groups(tables)
    first = next(groups)
    with (
        replacing_file(path) as temporary,
        pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer,
    ):
        for group in chain([first], groups):
            # Pages end where chunks do.
            writer.write_table(group.combine_chunks(), ROW_GROUP_ROWS)


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of as many as a row group has; the last one has what is left."""
    import pyarrow as pa

    stream = iter(tables)
    held = next(stream)
    for table in stream:
        held = pa.concat_tables([held, table])
        while held.num_rows > ROW_GROUP_ROWS:
            yield held.slice(0, ROW_GROUP_ROWS)
            held = held.slice(ROW_GROUP_ROWS)
    yield held


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of one file.

    Args:
        columns: of the file; all of them where None.

    Raises:
        DataError: the file is missing or is not Parquet.
    """
    with opened_parquet(path) as file:
        return file.read(columns)


def read_parquet_schema(path: Path) -> pa.Schema:
    """Read the columns of one file, and none of its rows.

    Raises:
        DataError: the file is missing or is not Parquet.
    """
    with opened_parquet(path) as file:
        return file.schema_arrow


@contextmanager
def opened_parquet(path: Path) -> Iterator[ParquetFile]:
    """Open one file, to be read in parts.

    Raises:
        DataError: the file is missing or is not Parquet.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Not `pq.read_table`: it would make a column of a `day=...` folder.
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. Produce it again.") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path} cannot be read as Parquet ({error}). Delete it and produce it again."
        ) from error
