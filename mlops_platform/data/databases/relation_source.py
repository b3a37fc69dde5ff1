"""Landing a table or view of a database: its rows are exported, and land as those of a file."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from mlops_platform.data.databases.address import parsed_url, shown
from mlops_platform.data.databases.day_range import DayRange
from mlops_platform.data.databases.export import export_relation
from mlops_platform.data.engine import spill_folder
from mlops_platform.data.landing.files.file_source import FileSource
from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landing import Arrival, Landed
from mlops_platform.data.landing.snapshot_source import SnapshotSource
from mlops_platform.errors import DataError
from mlops_platform.settings import settings


@dataclass(frozen=True)
class RelationSource:
    """A table or view that lands as its exported rows do.

    Args:
        url: of the database.
        relation: with its schema where it is not the usual one.
        files: how the exported rows land; of its folder and pattern nothing is used.
    """

    url: str
    relation: str
    files: FolderSource | SnapshotSource

    def land(self, landing_root: Path, arrival: Arrival) -> Landed:
        """Land the days of an arrival.

        Raises:
            DataError: the relation cannot be read, or its rows cannot land.
        """
        if not arrival.last:
            return Landed([])
        with self._exported(self._days(arrival.last)) as source:
            return source.land(landing_root, arrival)

    def _days(self, days: Collection[date]) -> DayRange | None:
        if self.files.time_column is None:
            return None
        return DayRange(self.files.time_column, min(days), max(days))

    @contextmanager
    def _exported(self, days: DayRange | None) -> Iterator[FolderSource | SnapshotSource]:
        """The rows as a source of files, whose errors name the relation."""
        columns = _needed(self.files)
        with _exports() as folder:
            [path] = export_relation(self.url, self.relation, folder, where=days, columns=columns)
            try:
                yield replace(self.files, folder=folder, pattern=path.name)
            except DataError as error:
                where = f"{self.relation} of {shown(parsed_url(self.url))}"
                raise DataError(str(error).replace(str(path), where)) from error


def _needed(files: FileSource) -> set[str] | None:
    """Columns that land; all where None."""
    if files.columns is None:
        return None
    return {*files.columns.values(), *filter(None, [files.time_column])}


@contextmanager
def _exports() -> Iterator[Path]:
    """A folder that is gone afterwards; of a process that was killed the next one removes it."""
    folder = spill_folder(settings().spill, f"export-{uuid4().hex}")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
