"""One way to write a Parquet file, so that equal rows give equal bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq


def write_parquet(table: pa.Table, path: Path) -> None:
    """Write `table` to `path`, whole or not at all."""
    import pyarrow.parquet as pq

    with replacing_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_parquet(path: Path) -> pa.Table:
    """Read the rows of one file.

    Raises:
        DataError: the file is missing or is not Parquet.
    """
    with _readable(path) as file:
        # Not `pq.read_table`: it would make a column of a `day=...` folder.
        return file.read()


def read_parquet_schema(path: Path) -> pa.Schema:
    """Read the columns of one file, and none of its rows.

    Raises:
        DataError: the file is missing or is not Parquet.
    """
    with _readable(path) as file:
        return file.schema_arrow


@contextmanager
def _readable(path: Path) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        yield pq.ParquetFile(path)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. Produce it again.") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path} cannot be read as Parquet ({error}). Delete it and produce it again."
        ) from error
