"""What the task of a model and the other sections of its YAML cannot know of each other."""

from collections.abc import Iterator, Mapping
from typing import Final

from mlops_platform.column_kind import KINDS
from mlops_platform.errors import SpecError
from mlops_platform.section import Section, nearest_name
from mlops_platform.spec.data import SAMPLE_WEIGHT
from mlops_platform.spec.limit import Limit
from mlops_platform.spec.model import ModelSpec
from mlops_platform.spec.retraining.policy import single_rules
from mlops_platform.spec.retraining.retraining import PARTIAL_FIT
from mlops_platform.spec.retraining.split import ShareSplitSpec

CHECKS: Final = (
    "loss",
    "loss_increase",
    "better_than_baseline",
    "change_point",
    "outcomes_missing",
    "fairness",
)
"""Names of a window's figures and checks beside those of its metrics."""


def task_inconsistencies(spec: ModelSpec) -> Iterator[SpecError]:
    """Contradictions, each with the path of the attribute to mend."""
    yield from _taken_columns(spec)
    yield from _missing_features(spec)
    yield from _taken_names(spec)
    yield from _task_faults(spec)
    yield from _faults_of_counting(spec)
    yield from _parted_groups(spec)
    yield from _classes_not_judged(spec)
    yield from _undeclared_losses(spec)
    yield from _figures_not_measured(spec)
    yield from _not_taught(spec)


def _taken_columns(spec: ModelSpec) -> Iterator[SpecError]:
    """Columns that stand beside the predictions, and have the name of one of them."""
    outputs = {output.name for output in spec.task.outputs}
    fix = "A column of the predictions is called so; rename it in the table."
    features = spec.features
    named = {
        "features.entity": features.entity,
        "features.event_time": features.moment_column,
        "features.partition": features.partition,
        "label.column": spec.label.column,
        **({"features.weight": features.weight} if features.weight else {}),
        **{
            f"features.{kind}.{position}": column
            for kind in (*KINDS, "sensitive")
            for position, column in enumerate(getattr(features, kind))
        },
    }
    keys = (features.entity, features.moment_column, features.partition)
    for path, column in named.items():
        weighs = features.weight is not None and column == SAMPLE_WEIGHT and column in keys
        if column in outputs or weighs:
            yield SpecError(path, column, fix)


def _missing_features(spec: ModelSpec) -> Iterator[SpecError]:
    """Columns that the task names and that no model would get to see."""
    for option, (column, kind) in spec.task.feature_columns.items():
        if column not in spec.features.of_kind(kind):
            fix = f"It is no {kind} feature: list the column under `features.{kind}`."
            yield SpecError(f"task.{option}", column, fix)
        elif option in spec.task.never_missing and column not in spec.features.required:
            fix = "No row can be answered without it: list the column under `features.required`."
            yield SpecError(f"task.{option}", column, fix)
    for position, column in enumerate(spec.task.known_ahead):
        if column not in spec.features.names:
            fix = nearest_name("feature", column, spec.features.names)
            yield SpecError(f"task.known_future.{position}", column, fix)


def _task_faults(spec: ModelSpec) -> Iterator[SpecError]:
    """What the task says of itself, and metrics that are named elsewhere and that it lacks."""
    yield from spec.task.faults()
    metrics = spec.task.all_metrics
    for name, path, limits in _limited_metrics(spec):
        if name not in metrics:
            yield SpecError(path, name, nearest_name("metric", name, sorted(metrics)))
            continue
        for field, limit in limits.items():
            if isinstance(limit, float) and metrics[name].greater_is_better is None:
                fix = f"Neither direction of {name} is better: write `{{min: ..., max: ...}}`."
                yield SpecError(field, limit, fix)
    metric = spec.training.tuning.metric
    tuning = sorted(name for name, known in metrics.items() if known.tunes)
    if metric is not None and metric not in tuning:
        yield SpecError("training.tuning.metric", metric, nearest_name("metric", metric, tuning))


def _faults_of_counting(spec: ModelSpec) -> Iterator[SpecError]:
    """Weights and resampling that the task cannot do with."""
    if spec.features.weight is not None and spec.task.adaptation_rule is not None:
        fix = (
            "Constants that follow the outcomes count every row the same: leave `task.adaptation` "
            "out, or declare no weight."
        )
        yield SpecError("features.weight", spec.features.weight, fix)
    fault = spec.task.resampling_fault()
    for position, candidate in enumerate(spec.training.candidates):
        if candidate.resampling is not None and fault is not None:
            path = f"training.candidates.{position}.resampling"
            yield SpecError(path, candidate.resampling.method, fault)


