"""Landing without any time: what a file holds is how its table stood on one day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.files.file_source import FileSource
from mlops_platform.data.landing.files.input_files import DAY, find_files
from mlops_platform.data.landing.landing import Arrival, Landed, land_days
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class SnapshotSource(FileSource):
    """Files of one landed table, of which all rows are of the day that is landed.

    With `{day}` in the pattern every day has files of its own; without it they are read as they
    are now, whatever day it is.
    """

    def land(self, landing_root: Path, arrival: Arrival) -> Landed:
        """Land the days of an arrival that have files, one by one; others stay as they are.

        A day without a file is no day without rows: its file may be late.

        Raises:
            DataError: no file was ever there, files are no table of the declared dialect, lack
                columns or have values that cannot be read, keys repeat, or a day cannot be
                delivered again; days before that one have landed.
        """
        files = {day: self._files(day) for day in sorted(arrival.last)}
        landed_before = (landing_root / self.landed.table).glob(f"{PARTITION_COLUMN}=*")
        if not any(files.values()) and not any(landed_before):
            named = f"{min(files)} to {max(files)}" if len(files) > 1 else str(min(files))
            raise DataError(
                f"{self.where} has no file of {named}. Put it there, or correct `folder` and "
                "`pattern`."
            )
        rows = self._rows_by_day(landing_root / self.landed.table, files, arrival)
        return Landed(land_days(landing_root, self.landed, rows, arrival))

    def _files(self, day: date) -> list[Path]:
        return find_files(self.folder, self.pattern.replace(DAY, day.isoformat()))

    def _rows_by_day(
        self, table_folder: Path, files: Mapping[date, Sequence[Path]], arrival: Arrival
    ) -> Iterator[tuple[date, pa.Table]]:
        """Each day is read only when that before it has landed: one is in memory at a time."""
        for day, of_day in files.items():
            if of_day:
                with self.read(table_folder, of_day, arrival, day) as rows:
                    yield from rows.by_day()
