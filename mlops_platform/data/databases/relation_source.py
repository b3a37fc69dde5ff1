"""Landing a table or view of a database: its rows are exported, and land as those of a file."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from mlops_platform.data.databases.address import shown_url
from mlops_platform.data.databases.day_range import DayRange
from mlops_platform.data.databases.export import export_relation
from mlops_platform.data.engine import spill_folder
from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.data.landing.snapshot_source import SnapshotSource
from mlops_platform.errors import DataError
from mlops_platform.settings import settings


@dataclass(frozen=True)
class RelationSource:
    """A table or view that lands as a file with its rows does.

    Args:
        url: of the database.
        relation: with its schema where it is not the usual one.
        declared: what the source of such a file is made with, but for its folder and pattern.
    """

    url: str
    relation: str
    declared: Mapping[str, Any]

    def land(self, landing_root: Path, arrival: Arrival) -> Landed:
        """Land the days of an arrival; without a time column, all rows on its day.

        Raises:
            DataError: the relation cannot be read, or its rows cannot land.
        """
        if not arrival.last:
            return Landed([])
        with _exports() as folder:
            [path] = export_relation(
                self.url,
                self.relation,
                folder,
                where=self._days(arrival.last),
                columns=self._columns(),
            )
            try:
                return self._file_source(path).land(landing_root, arrival)
            except DataError as error:
                where = f"{self.relation} of {shown_url(self.url)}"
                raise DataError(str(error).replace(str(path), where)) from error

    def _file_source(self, path: Path) -> FolderSource | SnapshotSource:
        kind = SnapshotSource if self._time_column is None else FolderSource
        return kind(folder=path.parent, pattern=path.name, **self.declared)

    @property
    def _time_column(self) -> str | None:
        return self.declared.get("time_column")

    def _days(self, days: Collection[date]) -> DayRange | None:
        if self._time_column is None:
            return None
        return DayRange(self._time_column, min(days), max(days))

    def _columns(self) -> set[str] | None:
        """Columns that land; all where None."""
        columns = self.declared.get("columns")
        if columns is None:
            return None
        return {*columns.values(), *filter(None, [self._time_column])}


@contextmanager
def _exports() -> Iterator[Path]:
    """A folder that is gone afterwards; of a process that was killed the next one removes it."""
    folder = spill_folder(settings().spill, f"export-{uuid4().hex}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
