"""What each criterion of the gate judges, and by which limit of the model's YAML."""

from mlops_platform.fairness.limits import limits_text
from mlops_platform.spec import Limit, ModelSpec, bounds_of
from mlops_platform.tasks import Bounds, Metric
from mlops_platform.training.judging.criteria import (
    AGREEMENT,
    CLASS_CHANCES,
    FAIRNESS,
    NEW_TEXTS,
    RIVALS,
    SUBGROUP_LIMITS,
    judges_classes,
)
from mlops_platform.training.judging.subgroup_limits import CONFIDENCE


def criterion_descriptions(spec: ModelSpec) -> dict[str, str]:
    """A sentence for each criterion of the gate, in its order."""
    gate, loss, baseline = spec.gate, spec.task.loss_name, spec.task.baseline_name
    improvement = gate.improvement
    required = (
        f"must be below that of always predicting the training {baseline}, at "
        f"{gate.baseline_confidence:.0%} confidence"
        if gate.better_than_baseline
        else f"is compared with that of the training {baseline}; it need not be below it"
    )
    return {
        "limits": _limits(spec),
        "better_than_baseline": f"The {loss} of the test rows {required}.",
        "better_than_champion": (
            f"On rows that are new to both, the {loss} must be below the champion's by more than "
            f"{improvement.margin:g} at {improvement.confidence:.0%} confidence. Open with fewer "
            f"than {_fewest(spec)}; a model without champion passes."
        ),
        "worst_subgroup": (
            f"In no subgroup of {', '.join(spec.evaluation.subgroups) or 'none that is declared'} "
            f"with {spec.evaluation.min_subgroup_rows} rows or more may the {loss} exceed "
            f"{gate.max_subgroup_loss_ratio:g} times that of the subgroup's own {baseline}."
        ),
        "row_cpu_time": (
            f"To predict one row may take at most {gate.max_row_cpu_milliseconds:g} ms of CPU time."
        ),
        "artifact_size": (f"The stored model may have at most {gate.max_artifact_megabytes:g} MB."),
        "round_trip": "The stored model, loaded again, must predict exactly what it predicted.",
        "serving_schema": (
            "The path of requests through the service must answer what the pipeline answers."
        ),
        "enough_events": (
            f"The test rows, and those fitted on, must hold {gate.min_events:,} outcomes of each "
            "kind. Open with fewer."
        ),
        "stable_importances": _stable_importances(spec),
        **_class_chances(spec),
        **_fairness(spec),
        **_subgroup_limits(spec),
        **_rivals(spec),
        **_new_texts(spec),
        **_agreement(spec),
    }


def _rivals(spec: ModelSpec) -> dict[str, str]:
    if not spec.task.has_rivals:
        return {}
    must = "must be" if spec.gate.better_than_rivals else "is, or it is told that it is not,"
    loss = spec.task.loss_name
    return {RIVALS: f"The {loss} of the test rows {must} below that of simple rules."}


def _new_texts(spec: ModelSpec) -> dict[str, str]:
    most = spec.gate.max_near_duplicates
    if not spec.features.text:
        return {}
    if most is None:
        return {NEW_TEXTS: "Whether test rows have new texts is not told (switched off)."}
    refused = "" if spec.gate.near_duplicates_refuse else " More is told, and refuses nothing."
    return {
        NEW_TEXTS: (
            f"At most {most:.0%} of the test rows may have texts that are nearly those of rows "
            f"that the candidate was fitted or finished on.{refused}"
        )
    }


def _agreement(spec: ModelSpec) -> dict[str, str]:
    metrics, least = spec.task.version_metrics, spec.least_agreement
    if not metrics:
        return {}
    if not least:
        return {AGREEMENT: "How alike it and the champion answer is told, and refuses nothing."}
    demands = ", ".join(
        f"{metrics[name].meaning} must be at least {level:g}" for name, level in least.items()
    )
    return {AGREEMENT: f"On rows that are new to both, {demands}."}


def _class_chances(spec: ModelSpec) -> dict[str, str]:
    gate = spec.gate
    if not judges_classes(spec):
        return {}
    return {
        CLASS_CHANCES: (
            f"The outcomes of no class may surely get less than {gate.min_class_chance:g} times "
            f"the chance that the share of their class gives them. Classes with fewer than "
            f"{gate.min_events:,} outcomes in the test rows are told, and not judged."
        )
    }


def _fairness(spec: ModelSpec) -> dict[str, str]:
    declared = spec.evaluation.fairness
    if declared is None or not spec.gate.fairness:
        return {}
    return {
        FAIRNESS: (
            f"Between groups of one {' or '.join(declared.columns)} {limits_text(spec)}: missed "
            f"where a gap is wider at {declared.confidence:.0%} confidence, open where fewer than "
            f"two groups have {declared.min_group_rows} rows."
        )
    }


def _subgroup_limits(spec: ModelSpec) -> dict[str, str]:
    limits, evaluation = spec.gate.subgroup_limits, spec.evaluation
    if not limits:
        return {}
    demands = ", ".join(
        f"the {name.replace('_', ' ')} of any {' or '.join(limit.columns or evaluation.subgroups)} "
        f"must be {_bounds_text(Bounds(limit.min, limit.max))}"
        for name, limit in limits.items()
    )
    return {
        SUBGROUP_LIMITS: (
            f"On the test rows {demands}: missed where one surely is beyond, at "
            f"{CONFIDENCE:.0%} confidence for all together. Of fewer than "
            f"{evaluation.min_subgroup_rows} rows nothing is judged."
        )
    }


def _stable_importances(spec: ModelSpec) -> str:
    most = spec.gate.max_importance_shift
    if most is None:
        return "Whether it leans on other features than the champion is not told (switched off)."
    refused = "" if spec.gate.importance_shift_refuses else " More is told, and refuses nothing."
    return (
        f"At most {most:.0%} of the permutation importance may lie on other features than in the "
        f"champion.{refused}"
    )


def _limits(spec: ModelSpec) -> str:
    metrics = spec.task.all_metrics
    demands = [_demand(name, limit, metrics[name]) for name, limit in spec.limits.items()]
    if not demands:
        return "Metrics of the test rows against declared limits; none is declared."
    return f"On the test rows {', '.join(demands)}."


def _demand(name: str, limit: Limit, metric: Metric) -> str:
    return f"{name} must be {_bounds_text(bounds_of(limit, metric))}"


def _bounds_text(bounds: Bounds) -> str:
    words = [
        f"{relation} {bound:g}"
        for relation, bound in (("at least", bounds.min), ("at most", bounds.max))
        if bound is not None
    ]
    return " and ".join(words)


def _fewest(spec: ModelSpec) -> str:
    """Which of the units counts depends on whether rows have an event time, or groups."""
    improvement = spec.gate.improvement
    if spec.features.has_event_time:
        return f"{improvement.min_days} such days"
    return f"{improvement.min_rows} such rows (or {improvement.min_groups} groups)"
