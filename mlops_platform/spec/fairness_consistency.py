"""What the fairness sections of a model's YAML cannot know of its columns and its task."""

from collections.abc import Iterator

from mlops_platform.errors import SpecError
from mlops_platform.section import nearest_name
from mlops_platform.spec.model import ModelSpec


def fairness_inconsistencies(spec: ModelSpec) -> Iterator[SpecError]:
    """Contradictions, each with the path of the attribute to mend."""
    yield from _columns(spec)
    yield from _references(spec)
    yield from _limits(spec)


def _columns(spec: ModelSpec) -> Iterator[SpecError]:
    declared, features = spec.evaluation.fairness, spec.features
    if declared is None:
        return
    groupable = (*features.sensitive, *features.categorical, *features.boolean)
    for position, column in enumerate(declared.columns):
        path = f"evaluation.fairness.columns.{position}"
        if column in declared.columns[:position]:
            yield SpecError(path, column, "It is named twice; keep one of the mentions.")
        elif column in (*features.numeric, *features.text):
            fix = (
                "It has no groups: make bands of it in dbt, in a column of its own, and list that "
                "under `features.sensitive` and here."
            )
            yield SpecError(path, column, fix)
        elif column not in groupable:
            nearest = nearest_name("column", column, sorted(groupable))
            fix = f"{nearest} A column that is no feature goes to `features.sensitive`."
            yield SpecError(path, column, fix)


def _references(spec: ModelSpec) -> Iterator[SpecError]:
    declared = spec.evaluation.fairness
    for column in declared.reference if declared else ():
        if declared and column not in declared.columns:
            fix = nearest_name("column of `columns`", column, declared.columns)
            yield SpecError("evaluation.fairness.reference", column, fix)


def _limits(spec: ModelSpec) -> Iterator[SpecError]:
    figures, limits = spec.task.group_metrics, spec.gate.fairness
    if limits and spec.evaluation.fairness is None:
        fix = "Nothing is measured by group: declare `evaluation.fairness.columns` as well."
        yield SpecError("gate.fairness", sorted(limits), fix)
    columns = spec.evaluation.fairness.columns if spec.evaluation.fairness else ()
    for name, limit in limits.items():
        path = f"gate.fairness.{name}"
        if name not in figures:
            yield SpecError(path, name, nearest_name("figure of groups", name, sorted(figures)))
        elif limit.min_ratio is not None and figures[name].signed:
            fix = f"{name} may be negative, so that no ratio means anything: use `max_difference`."
            yield SpecError(f"{path}.min_ratio", limit.min_ratio, fix)
        for position, column in enumerate(limit.columns or ()):
            if column not in columns:
                fix = nearest_name("column of `evaluation.fairness`", column, columns)
                yield SpecError(f"{path}.columns.{position}", column, fix)
