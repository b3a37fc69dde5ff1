"""Worlds in which facts become known at the moments of events, or a little before or after."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from mlops_platform.data.scratch.built_rows import Both, BuiltTable
from mlops_platform.usecases.proof.plan import CutoffEvent, Move
from mlops_platform.usecases.proof.worlds import Worlds, warehouse_of

Changed = Mapping[CutoffEvent, Collection[str]]
"""Features that differ, by the event."""


@dataclass(frozen=True)
class MovedWorlds:
    """The same facts, known at other moments.

    Args:
        table: of the features.
        kept: landed columns by table that say which event a row is of.
        step: the finest difference between moments that every source makes.
    """

    worlds: Worlds
    table: BuiltTable
    kept: Mapping[str, Collection[str]]
    moves: Sequence[Move]
    step: timedelta

    @contextmanager
    def world(
        self, offset: timedelta, others: Sequence[Move] = (), others_by: timedelta = timedelta()
    ) -> Iterator[Path]:
        """The warehouse where all facts are known so much later than their events.

        Args:
            others: facts that are known `others_by` later instead.
        """
        apart = set(others)
        perturbations = [
            move.perturbation(others_by if move in apart else offset) for move in self.moves
        ]
        with self.worlds.perturbed(perturbations, self.kept) as lake:
            yield warehouse_of(lake)

    def changed(self, before: Path, after: Path) -> Changed:
        """Features of the events themselves that differ in two worlds."""
        events = {move.event for move in self.moves}
        if not events:
            return {}
        both = Both(before, after, self.table)
        columns = both.columns_at([event.moment for event in events])
        return {event: columns.get(event.moment, set()) for event in sorted(events)}
