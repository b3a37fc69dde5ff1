"""Builds a training set again, in a warehouse of its own, from the deliveries known then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import computed_field

from mlops_platform.data.compared_rows import RowComparison, compare_rows
from mlops_platform.data.features.dbt import publications
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.data.features.kept_projects import (
    BUILD_PACKAGES,
    KeptProjects,
    copy_project,
    installed_versions,
)
from mlops_platform.data.features.project.sources import differing_sources, project_digest
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.features.training_history import TrainingHistory, declared_history
from mlops_platform.data.known_deliveries import (
    Known,
    KnownTable,
    erasures,
    link_known_deliveries,
)
from mlops_platform.data.landing.erasing import Tombstone
from mlops_platform.data.scratch.place import Scratch, build_untested, scratch_place
from mlops_platform.data.training_set import TrainingSet, read_rows
from mlops_platform.errors import DataError
from mlops_platform.record import Record
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reproduction.difference import Difference, differences

EVER: Final = datetime.min.replace(tzinfo=UTC)
_SCRATCH: Final = "reproductions"


class ProjectUsed(Record):
    """The dbt project that built the facts again.

    Args:
        recorded: whether it is the one that was recorded with the training set; the present one
            otherwise.
        then: digest of the recorded one; None where none was.
        now: digest of the present one.
        differing: files in which the present one differs from the recorded one; empty also where
            that was not kept.
        packages: that built then, where others are installed now.
    """

    recorded: bool
    then: str | None
    now: str
    differing: tuple[str, ...]
    packages: tuple[Difference, ...]


class BuiltAgain(Record):
    """A training set that was built again from facts, beside the one that was kept.

    Args:
        known_at: moment whose deliveries were built.
        recorded: whether the snapshot says that moment; its as-of moment otherwise.
        erased: since then; where rows differ also before, for the snapshot may have been read from
            tables that were not built again yet.
        kept_in: folder with lake, warehouse and project; None where it was removed.
    """

    training_set: str
    as_of: datetime
    known_at: datetime
    recorded: bool
    project: ProjectUsed
    tables: tuple[KnownTable, ...]
    erased: tuple[Tombstone, ...]
    rows: RowComparison
    kept_in: str | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def equal(self) -> bool:
        """Whether every row is the same."""
        return self.rows.equal


def build_again(
    place: Settings, spec: ModelSpec, training_set: TrainingSet, present: Path, *, keep: bool
) -> BuiltAgain:
    """Build features and labels from what was known, and compare the training rows.

    Args:
        spec: as it was at the training.
        present: folder of today's dbt project.
        keep: whether the scratch folder stays.

    Raises:
        DataError: the snapshot was changed, or the project cannot be built.
    """
    kept = read_rows(training_set)
    origin = training_set.origin
    known_at = origin.recorded_at if origin else training_set.as_of
    used, sources = _project(place, training_set, present)
    with scratch_place(place, _SCRATCH, spec.name, keep=keep) as scratch:
        project, published = scratch.dbt(), scratch.root / "lake" / "features"
        known = Known(known_at, origin.unbuilt if origin else (), first_always=origin is None)
        tables = link_known_deliveries(place.landing, project.lake / "landing", known)
        copy_project(sources, project.folder)
        _build(scratch, published, (spec.features.table, spec.label.table))
        rows = read_training_rows(spec, published, training_set.as_of, _history(spec, training_set))
        compared = compare_rows(kept, rows, spec.features.entity)
        return BuiltAgain(
            training_set=training_set.hash,
            as_of=training_set.as_of,
            known_at=known_at,
            recorded=origin is not None,
            project=used,
            tables=tables,
            erased=erasures(place.landing, known_at if compared.equal else EVER),
            rows=compared,
            kept_in=str(scratch.root) if keep else None,
        )


def _project(place: Settings, training_set: TrainingSet, present: Path) -> tuple[ProjectUsed, Path]:
    """Which project builds, with the folder of its sources."""
    built_with = training_set.origin.built_with if training_set.origin else None
    now = project_digest(present)
    if built_with is None:
        return ProjectUsed(recorded=False, then=None, now=now, differing=(), packages=()), present
    sources = KeptProjects(place.lake).sources(built_with.dbt_project)
    used = ProjectUsed(
        recorded=sources is not None or built_with.dbt_project == now,
        then=built_with.dbt_project,
        now=now,
        differing=differing_sources(sources, present) if sources else (),
        packages=differences(built_with.packages, installed_versions(BUILD_PACKAGES)),
    )
    return used, sources or present


def _history(spec: ModelSpec, training_set: TrainingSet) -> TrainingHistory:
    """What of the past the snapshot read; of one that does not say so, from its first row on."""
    if training_set.origin is not None or training_set.since is not None:
        return TrainingHistory(since=training_set.since, reason=training_set.history)
    declared = declared_history(spec.training.history, training_set.as_of)
    if declared.reason == training_set.history:
        return declared
    since = training_set.first_event_time - timedelta(microseconds=1)
    return TrainingHistory(since=since, reason=training_set.history)


def _build(scratch: Scratch, published: Path, tables: tuple[str, ...]) -> None:
    """Build some tables of all that was landed, without data tests, and publish them.

    Other tables of the project may be of other domains, whose facts are not here.

    Raises:
        DataError: a model failed, or the project publishes no such table.
    """
    project = scratch.dbt()
    build_untested(
        project,
        [f"+{table}" for table in tables],
        cure="They were built with other packages, or something is lacking: keep the folder with "
        "--keep and look at it.",
    )
    declared = publications(project.manifest)
    for table in tables:
        if table not in declared:
            raise DataError(
                f"the dbt project publishes no table '{table}', but {sorted(declared)}: it is not "
                "the one that built the training set. Check out the project of then."
            )
        how = declared[table]
        publish_table(
            project.warehouse,
            how.alias,
            how.partition_by,
            published,
            order_by=how.order_by,
            schema=how.schema,
        )
