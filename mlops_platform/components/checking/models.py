"""Models against each other and against the tables that they read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from mlops_platform.column_kind import KINDS, ColumnKind
from mlops_platform.components.checking.landed import LandedAsset
from mlops_platform.components.checking.mistake import Mistake
from mlops_platform.components.checking.yaml_files import Document
from mlops_platform.components.model_lifecycle.lifecycle import alerting_names, build_lifecycle
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.data.features.project.manifest import DbtManifest
from mlops_platform.data.features.views import type_fault
from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec, inconsistencies, missing_columns, unknown_checks


@dataclass(frozen=True)
class DeclaredModel:
    """A model whose attributes are valid by themselves."""

    document: Document
    spec: ModelSpec

    def mistakes(self, errors: Iterable[SpecError]) -> Iterator[Mistake]:
        """Errors at their lines."""
        return map(self.document.mistake_of, errors)


def declared_twice(models: Sequence[DeclaredModel]) -> Iterator[Mistake]:
    """Names that an earlier document has, told where they come again."""
    first: dict[str, DeclaredModel] = {}
    for model in models:
        other = first.setdefault(model.spec.name, model)
        if other is not model:
            where, path = other.document, ["attributes", "name"]
            fix = f"{where.shown_file}:{where.line_of(path)} has this name, too: rename one."
            yield model.document.mistake(path, fix, model.spec.name)


def contradictions(model: DeclaredModel) -> Iterator[Mistake]:
    """Between sections of one model."""
    return model.mistakes(inconsistencies(model.spec))


def misread_tables(
    model: DeclaredModel, manifest: DbtManifest, landed: Sequence[LandedAsset]
) -> Iterator[Mistake]:
    """Tables and columns that are not published or of another type, and days that never land."""
    tables = {name: table.types for name, table in manifest.published.items()}
    yield from model.mistakes(missing_columns(model.spec, tables, manifest.unpublished))
    yield from model.mistakes(list(_wrong_types(model.spec, tables)))
    yield from model.mistakes(list(_before_the_first_day(model.spec, manifest, landed)))


def unknown_severities(model: DeclaredModel, tests: Sequence[str]) -> Iterator[Mistake]:
    """Severities of checks that the model does not have.

    Args:
        tests: names of all dbt tests, which are checks as well.
    """
    spec = model.spec
    if spec.alerting.severities.checks:  # building what has the checks takes a while
        kpi = spec.monitoring.kpi
        read = (spec.features.table, spec.label.table, *([] if kpi is None else [kpi.table]))
        tables = {name: dg.AssetKey(["features", name]) for name in read}
        built = build_lifecycle(LifecycleModel(spec, FeatureStore(tables, (), build_op="build")))
        yield from model.mistakes(unknown_checks(spec, [*alerting_names(built), *tests]))


def _wrong_types(spec: ModelSpec, tables: Mapping[str, Mapping[str, str]]) -> Iterator[SpecError]:
    for section, table, columns in _required_types(spec):
        types = tables.get(table, {})
        for field, (column, required) in columns.items():
            fault = type_fault(column, table, required, types.get(column) or None)
            if fault is not None:
                yield SpecError(f"{section}.{field}", column, fault)


def _required_types(
    spec: ModelSpec,
) -> Iterator[tuple[str, str, Mapping[str, tuple[str, str | ColumnKind | None]]]]:
    """By section and table: what each column, by its field, must be."""
    features, label = spec.features, spec.label
    time = {"event_time": (features.event_time, "TIMESTAMPTZ")} if features.event_time else {}
    kinds = {
        f"{name}.{position}": (column, kind)
        for name, kind in KINDS.items()
        for position, column in enumerate(features.of_kind(name))
    }
    weight = {"weight": (features.weight, "DOUBLE")} if features.weight else {}
    days = {"partition": (features.partition, "DATE")}
    yield "features", features.table, {**time, **days, **kinds, **weight}
    yield (
        "label",
        label.table,
        {
            "column": (label.column, spec.task.label_type),
            "known_at": (label.known_at_column, "TIMESTAMPTZ"),
        },
    )
    kpi = spec.monitoring.kpi
    if kpi is not None:
        known_at = {"known_at": (kpi.known_at, "TIMESTAMPTZ")}
        numbers = {f"columns.{name}": (name, KINDS["numeric"]) for name in kpi.columns}
        yield "monitoring.kpi", kpi.table, {**known_at, **numbers}


def _before_the_first_day(
    spec: ModelSpec, manifest: DbtManifest, landed: Sequence[LandedAsset]
) -> Iterator[SpecError]:
    """Windows of before anything has landed are for ever empty."""
    table = manifest.published.get(spec.features.table)
    if table is None:
        return
    days = {
        asset.table: asset.first_day
        for asset in landed
        if asset.first_day is not None and asset.table in table.landed
    }
    if not days:
        return
    first = min(days.values())
    if spec.window.start < first:
        fix = (
            f"Nothing of {table.name} lands before {first}, the first day of "
            f"{', '.join(name for name, day in sorted(days.items()) if day == first)}: begin "
            "there, or let `partitions.start` of the landing begin earlier."
        )
        yield SpecError("window.start", str(spec.window.start), fix)
