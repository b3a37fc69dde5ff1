"""What the tables of a model promise, proved on a sample of the deployment's own facts."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Final, NamedTuple, get_args

from mlops_platform.data.features.dbt import begin_as_parsed, parse_for_builds
from mlops_platform.data.features.kept_projects import copy_project
from mlops_platform.data.features.project.sources import project_digest
from mlops_platform.data.scratch.built_rows import Built
from mlops_platform.data.scratch.place import Scratch, environment_put_back, scratch_place
from mlops_platform.data.scratch.sample import Bounds, Sample, take_sample
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.proof.cutoff import CutoffProof
from mlops_platform.usecases.proof.declared import DeclaredTables
from mlops_platform.usecases.proof.future import FutureProof
from mlops_platform.usecases.proof.incremental import IncrementalProof
from mlops_platform.usecases.proof.plan import TableFacts
from mlops_platform.usecases.proof.reach import ReachProof
from mlops_platform.usecases.proof.records import Proof, Property, Verdict
from mlops_platform.usecases.proof.worlds import Worlds

FOLDER: Final = "proofs"
DAYS_BESIDE_REACH: Final = 8
MOST_DAYS: Final = 60


@dataclass(frozen=True)
class Wanted:
    """How much is tried.

    Args:
        rounds: of perturbations of the future, and of days that are built again.
        days: newest landed days; enough to see the declared reach where None.
        rows: landed on them, at most.
        facts: of each landed table that are perturbed at once, at most.
        properties: that are proved.
    """

    rounds: int = 3
    seed: int = 0
    days: int | None = None
    rows: int = 200_000
    facts: int = 60
    properties: tuple[Property, ...] = get_args(Property)


@dataclass(frozen=True)
class Prover:
    """A parsed project in a place of its own, with what landed in a deployment.

    Args:
        landing: of the deployment; it is read only.
        digest: of the project's sources.
    """

    scratch: Scratch
    landing: Path
    digest: str

    def prove(
        self, spec: ModelSpec, wanted: Wanted, now: datetime, report: Callable[[str], None]
    ) -> Proof:
        """Prove what the tables of one model promise.

        Args:
            now: by the machine's clock.

        Raises:
            DataError: too little has landed, or the project does not build.
        """
        begun = time.monotonic()
        project = self.scratch.dbt()
        declared = DeclaredTables(spec, project.folder, project.target / "compiled")
        bounds = Bounds(wanted.days or _days_needed(declared), wanted.rows)
        with self.scratch.part() as part:
            sample = take_sample(self.landing, part.root / "sample", declared.sources, bounds)
            tables = (declared.features.name, declared.label.name)
            worlds = Worlds(part, sample, tables, report)
            verdicts = tuple(_verdicts(worlds, declared, wanted))
        return Proof(
            model=spec.name,
            features=declared.features.name,
            label=declared.label.name,
            proved_at=now,
            project=self.digest,
            seed=wanted.seed,
            rounds=wanted.rounds,
            first_day=sample.days[0],
            last_day=sample.days[-1],
            rows=sample.count,
            builds=worlds.builds,
            seconds=time.monotonic() - begun,
            verdicts=verdicts,
        )


@contextmanager
def opened_prover(place: Settings, dbt_project: Path, name: str) -> Iterator[Prover]:
    """Copy and parse a dbt project in a scratch folder of a home; gone afterwards.

    Args:
        name: how the folder's name begins.
    """
    with scratch_place(place, FOLDER, name) as scratch:
        copy_project(dbt_project, scratch.dbt_sources)
        begin_as_parsed(scratch.dbt_sources, dbt_project)
        with environment_put_back():
            parse_for_builds(scratch.dbt())
        yield Prover(scratch, place.landing, project_digest(scratch.dbt_sources))


def _days_needed(declared: DeclaredTables) -> int:
    """So many that days are left which a fact of the first ones must not reach."""
    reaches = [declared.reach_days(table) for table in (declared.features, declared.label)]
    return min(max(reach or 0 for reach in reaches) + DAYS_BESIDE_REACH, MOST_DAYS)


def _verdicts(worlds: Worlds, declared: DeclaredTables, wanted: Wanted) -> Iterator[Verdict]:
    if not Built(worlds.base, declared.features).count():
        raise DataError(
            f"{declared.features.name} has no rows of {worlds.sample.days[0]} to "
            f"{worlds.sample.days[-1]}: nothing can be proved of it. Take more days."
        )
    facts = worlds.facts(declared.spec.features.entity)
    yield from _undeclared(worlds.sample)
    verdicts = {
        "future": _future,
        "cutoff": _cutoff,
        "incremental": _incremental,
        "reach": _reach,
    }
    for name in wanted.properties:
        # Of its own for each, so that a change to one of them leaves the others.
        random = Random(f"{wanted.seed}-{name}")  # noqa: S311
        yield from verdicts[name](_Trial(worlds, declared, facts, wanted, random))


class _Trial(NamedTuple):
    """What every property is tried with."""

    worlds: Worlds
    declared: DeclaredTables
    facts: list[TableFacts]
    wanted: Wanted
    random: Random


def _future(trial: _Trial) -> Iterator[Verdict]:
    worlds, declared, facts, wanted, random = trial
    if declared.features.event_time is None:
        return _without_time(declared, "future")
    return FutureProof(worlds, declared, facts).verdicts(wanted.rounds, random, wanted.facts)


def _cutoff(trial: _Trial) -> Iterator[Verdict]:
    worlds, declared, facts, _, random = trial
    if declared.features.event_time is None:
        return _without_time(declared, "cutoff")
    return CutoffProof(worlds, declared, facts, declared.origins()).verdicts(random)


def _incremental(trial: _Trial) -> Iterator[Verdict]:
    worlds, declared, _, wanted, random = trial
    return IncrementalProof(worlds, declared).verdicts(wanted.rounds, random)


def _reach(trial: _Trial) -> Iterator[Verdict]:
    worlds, declared, facts, wanted, random = trial
    # The reach is seen where enough facts leave a window at once.
    return ReachProof(worlds, declared, facts).verdicts(random, 5 * wanted.facts)


def _undeclared(sample: Sample) -> Iterator[Verdict]:
    for table, sampled in sample.tables.items():
        if sampled.landed is None:
            yield Verdict(
                property="future",
                table=table,
                outcome="not proved",
                detail="nobody declares what identifies its facts, so that none was perturbed",
            )


def _without_time(declared: DeclaredTables, unproved: Property) -> Iterator[Verdict]:
    yield Verdict(
        property=unproved,
        table=declared.features.name,
        outcome="not proved",
        detail="there is no event time, so that nothing is before or after",
    )
