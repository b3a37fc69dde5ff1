"""Facts that are others than they were: delivered so from the start, or by a later delivery."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.scratch.edited_day import EditedDay, known_at_column, with_fresh_key
from mlops_platform.data.scratch.sample import Sample

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["changed", "removed", "added", "repeated"]


class FactAt(NamedTuple):
    """One fact of a sample: a row of a landed day."""

    table: str
    day: date
    position: int


@dataclass(frozen=True)
class Perturbation:
    """What becomes of one fact.

    Args:
        kind: `changed`: other values; `removed`; `added`: there is one more like it, by a key of
            its own; `repeated`: its key occurs once more on the day of `beside`, and is known when
            that is.
        arrives: by a delivery at this moment; from the start where None.
        known_at: moment that the source says; as it was where None.
        values: whether values change, too.
        texts: whether texts and moments are among them, and not only numbers.
        number: tells what is added apart.
    """

    fact: FactAt
    kind: Kind
    arrives: datetime | None = None
    known_at: datetime | None = None
    values: bool = True
    texts: bool = True
    number: int = 0
    beside: FactAt | None = None

    @property
    def day(self) -> date:
        """The landed day that is another one."""
        return (self.beside or self.fact).day


class Perturbed(NamedTuple):
    """A sample with perturbations.

    Args:
        kept: columns by table that no perturbation changes.
    """

    sample: Sample
    perturbations: Sequence[Perturbation]
    kept: dict[str, Collection[str]]

    def land(self, landing: Path) -> None:
        """Make a landing zone of it, by the landing of production."""
        self.sample.link(landing)
        by_day: defaultdict[tuple[str, date], list[Perturbation]] = defaultdict(list)
        for perturbation in self.perturbations:
            by_day[perturbation.fact.table, perturbation.day].append(perturbation)
        for (table, day), perturbations in sorted(by_day.items()):
            _Day(self, landing, table, day).land(perturbations)


def describe(sample: Sample, fact: FactAt) -> tuple[dict[str, str], datetime | None]:
    """The key of a fact, and when its source says that it was known."""
    landed = sample.tables[fact.table].landed
    assert landed is not None, "facts without a key are not perturbed"
    (row,) = sample.rows(fact.table, fact.day).slice(fact.position, 1).to_pylist()
    column = known_at_column(landed, row)
    said = row[column] if column else None
    return {name: str(row[name]) for name in landed.key}, said and said.astimezone(UTC)


@dataclass(frozen=True)
class _Day:
    """One day of one table that is delivered otherwise."""

    world: Perturbed
    landing: Path
    table: str
    day: date

    def land(self, perturbations: Iterable[Perturbation]) -> None:
        by_arrival: defaultdict[datetime | None, list[Perturbation]] = defaultdict(list)
        for perturbation in perturbations:
            by_arrival[perturbation.arrives].append(perturbation)
        edited = EditedDay(self._landed, self.world.sample.rows(self.table, self.day))
        if at_start := by_arrival.pop(None, []):
            self._edit(edited, at_start)
            self._deliver_first(edited.table)
        for arrives in sorted(moment for moment in by_arrival if moment is not None):
            self._edit(edited, by_arrival[arrives])
            self._deliver_again(edited, arrives)

    @property
    def _landed(self) -> LandedTable:
        landed = self.world.sample.tables[self.table].landed
        assert landed is not None, "facts without a key are not perturbed"
        return landed

    def _edit(self, day: EditedDay, perturbations: Iterable[Perturbation]) -> None:
        kept = self.world.kept.get(self.table, ())
        for perturbation in perturbations:
            position = perturbation.fact.position
            if perturbation.kind == "removed":
                day.remove(position)
            elif perturbation.kind == "changed":
                if perturbation.values:
                    day.change(position, texts=perturbation.texts, kept=kept)
                if perturbation.known_at is not None:
                    day.move(position, perturbation.known_at)
            elif (row := self._more(day, perturbation)) is not None:
                day.put(row)

    def _more(self, day: EditedDay, perturbation: Perturbation) -> dict[str, Any] | None:
        """The row that is put beside the others."""
        source = perturbation.fact
        if perturbation.kind == "added":
            row = day.row(source.position)
            return row and with_fresh_key(self._landed, row, perturbation.number)
        rows = self.world.sample.rows(source.table, source.day)
        elsewhere = EditedDay(self._landed, rows)
        kept = self.world.kept.get(self.table, ())
        elsewhere.change(source.position, texts=perturbation.texts, kept=kept)
        row = elsewhere.row(source.position)
        beside = perturbation.beside and day.row(perturbation.beside.position)
        if row is None or beside is None or day.known_at is None:
            return None
        return {**row, day.known_at: beside[day.known_at]}

    def _deliver_first(self, rows: pa.Table) -> None:
        """Instead of what was delivered."""
        shutil.rmtree(day_folder(self.landing, self.table, self.day))
        land_day(
            self.landing,
            self._without_retractions,
            self.day,
            self._unnumbered(rows),
            Arrival(at=self.world.sample.early, last={self.day: None}),
        )

    def _deliver_again(self, edited: EditedDay, arrives: datetime) -> None:
        arrival = Arrival.begun(self.landing, self.table, [self.day], arrives, retract=True)
        # As a table of which deliveries replace: each of them says all that there is.
        rows = self._unnumbered(edited.table)
        land_day(self.landing, self._without_retractions, self.day, rows, arrival)

    def _unnumbered(self, rows: pa.Table) -> pa.Table:
        """As a source delivers them: numbers of equal rows are given by the landing."""
        number = self._landed.numbered_by
        return rows if number is None else rows.drop_columns([number])

    @property
    def _without_retractions(self) -> LandedTable:
        return self._landed.model_copy(update={"delivery": "replaces", "retracted": None})
