"""The declared reach holds: a fact changes nothing outside its days and those in its reach."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from mlops_platform.data.features.builds import stale_days
from mlops_platform.data.features.seen import News
from mlops_platform.data.features.touched import touched_days
from mlops_platform.data.landing.deliveries import day_folder, delivery_folders
from mlops_platform.data.scratch.built_rows import Both, BuiltTable
from mlops_platform.data.scratch.perturbing import Perturbation
from mlops_platform.usecases.proof.culprits import Explainer
from mlops_platform.usecases.proof.declared import DeclaredTables
from mlops_platform.usecases.proof.plan import TableFacts, reach_perturbations
from mlops_platform.usecases.proof.records import Outcome, Verdict
from mlops_platform.usecases.proof.worlds import Worlds, warehouse_of

MUCH_TOO_LARGE: Final = 2


@dataclass(frozen=True)
class _Reached:
    """What a delivery of one table changed of another one.

    Args:
        touched: days that the platform takes for touched by it.
        perturbations: what became of its facts.
    """

    both: Both
    touched: frozenset[date]
    days: Sequence[date]
    perturbations: Sequence[Perturbation]

    @property
    def farthest(self) -> int:
        """So many days after the last touched one rows have changed."""
        return max((_after(self.touched, day) or 0 for day in self.days), default=0)

    def outside(self, reach: int) -> list[date]:
        """Days that have changed and that nobody would build again."""
        return sorted(set(self.days) - stale_days(self.touched, self.days, reach))


@dataclass(frozen=True)
class ReachProof:
    """A day early in the sample, whose facts are others than they were: of each table in turn."""

    worlds: Worlds
    declared: DeclaredTables
    facts: Sequence[TableFacts]

    def verdicts(self, random: Random, most: int) -> Iterator[Verdict]:
        """Of both tables.

        Args:
            most: facts of each landed table that are others.
        """
        # One of the first days, so that as many as can be come after it.
        day = random.choice(self.worlds.sample.days[:2])
        failed: dict[str, Verdict] = {}
        reached: dict[str, list[_Reached]] = {table.name: [] for table in self._tables}
        for facts in self.facts:
            perturbations = reach_perturbations(facts, day, random, most)
            if not perturbations:
                continue
            with self.worlds.perturbed(perturbations) as lake:
                touched = self._touched(lake / "landing", facts.name, day)
                for table in self._tables:
                    both = Both(self.worlds.base, warehouse_of(lake), table)
                    of_table = _Reached(both, touched, both.differing_days(), perturbations)
                    reached[table.name].append(of_table)
                    if table.name not in failed and (verdict := self._failure(of_table)):
                        failed[table.name] = verdict
        for table in self._tables:
            yield failed.get(table.name) or self._verdict(table, reached[table.name])

    @property
    def _tables(self) -> tuple[BuiltTable, BuiltTable]:
        return self.declared.features, self.declared.label

    def _touched(self, landing: Path, table: str, day: date) -> frozenset[date]:
        """What the platform takes for touched, by what landed before and by what lands now."""
        return frozenset(
            touched
            for root in (self.worlds.base_landing, landing)
            for of_one in touched_days(root, _news(root, table, day)).values()
            for touched in of_one.days
        )

    def _failure(self, reached: _Reached) -> Verdict | None:
        table = reached.both.table
        reach = self.declared.reach_days(table)
        outside = [] if reach is None else reached.outside(reach)
        if not outside:
            return None
        explainer = Explainer(
            self.worlds,
            reached.perturbations,
            _fix(reached, outside),
            lambda warehouse: replace(reached.both, after=warehouse),
        )
        return Verdict(
            property="reach",
            table=table.name,
            outcome="failed",
            detail=_detail(reached.farthest, reach),
            findings=tuple(explainer.findings(reached.both.differences_on(outside[-1]))),
        )

    def _verdict(self, table: BuiltTable, reached: Sequence[_Reached]) -> Verdict:
        reach = self.declared.reach_days(table)
        changing = [of_table for of_table in reached if of_table.days]
        if reach is None:
            return _verdict(
                table, "not proved", "declares no reach_days: all later days are built again"
            )
        if not changing:
            return _verdict(table, "not proved", "no perturbed fact reached a row")
        farthest = max(of_table.farthest for of_table in changing)
        detail = _detail(farthest, reach)
        last = self.worlds.sample.days[-1]
        left = min((last - max(of_table.touched)).days for of_table in changing)
        if left <= reach:
            return _verdict(table, "not proved", f"{detail}; the sample ends after {left}")
        if farthest * MUCH_TOO_LARGE < reach:
            detail += ": more days are built again than need be"
        return _verdict(table, "proved", detail)


def _news(root: Path, table: str, day: date) -> list[News]:
    return [
        News(table, day, delivery.name, "arrived")
        for delivery in delivery_folders(day_folder(root, table, day))
    ]


def _after(touched: Collection[date], day: date) -> int | None:
    """Days since the last touched one; None where all come later."""
    return min(((day - before).days for before in touched if before <= day), default=None)


def _fix(reached: _Reached, outside: Sequence[date]) -> str:
    name = reached.both.table.name
    if any(_after(reached.touched, day) is None for day in outside):
        return (
            f"A fact of {{table}} changes rows of {name} of days before it: join it by the moment "
            "at which it was known."
        )
    return (
        f"Declare `reach_days: {reached.farthest}` or more in `meta.mlops` of {name}, or let facts "
        "of {table} count for a shorter time."
    )


def _detail(farthest: int, reach: int | None) -> str:
    return f"facts change rows up to {farthest} days after those they touch; {reach} are declared"


def _verdict(table: BuiltTable, outcome: Outcome, detail: str) -> Verdict:
    return Verdict(property="reach", table=table.name, outcome=outcome, detail=detail)
