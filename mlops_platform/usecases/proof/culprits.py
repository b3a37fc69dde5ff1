"""Which of many perturbed facts changed something: parts of them are tried until one is left."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Final

from mlops_platform.data.scratch.built_rows import Both, RowDifference
from mlops_platform.data.scratch.perturbing import Perturbation, describe
from mlops_platform.data.scratch.sample import Sample
from mlops_platform.usecases.proof.records import Finding, PerturbedFact
from mlops_platform.usecases.proof.worlds import Worlds, warehouse_of

MOST_SEARCHED: Final = 3
"""Columns of which the fact is searched for: that takes some builds each."""

Changes = Callable[[Sequence[Perturbation]], bool]


def culprits(perturbations: Sequence[Perturbation], changes: Changes) -> list[Perturbation]:
    """The fewest perturbations that are found to change something alone; more where they do not.

    Args:
        changes: whether some of them do, which takes a build.
    """
    by_table = groupby(
        sorted(perturbations, key=lambda each: each.fact.table), lambda each: each.fact.table
    )
    suspects = list(perturbations)
    parts = [list(part) for _, part in by_table]
    while len(suspects) > 1:
        changing = next((part for part in parts if len(parts) == 1 or changes(part)), None)
        if changing is None:
            # Several do it together.
            break
        suspects, half = changing, len(changing) // 2
        parts = [suspects[:half], suspects[half:]]
    return suspects


@dataclass(frozen=True)
class Explainer:
    """Finds the facts behind differences of a world.

    Args:
        fix: what is likely to be wrong, with `{table}` for that of the fact.
        compare: what is compared of the base and a warehouse.
        kept: columns by table that were not perturbed.
    """

    worlds: Worlds
    perturbations: Sequence[Perturbation]
    fix: str
    compare: Callable[[Path], Both]
    kept: Mapping[str, Collection[str]] = field(default_factory=dict)

    def findings(self, differences: Sequence[RowDifference]) -> list[Finding]:
        """A finding for each difference; of the first of them with the fact that made it."""
        searched = differences[:MOST_SEARCHED]
        suspects = self._suspects(searched)
        return [self._finding(each, suspects.get(each, ())) for each in differences]

    def _suspects(
        self, differences: Sequence[RowDifference]
    ) -> dict[RowDifference, list[Perturbation]]:
        tried: dict[tuple[Perturbation, ...], set[RowDifference]] = {}

        def changed_by(some: Sequence[Perturbation]) -> set[RowDifference]:
            # One build answers for all differences, and one fact is often behind several.
            if tuple(some) not in tried:
                with self.worlds.perturbed(some, self.kept) as lake:
                    both = self.compare(warehouse_of(lake))
                    tried[tuple(some)] = {each for each in differences if both.differ_in(each)}
            return tried[tuple(some)]

        def suspects(difference: RowDifference) -> list[Perturbation]:
            return culprits(self.perturbations, lambda some: difference in changed_by(some))

        return {difference: suspects(difference) for difference in differences}

    def _finding(self, difference: RowDifference, suspects: Sequence[Perturbation]) -> Finding:
        fact = perturbed_fact(self.worlds.sample, suspects) if suspects else None
        tables = sorted({suspect.fact.table for suspect in suspects or self.perturbations})
        table = self.compare(self.worlds.base).table.name
        return Finding.of(table, difference, fact, self.fix.format(table=", ".join(tables)))


def perturbed_fact(sample: Sample, suspects: Sequence[Perturbation]) -> PerturbedFact:
    """How the first of some perturbations is told."""
    first = suspects[0]
    key, said = describe(sample, first.fact)
    return PerturbedFact(
        table=first.fact.table,
        day=first.day,
        key=key,
        became=_became(first),
        known_at=_known_at(first, said, sample),
        others=len(suspects) - 1,
    )


def _became(perturbation: Perturbation) -> str:
    what = {
        "changed": "changed",
        "removed": "taken out",
        "added": "had a twin by another key",
        "repeated": f"came again with {perturbation.day}",
    }[perturbation.kind]
    return f"{what} by a later delivery" if perturbation.arrives else what


def _known_at(perturbation: Perturbation, said: datetime | None, sample: Sample) -> datetime | None:
    if perturbation.arrives is not None:
        return perturbation.arrives
    if perturbation.beside is not None:
        return describe(sample, perturbation.beside)[1]
    return perturbation.known_at or said
