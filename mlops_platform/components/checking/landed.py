"""What is landed, and by which document: a table has one landing and one dbt source."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from mlops_platform.components.checking.attributes import Declared
from mlops_platform.components.checking.mistake import Mistake, shown_file
from mlops_platform.components.checking.resolution import unknown_choices, unset_variables
from mlops_platform.components.checking.yaml_files import Document
from mlops_platform.components.landing.landing_asset import DAILY, LANDING
from mlops_platform.data.features.project.manifest import DbtManifest, DeclaredTable
from mlops_platform.errors import MlopsError
from mlops_platform.section import nearest_name


@dataclass(frozen=True)
class LandedAsset:
    """A table that a document lands.

    Args:
        first_day: that it can have; None of snapshots.
    """

    table: str
    document: Document
    first_day: date | None


def landed_by(declared: Declared) -> list[LandedAsset] | list[Mistake]:
    """The tables that a component lands, none where it is another one; or what is wrong with it."""
    document, context = declared.document, dg.ComponentTree.for_test().load_context
    unset = list(unset_variables(document))
    if unset:
        return unset
    try:
        component = declared.component.load(declared.attributes, context)
        unknown = list(unknown_choices(document, component))
        definitions = dg.Definitions() if unknown else component.build_defs(context)
    except Exception as error:  # a component may raise anything; it is told, not swallowed
        problem = str(error) if isinstance(error, MlopsError) else _plain(error)
        return [document.mistake(["attributes"], problem)]
    return unknown or [
        LandedAsset(spec.key.path[-1], document, _first_day(spec))
        for asset in definitions.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.specs
        if LANDING in spec.tags
    ]


def landed_twice(landed: Sequence[LandedAsset]) -> Iterator[Mistake]:
    """Tables of more than one document, told where they come again."""
    first: dict[str, LandedAsset] = {}
    for asset in landed:
        other = first.setdefault(asset.table, asset)
        if other is not asset:
            where = other.document
            yield _at_table(
                asset,
                f"{where.shown_file}:{where.line_of(['attributes', 'table'])} lands this table, "
                "too. A table has one landing: remove one, or rename it.",
            )


def unread_tables(
    landed: Sequence[LandedAsset], manifest: DbtManifest, project: Path
) -> Iterator[Mistake]:
    """Landed tables that no dbt source reads.

    Args:
        project: folder of the dbt project.
    """
    for asset in landed:
        if asset.table not in manifest.sources:
            yield _at_table(
                asset,
                f"No dbt source reads it. Declare `{asset.table}` among the `tables` of the source "
                f"`landing` in {shown_file(project / 'models')}, with its columns.",
            )


def unlanded_sources(
    landed: Sequence[LandedAsset], manifest: DbtManifest, project: Path
) -> Iterator[Mistake]:
    """Sources of dbt that nothing lands."""
    tables = sorted({asset.table for asset in landed})
    for name, source in manifest.sources.items():
        if name not in tables:
            fix = nearest_name("landed table", name, tables)
            yield mistake_in_dbt(project, source, f"Nothing lands the source `{name}`. {fix}")


def sources_without_columns(manifest: DbtManifest, project: Path) -> Iterator[Mistake]:
    """Sources of which no column is declared."""
    for name, source in manifest.sources.items():
        if not source.types:
            yield mistake_in_dbt(
                project,
                source,
                f"The source `{name}` has no `columns`. List them with `data_type` and "
                "`description`: nothing else says what each column of a model is made from.",
            )


def mistake_in_dbt(project: Path, table: DeclaredTable, problem: str) -> Mistake:
    """A mistake at the line where the dbt project names a table."""
    file = project / table.file
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    named = (at for at, line in enumerate(lines, 1) if line.split()[-2:] == ["name:", table.name])
    return Mistake(file=shown_file(file), line=next(named, None), problem=problem)


def _at_table(asset: LandedAsset, problem: str) -> Mistake:
    return asset.document.mistake(["attributes", "table"], problem, asset.table)


def _first_day(spec: dg.AssetSpec) -> date | None:
    partitions = spec.partitions_def
    if isinstance(partitions, dg.TimeWindowPartitionsDefinition) and spec.tags[LANDING] == DAILY:
        return partitions.start.date()
    return None


def _plain(error: Exception) -> str:
    """What a library says, in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
