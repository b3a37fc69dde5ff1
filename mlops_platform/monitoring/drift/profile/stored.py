"""A profile as one Parquet file that says itself what its bins are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file
from mlops_platform.monitoring.drift.profile.profile import FittedBins, Profile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

PROFILE_FILE = "profile.parquet"
_BINS = b"cells"
"""Key of the metadata, as it is in every file ever written."""


def write_profile(directory: Path, profile: Profile) -> None:
    """Write the counts, one row group per column, with the bins in the file's metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [("day", pa.date32()), ("key", pa.float64()), ("rows", pa.int64())],
        metadata={_BINS: profile.bins.to_stored(indent=None).encode()},
    )
    with (
        replacing_file(directory / PROFILE_FILE) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
    ):
        for name in profile.bins.names:
            rows = profile.counts[name].sort_by([("key", "ascending"), ("day", "ascending")])
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
        file = pq.ParquetFile(pa.BufferReader(path.read_bytes()))
        bins = FittedBins.from_stored((file.schema_arrow.metadata or {})[_BINS])
        if file.num_row_groups != len(bins.columns):
            raise KeyError("a column")
    except (OSError, ValidationError, KeyError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    return Profile(bins, _StoredCounts(path, file, bins.names))


class _StoredCounts(Mapping[str, "pa.Table"]):
    """Counts that stay compressed until they are asked for: decoded, they are twenty times larger.

    Raises:
        DataError: the counts of a column are damaged.
    """

    def __init__(self, path: Path, file: pq.ParquetFile, names: Sequence[str]) -> None:
        self._path, self._file = path, file
        self._groups = {name: at for at, name in enumerate(names)}

    def __getitem__(self, name: str) -> pa.Table:
        import pyarrow as pa

        try:
            return self._file.read_row_group(self._groups[name])
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(self._path, error) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} holds no readable profile: {error}. Fetch the version from the registry again, or "
        "register the model anew."
    )
