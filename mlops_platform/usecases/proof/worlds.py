"""Worlds: the sample with some facts perturbed, and what the dbt project makes of each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from mlops_platform.data.scratch.edited_day import known_at_column
from mlops_platform.data.scratch.perturbing import Perturbation, Perturbed
from mlops_platform.data.scratch.place import Scratch, build_untested
from mlops_platform.data.scratch.sample import Sample
from mlops_platform.usecases.proof.plan import TableFacts

BASE: Final = "base"


@dataclass
class Worlds:
    """Builds of a sample in a place of its own.

    Args:
        tables: that are built, with all that they are made from.
        report: told what is being built.
    """

    scratch: Scratch
    sample: Sample
    tables: Sequence[str]
    report: Callable[[str], None]
    builds: int = field(default=0, init=False)

    @property
    def base(self) -> Path:
        """The warehouse of the sample as it is; it stays."""
        project = self.scratch.dbt(BASE)
        if not project.warehouse.is_file():
            self.sample.link(project.lake / "landing")
            self._build(BASE)
        return project.warehouse

    @property
    def base_landing(self) -> Path:
        """The landing zone that it was built from."""
        return self.scratch.dbt(BASE).lake / "landing"

    @contextmanager
    def perturbed(
        self,
        perturbations: Sequence[Perturbation],
        kept: Mapping[str, Collection[str]] | None = None,
    ) -> Iterator[Path]:
        """The lake of another world, whose warehouse is beside it; gone afterwards."""
        name = f"world-{self.builds}"
        project = self.scratch.dbt(name)
        try:
            Perturbed(self.sample, perturbations, dict(kept or {})).land(project.lake / "landing")
            self._build(name)
            yield project.lake
        finally:
            shutil.rmtree(project.lake.parent, ignore_errors=True)

    @contextmanager
    def rebuilt(self, ranges: Sequence[tuple[date, date]]) -> Iterator[Path]:
        """The base in which some days were built again; gone afterwards."""
        name = f"rebuilt-{self.builds}"
        base, project = self.base, self.scratch.dbt(name)
        try:
            self.sample.link(project.lake / "landing")
            project.warehouse.parent.mkdir(parents=True)
            shutil.copyfile(base, project.warehouse)
            for first, last in ranges:
                self._build(name, {"start_day": str(first), "end_day": str(last)})
            yield project.warehouse
        finally:
            shutil.rmtree(project.lake.parent, ignore_errors=True)

    def facts(self, entity: str) -> list[TableFacts]:
        """What there is to be perturbed: tables of which somebody has declared a key."""
        return [
            _facts(self.sample, table, entity)
            for table, sampled in self.sample.tables.items()
            if sampled.landed is not None
        ]

    def _build(self, name: str, variables: Mapping[str, str] | None = None) -> None:
        self.builds += 1
        self.report(f"build {self.builds}")
        build_untested(
            replace(self.scratch.dbt(name), variables=variables or {}),
            [f"+{table}" for table in self.tables],
            cure="Nothing is proved where the project does not build on its own facts, or on values"
            " of another row of the same day: look at the model.",
        )


def warehouse_of(lake: Path) -> Path:
    """The warehouse of a world."""
    return lake.parent / "warehouse" / "warehouse.duckdb"


def _facts(sample: Sample, table: str, entity: str) -> TableFacts:
    sampled = sample.tables[table]
    landed = sampled.landed
    assert landed is not None, "asked for by whoever has looked"
    rows = {day: sample.rows(table, day) for day in sampled.days}
    columns = next(iter(rows.values())).column_names if rows else []
    known_at = known_at_column(landed, columns)
    rest = [name for name in landed.key if name != known_at]
    return TableFacts(
        landed=landed,
        lasting=sampled.lasting,
        counts={day: content.num_rows for day, content in rows.items()},
        once=sampled.once,
        moments=None
        if known_at is None
        else {day: content[known_at].to_pylist() for day, content in rows.items()},
        entities={
            day: [str(value) for value in content[entity].to_pylist()]
            for day, content in rows.items()
            if entity in columns
        },
        rest_of_key={
            day: [str(key) for key in content.select(rest).to_pylist()]
            for day, content in rows.items()
            if known_at in landed.key
        },
    )
