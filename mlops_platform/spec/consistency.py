"""What one section of a model's YAML cannot know of another, or of the tables it reads."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from mlops_platform.column_kind import KINDS
from mlops_platform.errors import SpecError
from mlops_platform.section import nearest_name
from mlops_platform.spec.clock import clock_inconsistencies
from mlops_platform.spec.fairness_consistency import fairness_inconsistencies
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.task_consistency import task_inconsistencies
from mlops_platform.spec.training import ColumnStepsSpec


def inconsistencies(spec: ModelSpec) -> Iterator[SpecError]:
    """Contradictions between sections, each with the path of the attribute to mend."""
    for position, candidate in enumerate(spec.training.candidates):
        path = f"training.candidates.{position}.preprocessing"
        named = [column for entry in candidate.preprocessing for column in spec.columns_of(entry)]
        for column in dict.fromkeys(named):
            if column not in spec.features.names:
                yield SpecError(path, column, _unknown_column(column, spec.features.names))
            elif named.count(column) > 1:
                yield SpecError(path, column, "Two entries preprocess this column; keep one.")
            elif column not in spec.learnt_features:
                fix = (
                    "Rows are judged together by it, and no estimator learns from it; leave it out."
                )
                yield SpecError(path, column, fix)
        for column in spec.learnt_features:
            if column not in named:
                yield SpecError(path, column, "No entry preprocesses this feature; add it to one.")
        for at, entry in enumerate(candidate.preprocessing):
            yield from _unusable_texts(spec, entry, f"{path}.{at}")
    yield from task_inconsistencies(spec)
    yield from clock_inconsistencies(spec)
    yield from fairness_inconsistencies(spec)
    if spec.monitoring.kpi is not None and not spec.features.has_event_time:
        fix = "Rows have no event time: figures of the business meet predictions by key and day."
        yield SpecError("monitoring.kpi.table", spec.monitoring.kpi.table, fix)
    for field, column in _label_columns(spec):
        if column in spec.features.names:
            yield SpecError(f"label.{field}", column, "The outcome is no feature; drop it there.")
        if column == spec.features.weight:
            fix = "The outcome is no weight: an outcome of 0 or less, or none yet, weighs nothing."
            yield SpecError("features.weight", column, fix)
    groupable = (*spec.features.categorical, *spec.features.sensitive)
    for position, column in enumerate(spec.evaluation.subgroups):
        if column not in groupable:
            nearest = _unknown_column(column, groupable)
            fix = f"{nearest} Columns for subgroups only go to `sensitive`."
            yield SpecError(f"evaluation.subgroups.{position}", column, fix)
    yield from _subgroup_limits(spec)
    logged = (spec.features.entity, *spec.features.names)
    for position, column in enumerate(spec.serving.log.redact):
        if column not in logged:
            fix = _unknown_column(column, logged)
            yield SpecError(f"serving.log.redact.{position}", column, fix)


def _subgroup_limits(spec: ModelSpec) -> Iterator[SpecError]:
    limits, figures = spec.gate.subgroup_limits, sorted(spec.task.group_metrics)
    if limits and not spec.evaluation.subgroups:
        fix = "Nothing is measured by subgroup: declare `evaluation.subgroups` as well."
        yield SpecError("gate.subgroup_limits", sorted(limits), fix)
    for name, limit in limits.items():
        path = f"gate.subgroup_limits.{name}"
        if name not in figures:
            yield SpecError(path, name, nearest_name("figure of groups", name, figures))
        for position, column in enumerate(limit.columns or ()):
            if column not in spec.evaluation.subgroups:
                known = spec.evaluation.subgroups
                fix = nearest_name("column of `evaluation.subgroups`", column, known)
                yield SpecError(f"{path}.columns.{position}", column, fix)


def missing_columns(
    spec: ModelSpec,
    tables: Mapping[str, Collection[str]],
    unpublished: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[SpecError]:
    """Tables and columns that the spec reads and the feature store does not publish.

    Args:
        tables: columns of each published table.
        unpublished: dbt models that are no such table, and the file that declares each.
    """
    sections = {
        "features": (
            spec.features.table,
            [
                ("entity", spec.features.entity),
                *([("event_time", spec.features.event_time)] if spec.features.event_time else []),
                ("partition", spec.features.partition),
                *(
                    position
                    for kind in KINDS
                    for position in _positions(kind, spec.features.of_kind(kind))
                ),
                *_positions("sensitive", spec.features.sensitive),
                *([("weight", spec.features.weight)] if spec.features.weight else []),
            ],
        ),
        "label": (
            spec.label.table,
            _label_columns(spec),
        ),
    }
    kpi = spec.monitoring.kpi
    if kpi is not None:
        keys = [("table", spec.features.entity), ("table", spec.features.partition)]
        figures = [(f"columns.{name}", name) for name in kpi.columns]
        sections["monitoring.kpi"] = (kpi.table, [*keys, *figures, ("known_at", kpi.known_at)])
    for section, (table, columns) in sections.items():
        if table not in tables:
            yield SpecError(f"{section}.table", table, _table_fix(table, tables, unpublished))
            continue
        for field, column in columns:
            if column not in tables[table]:
                fix = f"Table '{table}' lacks it. {_unknown_column(column, tables[table])}"
                yield SpecError(f"{section}.{field}", column, fix)


def unknown_checks(spec: ModelSpec, names: Sequence[str]) -> Iterator[SpecError]:
    """Severities of checks that the model does not have.

    Args:
        names: of everything that an alert can be about.
    """
    for check in spec.alerting.severities.checks:
        if check not in names:
            path = f"alerting.severities.checks.{check}"
            yield SpecError(path, check, nearest_name("check", check, sorted(set(names))))


def _label_columns(spec: ModelSpec) -> list[tuple[str, str]]:
    """Columns of the label table by the attribute that names them."""
    return [("column", spec.label.column), ("known_at", spec.label.known_at_column)]


def _unusable_texts(spec: ModelSpec, entry: ColumnStepsSpec, path: str) -> Iterator[SpecError]:
    columns, texts = spec.columns_of(entry), set(spec.features.text)
    if texts.isdisjoint(columns):
        return
    if not texts.issuperset(columns):
        fix = "Text columns are preprocessed apart from others; give them an entry of their own."
        yield SpecError(f"{path}.columns", list(columns), fix)
    if not entry.steps:
        fix = (
            "No estimator takes text as it is; add a vectorizer, such as "
            "sklearn.feature_extraction.text.TfidfVectorizer."
        )
        yield SpecError(f"{path}.steps", [], fix)


def _positions(field: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    return [(f"{field}.{position}", column) for position, column in enumerate(columns)]


def _table_fix(table: str, tables: Collection[str], unpublished: Mapping[str, str]) -> str:
    if table not in unpublished:
        return nearest_name("table", table, sorted(tables))
    return (
        f"dbt builds it and does not publish it. In {unpublished[table]} give it `config: {{meta: "
        "{mlops: {publish: true, partition_by: ..., order_by: [...]}}}`, or name a table that is "
        f"published: {', '.join(sorted(tables)) or 'there is none'}."
    )


def _unknown_column(column: str, columns: Collection[str]) -> str:
    return nearest_name("column", column, sorted(columns))
