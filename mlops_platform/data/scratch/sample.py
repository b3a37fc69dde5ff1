"""A part of the landing zone, linked into a place of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.data.landing.deliveries import (
    PARTITION_COLUMN,
    RECORD_FILE,
    day_folder,
    day_of,
    day_rows,
    delivery_folders,
    delivery_name,
    landed_rows,
    read_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state, write_state
from mlops_platform.data.landing.table_lock import table_lock
from mlops_platform.errors import DataError
from mlops_platform.files import write_text

if TYPE_CHECKING:
    import pyarrow as pa

FEWEST_DAYS: Final = 3
EARLIER: Final = timedelta(days=30)


class Bounds(NamedTuple):
    """How much of the landing zone is taken.

    Args:
        days: newest landed days, at most.
        rows: of all of them, at most; some days are always taken.
    """

    days: int
    rows: int


@dataclass(frozen=True)
class SampledTable:
    """One table of a sample.

    Args:
        landed: None where nobody has declared what identifies its facts.
        lasting: its facts count until those of a later day take their place.
        once: days that were delivered once; their delivery arrives before all of the sample.
    """

    landed: LandedTable | None
    lasting: bool
    days: tuple[date, ...]
    once: frozenset[date]


@dataclass(frozen=True)
class Sample:
    """Whole days of some landed tables, of which a landing zone is made as often as it is needed.

    Args:
        landing: folder of its own with links to the deliveries.
        days: of the tables that are not lasting.
        early: arrival of what was delivered once. A home whose past was loaded late would otherwise
            know nothing of it at the time.
    """

    landing: Path
    tables: Mapping[str, SampledTable]
    days: tuple[date, ...]
    early: datetime

    _read: dict[tuple[str, date], pa.Table] = field(default_factory=dict, repr=False)

    def rows(self, table: str, day: date) -> pa.Table:
        """The facts of a day as they are now."""
        if (table, day) not in self._read:
            landed = self.tables[table].landed or LandedTable(table=table, key=())
            self._read[table, day] = day_rows(landed, day_folder(self.landing, table, day))
        return self._read[table, day]

    @property
    def count(self) -> int:
        """All facts."""
        return sum(
            self.rows(table, day).num_rows
            for table, sampled in self.tables.items()
            for day in sampled.days
        )

    def link(self, target: Path) -> None:
        """Make a landing zone of it."""
        for file in self.landing.rglob("*"):
            if file.is_file():
                link_file(file, target / file.relative_to(self.landing))


def take_sample(landing: Path, target: Path, sources: Mapping[str, bool], bounds: Bounds) -> Sample:
    """Link the newest landed days of some tables.

    Args:
        sources: tables, and whether each is lasting. Of a lasting one the days of the sample are
            taken, and the last one before it.

    Raises:
        DataError: too little has landed.
    """
    landed = {table: _landed_days(landing, table) for table in sources}
    days = _newest(landing, {table for table in sources if not sources[table]}, landed, bounds)
    early = datetime.combine(days[0], time(), UTC) - EARLIER
    tables = {}
    for table, lasting in sources.items():
        before = [day for day in landed[table] if day < days[0]][-1:] if lasting else []
        taken = (*before, *(day for day in landed[table] if days[0] <= day <= days[-1]))
        with table_lock(landing, table):
            once = frozenset(_link_days(landing, target, table, taken, early))
        state = read_state(landing / table)
        redelivered = tuple(day for day in state.redelivered if day in set(taken) - once)
        write_state(target / table, state.model_copy(update={"redelivered": redelivered}))
        tables[table] = SampledTable(state.declared, lasting, taken, once)
    return Sample(target, tables, days, early)


def link_file(file: Path, target: Path) -> None:
    """The same file in another place; a copy where it cannot be linked."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file.resolve(), target)
    except OSError:
        # Another disk, or one without links.
        shutil.copyfile(file, target)


def _landed_days(landing: Path, table: str) -> list[date]:
    folders = (landing / table).glob(f"{PARTITION_COLUMN}=*")
    return sorted(day_of(folder) for folder in folders if delivery_folders(folder))


def _newest(
    landing: Path, tables: Iterable[str], landed: Mapping[str, list[date]], bounds: Bounds
) -> tuple[date, ...]:
    days = sorted({day for table in tables for day in landed[table]})
    if len(days) < FEWEST_DAYS:
        raise DataError(
            f"{len(days)} days of {sorted(tables)} have landed below {landing}, and at least "
            f"{FEWEST_DAYS} are needed. Land some: `mlops land <table>`."
        )
    taken: list[date] = []
    rows = 0
    for day in reversed(days[-bounds.days :]):
        rows += sum(landed_rows(landing, table, day) for table in tables)
        if rows > bounds.rows and len(taken) >= FEWEST_DAYS:
            break
        taken.append(day)
    return tuple(reversed(taken))


def _link_days(
    landing: Path, target: Path, table: str, days: Iterable[date], early: datetime
) -> Iterator[date]:
    """Link every delivery of some days; the days that have only one."""
    for day in days:
        here, there = (day_folder(root, table, day) for root in (landing, target))
        folders = delivery_folders(here)
        for folder in folders:
            _link_delivery(folder, there / folder.name)
        if len(folders) == 1:
            _let_arrive(there / folders[0].name, early)
            yield day


def _link_delivery(folder: Path, target: Path) -> None:
    for file in sorted(folder.glob("[!.]*")):
        if file.is_file():
            link_file(file, target / file.name)


def _let_arrive(folder: Path, moment: datetime) -> None:
    record = read_delivery(folder).model_copy(update={"delivered_at": moment})
    # Not written into: it is a link to the deployment's own.
    write_text(folder / RECORD_FILE, record.to_stored())
    folder.rename(folder.with_name(delivery_name(moment)))
