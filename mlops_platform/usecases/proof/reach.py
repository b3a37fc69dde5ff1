"""The declared reach holds: a fact changes nothing outside its days and those in its reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from mlops_platform.data.features.builds import stale_days
from mlops_platform.data.features.seen import News
from mlops_platform.data.features.touched import touched_days
from mlops_platform.data.landing.deliveries import day_folder, delivery_folders
from mlops_platform.data.scratch.built_rows import Both, BuiltTable, RowDifference
from mlops_platform.data.scratch.perturbing import Perturbation
from mlops_platform.usecases.proof.culprits import Explainer
from mlops_platform.usecases.proof.declared import DeclaredTables
from mlops_platform.usecases.proof.plan import TableFacts, reach_perturbations
from mlops_platform.usecases.proof.records import Verdict
from mlops_platform.usecases.proof.worlds import Worlds, warehouse_of

MOST_CHANGED: Final = 300
"""Facts of each landed table: the reach is seen where enough of them leave a window."""
MUCH_TOO_LARGE: Final = 2


@dataclass(frozen=True)
class ReachProof:
    """A day early in the sample, whose facts are others than they were."""

    worlds: Worlds
    declared: DeclaredTables
    facts: Sequence[TableFacts]

    def verdicts(self, random: Random) -> Iterator[Verdict]:
        """Of both tables."""
        day = self._day(random)
        perturbations = reach_perturbations(self.facts, day, random, MOST_CHANGED)
        tables = {perturbation.fact.table for perturbation in perturbations}
        with self.worlds.perturbed(perturbations) as lake:
            touched = self._touched(lake / "landing", tables, day)
            for table in (self.declared.features, self.declared.label):
                both = Both(self.worlds.base, warehouse_of(lake), table)
                differences = both.differences_by_days()
                yield self._verdict(table, touched, differences, perturbations)

    def _day(self, random: Random) -> date:
        """One of the first days, so that as many as can be come after it."""
        return random.choice(self.worlds.sample.days[:2])

    def _touched(self, landing: Path, tables: set[str], day: date) -> set[date]:
        """What the platform takes for touched, by what landed before and by what lands now."""
        return {
            touched
            for root in (self.worlds.base_landing, landing)
            for of_one in touched_days(root, _news(root, tables, day)).values()
            for touched in of_one.days
        }

    def _verdict(
        self,
        table: BuiltTable,
        touched: set[date],
        differences: Mapping[date, Sequence[RowDifference]],
        perturbations: Sequence[Perturbation],
    ) -> Verdict:
        reach = self.declared.reach_days(table)
        if reach is None:
            return _not_proved(table, "declares no reach_days: all later days are built again")
        if not differences:
            return _not_proved(table, "no perturbed fact reached a row")
        outside = sorted(differences.keys() - stale_days(touched, differences, reach))
        farthest = max(_after(touched, day) or 0 for day in differences)
        detail = f"perturbed facts change rows up to {farthest} days after; {reach} are declared"
        if outside:
            explainer = Explainer(
                self.worlds,
                perturbations,
                _fix(touched, outside, farthest, table),
                lambda warehouse: Both(self.worlds.base, warehouse, table),
            )
            return Verdict(
                property="reach",
                table=table.name,
                outcome="failed",
                detail=detail,
                findings=tuple(explainer.findings(differences[outside[-1]])),
            )
        left = (self.worlds.sample.days[-1] - max(touched)).days
        if left <= reach:
            return _not_proved(table, f"{detail}, and the sample ends {left} days after")
        if farthest * MUCH_TOO_LARGE < reach:
            detail += ": more days are built again than need be"
        return Verdict(property="reach", table=table.name, outcome="proved", detail=detail)


def _news(root: Path, tables: set[str], day: date) -> list[News]:
    return [
        News(table, day, delivery.name, "arrived")
        for table in tables
        for delivery in delivery_folders(day_folder(root, table, day))
    ]


def _after(touched: set[date], day: date) -> int | None:
    """Days since the last touched one; None where all come later."""
    return min(((day - before).days for before in touched if before <= day), default=None)


def _fix(touched: set[date], outside: Sequence[date], farthest: int, table: BuiltTable) -> str:
    if any(_after(touched, day) is None for day in outside):
        return (
            f"A fact changes rows of {table.name} of days before it: join it by the moment at "
            "which it was known."
        )
    return (
        f"Declare `reach_days: {farthest}` or more in `meta.mlops` of {table.name}, or let facts of "
        "{table} count for a shorter time."
    )


def _not_proved(table: BuiltTable, why: str) -> Verdict:
    return Verdict(property="reach", table=table.name, outcome="not proved", detail=why)
