"""Incremental equals full: days that are built again are what one build of all days makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from mlops_platform.data.features.stretches import told_days
from mlops_platform.data.scratch.built_rows import Both, Built, BuiltTable, RowDifference
from mlops_platform.usecases.proof.declared import DeclaredTables
from mlops_platform.usecases.proof.plan import rebuilt_ranges
from mlops_platform.usecases.proof.records import Finding, Verdict
from mlops_platform.usecases.proof.worlds import Worlds

REPLACE_DAYS: Final = (
    "Replace all rows of the days that are built: `incremental_strategy: replace_days`."
)
LOOK_BACK: Final = (
    "Read as many days before those that are built as a fact counts: "
    "`in_build_range(..., lookback_days=...)`."
)


@dataclass(frozen=True)
class IncrementalProof:
    """Some days that are built again."""

    worlds: Worlds
    declared: DeclaredTables

    def verdicts(self, rounds: int, random: Random) -> Iterator[Verdict]:
        """Of both tables."""
        ranges = rebuilt_ranges(self.worlds.sample.days, rounds, random)
        with self.worlds.rebuilt(ranges) as warehouse:
            for table in (self.declared.features, self.declared.label):
                repeated = Built(warehouse, table).repeated()
                differences = (
                    [repeated]
                    if repeated
                    else Both(self.worlds.base, warehouse, table, exact=True).differences()
                )
                fix = REPLACE_DAYS if repeated else LOOK_BACK
                yield _verdict(table, ranges, differences, fix)


def _verdict(
    table: BuiltTable,
    ranges: Sequence[tuple[date, date]],
    differences: Sequence[RowDifference],
    fix: str,
) -> Verdict:
    built = ", then ".join(
        told_days([first]) if first == last else f"{first} to {last}" for first, last in ranges
    )
    columns = ", ".join(difference.column for difference in differences)
    return Verdict(
        property="incremental",
        table=table.name,
        outcome="failed" if differences else "proved",
        detail=f"{built} built again: "
        + (f"{columns} differ" if differences else "every row is the same"),
        findings=tuple(Finding.of(table.name, difference, None, fix) for difference in differences),
    )
