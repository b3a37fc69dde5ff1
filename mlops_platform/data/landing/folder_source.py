"""Generic landing: any folder of CSV or Parquet files with a declared time column."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from mlops_platform.data.landing.files.file_source import FileSource
from mlops_platform.data.landing.files.input_files import find_files
from mlops_platform.data.landing.landing import Arrival, Landed, land_days


@dataclass(frozen=True, kw_only=True)
class FolderSource(FileSource):
    """Files of one landed table; each row is landed on the day of its time column."""

    time_column: str = field()  # required, unlike that of other sources

    def land(self, landing_root: Path, arrival: Arrival) -> Landed:
        """Land the rows of an arrival's days; days without rows are landed empty.

        All files are read and checked before the first day lands.

        Raises:
            DataError: no file, a file that is no table of the declared dialect, missing columns,
                times or values that cannot be read, keys that repeat, or a day that cannot be
                delivered again; days before that one have landed.
        """
        if not arrival.last:
            return Landed([])
        table_folder = landing_root / self.landed.table
        files = find_files(self.folder, self.pattern)
        with self.read(table_folder, files, arrival) as rows:
            days = land_days(landing_root, self.landed, rows.by_day(), arrival)
            return Landed(days, tuple(rows.left_out().texts()))
