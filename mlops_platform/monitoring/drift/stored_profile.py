"""A profile as one Parquet file that says itself what its cells are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file
from mlops_platform.monitoring.drift.profile import FrozenCells, Profile

if TYPE_CHECKING:
    import pyarrow as pa

PROFILE_FILE = "profile.parquet"
_CELLS = b"cells"


def write_profile(directory: Path, profile: Profile) -> None:
    """Write the counts, one row group per column, with the cells in the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("day", pa.date32()), ("key", pa.float64()), ("rows", pa.int64())],
        metadata={_CELLS: profile.cells.model_dump_json().encode()},
    )
    with (
        replacing_file(directory / PROFILE_FILE) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for name in profile.cells.names:
            rows = profile.counts[name].sort_by([("day", "ascending"), ("key", "ascending")])
            writer.write_table(rows.cast(schema), row_group_size=max(rows.num_rows, 1))


def read_profile(directory: Path) -> Profile:
    """The profile of a version.

    Raises:
        DataError: the file is missing or damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = directory / PROFILE_FILE
    try:
        with pq.ParquetFile(path) as file:
            cells = FrozenCells.model_validate_json((file.schema_arrow.metadata or {})[_CELLS])
            counts = _of_each_column(file, cells)
    except (OSError, ValidationError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"{path} holds no readable profile: {error}. Fetch the version from the registry "
            "again, or register the model anew."
        ) from error
    return Profile(cells, counts)


def _of_each_column(file: pa.parquet.ParquetFile, cells: FrozenCells) -> dict[str, pa.Table]:
    return {name: file.read_row_group(at) for at, name in enumerate(cells.names)}
