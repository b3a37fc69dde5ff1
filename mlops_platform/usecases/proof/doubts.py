"""Why a feature does not change where a fact moves across the moment of its event."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, NamedTuple

from mlops_platform.data.scratch.built_rows import Both, RowDifference
from mlops_platform.data.scratch.perturbing import Perturbation
from mlops_platform.usecases.proof.culprits import MOST_SEARCHED, culprits, perturbed_fact
from mlops_platform.usecases.proof.moved_worlds import MovedWorlds
from mlops_platform.usecases.proof.plan import LATER, CutoffEvent
from mlops_platform.usecases.proof.records import Finding, PerturbedFact

NOT_READ: Final = "A fact that is known at the very moment of the event counts"
READ_TOO_EARLY: Final = "A fact that becomes known after the event does not count"
FIX: Final = (
    "{rule}: read {table} with `known_at <= event_time`, and versions until `superseded_at > "
    "event_time`."
)


class Doubt(NamedTuple):
    """A feature that is the same with a fact known at its event and after it.

    Args:
        too_early: read in both cases; else in none.
    """

    event: CutoffEvent
    column: str
    too_early: bool


class CutoffWorlds(NamedTuple):
    """Warehouses where facts became known at their events, and right after them."""

    at: Path
    after: Path


@dataclass(frozen=True)
class Doubts:
    """Looks at features that changed between long before and long after, and not at the cutoff.

    Args:
        columns: by landed table.
    """

    moved: MovedWorlds
    columns: Mapping[str, Collection[str]]

    def findings(self, worlds: CutoffWorlds) -> dict[str, list[Finding]]:
        """Findings by landed table; none of what no fact had reached at all."""
        step = self.moved.step
        with self.moved.world(-step) as before, self.moved.world(LATER) as later:
            found: dict[str, list[Finding]] = {}
            for number, doubt in enumerate(self._doubts(worlds, before, later)):
                pair = (later, worlds.after) if doubt.too_early else (before, worlds.at)
                difference = self._difference(doubt, *pair)
                searched = number < MOST_SEARCHED
                fact = self._fact(doubt, difference, later) if searched else None
                finding = self._finding(doubt, difference, fact)
                found.setdefault(doubt.event.table, []).append(finding)
        return found

    def _doubts(self, worlds: CutoffWorlds, before: Path, later: Path) -> Iterator[Doubt]:
        around = self.moved.changed(before, later)
        at_cutoff = self.moved.changed(worlds.at, later)
        told: set[tuple[str, str]] = set()
        for event, changed in around.items():
            for column in sorted(set(changed) & set(self.columns.get(event.table, ()))):
                if (event.table, column) not in told:
                    told.add((event.table, column))
                    yield Doubt(event, column, too_early=column in at_cutoff[event])

    def _difference(self, doubt: Doubt, expected: Path, actual: Path) -> RowDifference:
        differences = Both(expected, actual, self.moved.table).differences_at(doubt.event.moment)
        return next(found for found in differences if found.column == doubt.column)

    def _fact(self, doubt: Doubt, difference: RowDifference, later: Path) -> PerturbedFact:
        """The fact that is read too early, or that would be read a moment before."""
        offset = self.moved.step if doubt.too_early else -self.moved.step
        moves = {
            move.perturbation(offset): move
            for move in self.moved.moves
            if move.event == doubt.event
        }

        def changes(some: Sequence[Perturbation]) -> bool:
            chosen = [moves[perturbation] for perturbation in some]
            with self.moved.world(LATER, chosen, offset) as warehouse:
                return Both(later, warehouse, self.moved.table).differ_in(difference)

        suspects = culprits(list(moves), changes)
        shift = timedelta() if not doubt.too_early else offset
        as_moved = [moves[suspect].perturbation(shift) for suspect in suspects]
        return perturbed_fact(self.moved.worlds.sample, as_moved)

    def _finding(
        self, doubt: Doubt, difference: RowDifference, fact: PerturbedFact | None
    ) -> Finding:
        rule = READ_TOO_EARLY if doubt.too_early else NOT_READ
        fix = FIX.format(rule=rule, table=doubt.event.table)
        return Finding.of(self.moved.table.name, difference, fact, fix)