def _parted_groups(spec: ModelSpec) -> Iterator[SpecError]:
    """A split that would cut in two what the task judges together."""
    split = spec.training.history.split
    if spec.task.group_column is not None and split.unit == "row":
        assert isinstance(split, ShareSplitSpec)
        fix = (
            f"Rows of one `{spec.task.group_column}` are judged together: write `by: group`, and "
            "as `group` the column that names it."
        )
        yield SpecError("training.history.split.by", split.by, fix)


def _classes_not_judged(spec: ModelSpec) -> Iterator[SpecError]:
    """A limit of each class, and a task that has none to judge."""
    if "min_class_chance" in spec.gate.model_fields_set and not spec.task.judged_classes:
        fix = f"The task {spec.task.type} judges no classes apart: leave it out."
        yield SpecError("gate.min_class_chance", spec.gate.min_class_chance, fix)


def _figures_not_measured(spec: ModelSpec) -> Iterator[SpecError]:
    """Demands on what the task does not measure."""
    known = sorted(spec.task.version_metrics)
    for name, least in spec.gate.min_agreement.items():
        if name not in known:
            fix = nearest_name("figure of two versions", name, known)
            yield SpecError(f"gate.min_agreement.{name}", least, fix)
    if spec.gate.better_than_rivals and not spec.task.has_rivals:
        fix = f"The task {spec.task.type} compares with no rules but its baseline: leave it out."
        yield SpecError("gate.better_than_rivals", spec.gate.better_than_rivals, fix)


def _limited_metrics(spec: ModelSpec) -> Iterator[tuple[str, str, Mapping[str, Limit | None]]]:
    """Each metric that is limited, the attribute that names it, and limits by their attribute."""
    for name, limit in spec.gate.limits.items():
        path = f"gate.limits.{name}"
        yield name, path, {path: limit}
    for name, levels in spec.monitoring.performance.levels.items():
        path = f"monitoring.performance.levels.{name}"
        limits = {} if levels is None else {"warn": levels.warn, "error": levels.error}
        yield name, path, {f"{path}.{level}": limit for level, limit in limits.items()}


def _taken_names(spec: ModelSpec) -> Iterator[SpecError]:
    for position, custom in enumerate(spec.task.metrics):
        if custom.name in CHECKS:
            fix = "A figure of every window is called so; choose another name."
            yield SpecError(f"task.metrics.{position}.name", custom.name, fix)


def _undeclared_losses(spec: ModelSpec) -> Iterator[SpecError]:
    """Losses in the unit of a label have no defaults: nobody knows minutes from millimetres."""
    if not spec.task.loss_has_unit:
        return
    sections: dict[str, Section] = {"monitoring.performance": spec.monitoring.performance}
    if spec.release.probation.hours:
        sections["release.probation"] = spec.release.probation
    for path, retraining in spec.retrainings.items():
        for rule in single_rules(retraining.policy):
            if "loss_increase" in type(rule).model_fields:
                sections[f"{path}.policy"] = rule
    for path, section in sections.items():
        if "loss_increase" not in section.model_fields_set:
            fix = (
                f"The {spec.task.loss_name} is in the unit of the label, so that no default is "
                "right: say how much more of it than the test promises is too much."
            )
            yield SpecError(f"{path}.loss_increase", "not declared", fix)


def _not_taught(spec: ModelSpec) -> Iterator[SpecError]:
    """Updates by `partial_fit` of what cannot learn on, or would not learn what was declared."""
    updated = [path for path, each in spec.retrainings.items() if each.learns_on]
    for path in updated:
        field = f"{path}.update"
        if not spec.task.learns_on:
            fix = f"A model of the task {spec.task.type} is always fitted anew: write `refit`."
            yield SpecError(field, PARTIAL_FIT, fix)
        if not spec.features.has_event_time:
            fix = "Rows have no event time, so that none is later than others: write `refit`."
            yield SpecError(field, PARTIAL_FIT, fix)
    for position, candidate in enumerate(spec.training.candidates if updated else ()):
        if candidate.resampling is not None:
            fix = (
                "The rows of a day are not resampled by class for `partial_fit`: leave it out, and "
                "give the estimator a `class_weight` where it has one, or write "
                "`retraining.update: refit`."
            )
            path = f"training.candidates.{position}.resampling"
            yield SpecError(path, candidate.resampling.method, fix)
