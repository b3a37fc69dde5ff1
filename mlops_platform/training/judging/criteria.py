"""The criteria of the gate, one function each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import Field

from mlops_platform.fairness.limits import gaps_text, judge_gaps
from mlops_platform.record import Record, left_out_where
from mlops_platform.spec import ImprovementSpec, ModelSpec, bounds_of
from mlops_platform.tasks import Bounds
from mlops_platform.training.judging.agreement import agreement_text
from mlops_platform.training.judging.class_chances import judged_chances, judged_text
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.judging.subgroup_limits import judged_figures
from mlops_platform.training.judging.subgroup_limits import judged_text as judged_figures_text

CRITERIA: Final = (
    "limits",
    "better_than_baseline",
    "better_than_champion",
    "worst_subgroup",
    "row_cpu_time",
    "artifact_size",
    "round_trip",
    "serving_schema",
    "enough_events",
    "stable_importances",
)
"""Their names, in this order."""
CLASS_CHANCES: Final = "class_chances"
"""Another one, of models whose classes are judged apart."""
FAIRNESS: Final = "fairness"
"""Another one, of models that limit the gaps between groups of people."""
SUBGROUP_LIMITS: Final = "subgroup_limits"
"""Another one, of models that limit figures of single subgroups."""
RIVALS: Final = "better_than_rivals"
"""Another one, of models whose task has simple rules to compare with."""
NEW_TEXTS: Final = "new_texts"
"""Another one, of models with text columns."""
AGREEMENT: Final = "agrees_with_champion"
"""The last one, of models whose task measures how alike two versions answer."""
_TOLD: Final = "the verdict does not depend on it"


class Criterion(Record):
    """One check of the gate with its number.

    Attributes:
        name: one of `criteria_of`; older verdicts have others as well.
        passed: None where it cannot be decided yet.
        value: what was measured, in `unit`; None where the criterion has no number.
        threshold: the limit, in `unit`.
        description: one clause that says what was found, for a sentence or a table.
        binding: whether the verdict depends on it; else it is told alone.
    """

    name: str
    passed: bool | None
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    description: str
    binding: bool = Field(default=True, exclude_if=left_out_where(True))


def criteria_of(spec: ModelSpec) -> tuple[str, ...]:
    """Names of the criteria of a model, in their order."""
    return (
        *CRITERIA,
        *((CLASS_CHANCES,) if judges_classes(spec) else ()),
        *((FAIRNESS,) if spec.gate.fairness else ()),
        *((SUBGROUP_LIMITS,) if spec.gate.subgroup_limits else ()),
        *((RIVALS,) if spec.task.has_rivals else ()),
        *((NEW_TEXTS,) if spec.features.text else ()),
        *((AGREEMENT,) if spec.task.version_metrics else ()),
    )


def judges_classes(spec: ModelSpec) -> bool:
    """Whether the chance of each class is a criterion of a model."""
    return bool(spec.task.judged_classes) and spec.gate.min_class_chance is not None


def all_criteria(
    spec: ModelSpec,
    evaluation: Evaluation,
    comparison: Comparison | None,
    *,
    round_trip: bool,
    serving_fault: str | None,
) -> tuple[Criterion, ...]:
    """Every criterion, always all of them and in this order."""
    gate = spec.gate
    return (
        _limits(spec, evaluation),
        _better_than_baseline(spec, evaluation),
        _better_than_champion(comparison, gate.improvement),
        _worst_subgroup(spec, evaluation),
        _at_most(
            "row_cpu_time",
            evaluation.row_cpu_milliseconds,
            gate.max_row_cpu_milliseconds,
            "ms",
            "CPU time of a single row",
        ),
        _at_most(
            "artifact_size",
            evaluation.artifact_bytes / 1e6,
            gate.max_artifact_megabytes,
            "MB",
            "size of the stored model",
        ),
        Criterion(
            name="round_trip",
            passed=round_trip,
            description=f"predictions after loading {'equal' if round_trip else 'differ from'} "
            "those before saving",
        ),
        Criterion(
            name="serving_schema",
            passed=serving_fault is None,
            description=serving_fault or "the serving path answers what the pipeline answers",
        ),
        _enough_events(spec, evaluation),
        _stable_importances(spec, evaluation),
        *([_class_chances(spec, evaluation)] if judges_classes(spec) else []),
        *([_fairness(spec, evaluation)] if spec.gate.fairness else []),
        *([_subgroup_limits(spec, evaluation)] if spec.gate.subgroup_limits else []),
        *([_better_than_rivals(spec, evaluation)] if spec.task.has_rivals else []),
        *([_new_texts(spec, evaluation)] if spec.features.text else []),
        *([_agreement(spec, comparison)] if spec.task.version_metrics else []),
    )


class _JudgedLimit(NamedTuple):
    metric: str
    is_met: bool
    value: float | None
    shown: float
    text: str


def _limits(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Passes where every limit is met; shows the first one that is not, or the first."""
    metrics = spec.task.all_metrics
    judged = [
        _judged_limit(name, evaluation.metrics.get(name), bounds_of(limit, metrics[name]))
        for name, limit in spec.limits.items()
    ]
    if not judged:
        return Criterion(name="limits", passed=True, description="no limit is declared")
    shown = next((limit for limit in judged if not limit.is_met), judged[0])
    return Criterion(
        name="limits",
        passed=all(limit.is_met for limit in judged),
        value=shown.value,
        threshold=shown.shown,
        unit=shown.metric,
        description=", ".join(limit.text for limit in judged),
    )


def _judged_limit(metric: str, value: float | None, bounds: Bounds) -> _JudgedLimit:
    """The bound that is shown is the one that is missed, or the only one, or the lower one.

    Args:
        value: None where the metric is not defined on the test rows, as that of none of them.
    """
    least, most = bounds.min, bounds.max
    too_low, too_high = (
        value is not None and least is not None and value < least,
        value is not None and most is not None and value > most,
    )
    demands = [
        f"{sign} {bound:g}"
        for sign, bound in (("at least", least), ("at most", most))
        if bound is not None
    ]
    shown = most if most is not None and (too_high or least is None) else least
    assert shown is not None  # a limit has one bound at least
    is_met = value is not None and not (too_low or too_high)
    value_text = "not defined on the test rows" if value is None else f"{value:.4f}"
    text = f"{metric} is {value_text} and must be {' and '.join(demands)}"
    return _JudgedLimit(metric, is_met, value, shown, text)


def _better_than_baseline(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    own, constant, task = evaluation.loss, evaluation.baseline_loss, spec.task
    required, margin = spec.gate.better_than_baseline, evaluation.baseline_margin
    text = f"{task.loss_name} is {own:.4f}, by the {task.baseline_name} it would be {constant:.4f}"
    if margin is not None:
        text += (
            f": {constant - own:+.4f} is saved, at {spec.gate.baseline_confidence:.0%} confidence "
            f"more than {margin:+.4f}, and must exceed 0"
        )
    is_better = own < constant and (margin is None or margin > 0)
    return Criterion(
        name="better_than_baseline",
        passed=is_better or not required,
        value=own,
        threshold=constant,
        unit=task.loss_name,
        description=text if required else f"{text} (not required)",
    )


def _better_than_champion(comparison: Comparison | None, improvement: ImprovementSpec) -> Criterion:
    name = "better_than_champion"
    if comparison is None:
        return Criterion(name=name, passed=True, description="there is no champion yet")
    bound = comparison.lower_bound
    unit, fewest = comparison.unit, improvement.fewest(comparison.unit)
    too_few = bound is None or comparison.extent < fewest
    if too_few:
        new = "rows" if unit == "row" else f"{unit}s of rows"
        text = f"{comparison.extent} {new} are new to both models and {fewest} are needed"
    else:
        text = (
            f"the improvement in {comparison.metric} over {comparison.extent} {unit}s is "
            f"{comparison.mean_improvement:+.4f}, at {comparison.confidence:.0%} confidence more "
            f"than {bound:+.4f}, and must exceed {improvement.margin:g}"
        )
    return Criterion(
        name=name,
        passed=None if bound is None or too_few else bound > improvement.margin,
        value=bound,
        threshold=improvement.margin,
        unit=comparison.metric,
        description=text,
    )


def _worst_subgroup(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    ratios = [
        (group.loss_ratio, group)
        for group in evaluation.subgroups
        if group.judged and group.loss_ratio is not None
    ]
    if not ratios:
        return Criterion(
            name="worst_subgroup", passed=True, description="no subgroup is large enough to judge"
        )
    ratio, worst = max(ratios, key=lambda pair: pair[0])
    name, baseline = spec.task.loss_name, spec.task.baseline_name
    few = min(worst.events.values(), default=spec.gate.min_events) < spec.gate.min_events
    counted = f"only {_events_text(worst.events)}" if few else f"{worst.rows} rows"
    what = f"{name} of {worst.column} {worst.value} ({counted}) over that of its own {baseline}"
    return _at_most("worst_subgroup", ratio, spec.gate.max_subgroup_loss_ratio, "", what)


def _at_most(name: str, value: float, limit: float, unit: str, what: str) -> Criterion:
    suffix = f" {unit}" if unit else ""
    return Criterion(
        name=name,
        passed=value <= limit,
        value=value,
        threshold=limit,
        unit=unit,
        description=f"{what} is {value:.4g}{suffix} and must be at most {limit:g}{suffix}",
    )


def _enough_events(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Open where too little was seen to say anything; tells how much there was anyway."""
    name, needed = "enough_events", spec.gate.min_events
    tested, fitted = evaluation.events, evaluation.fitted_events
    counts = [(count, kind) for events in (tested, fitted) for kind, count in events.items()]
    if not counts:
        uncounted = "its evaluation is of before events were counted: evaluate it again"
        return Criterion(name=name, passed=None, description=uncounted)
    fewest, kind = min(counts)
    return Criterion(
        name=name,
        passed=True if fewest >= needed else None,
        value=fewest,
        threshold=needed,
        unit=kind,
        description=f"there are {_events_text(tested)} in the test rows, and "
        f"{_events_text(fitted)} in those that it was fitted on: {needed:,} "
        f"{'of each ' if len(tested) > 1 else ''}are needed",
    )


def _class_chances(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Missed where the outcomes of a class surely are given too little chance."""
    least, chances = spec.gate.min_class_chance, evaluation.class_chances
    assert least is not None  # else it is no criterion
    if not chances:
        unmeasured = "its evaluation has no chances of classes: evaluate it again"
        return Criterion(name=CLASS_CHANCES, passed=None, description=unmeasured)
    judged = judged_chances(chances, least, spec.gate.min_events)
    return Criterion(
        name=CLASS_CHANCES,
        passed=not judged.missed,
        value=judged.worst.times if judged.worst else None,
        threshold=least,
        unit=f"chance of {judged.worst.name!r}" if judged.worst else "",
        description=judged_text(judged, least, spec.gate.min_events),
    )


def _fairness(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Missed where a gap surely is too wide; open where groups are too small to tell of any."""
    measured = evaluation.fairness
    gaps = judge_gaps(measured, spec.gate.fairness) if measured else ()
    if not gaps:
        unmeasured = "its evaluation has no figures of groups: evaluate it again"
        return Criterion(name=FAIRNESS, passed=None, description=unmeasured)
    states = {gap.passed for gap in gaps}
    shown = gaps[0]
    return Criterion(
        name=FAIRNESS,
        passed=False if False in states else None if None in states else True,
        value=shown.value,
        threshold=shown.limit,
        unit=f"{shown.metric} by {shown.column}",
        description=gaps_text(gaps),
    )


def _subgroup_limits(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Missed where a figure of a subgroup surely is beyond its bound."""
    if not evaluation.limited_figures:
        unmeasured = "its evaluation has no figures of subgroups: evaluate it again"
        return Criterion(name=SUBGROUP_LIMITS, passed=None, description=unmeasured)
    judged = judged_figures(evaluation.limited_figures, spec.gate.subgroup_limits)
    shown = judged[0] if judged else None
    return Criterion(
        name=SUBGROUP_LIMITS,
        passed=all(each.passed for each in judged),
        value=shown.figure.figure if shown else None,
        threshold=shown.limit if shown else None,
        unit=shown.figure.name if shown else "",
        description=judged_figures_text(judged, spec.evaluation.min_subgroup_rows),
    )


def _better_than_rivals(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Whether no simple rule does as well: told, unless the YAML refuses."""
    rivals, refuses = evaluation.rivals, spec.gate.better_than_rivals
    if not rivals:
        return Criterion(
            name=RIVALS,
            passed=True,
            description=f"no label tells which rule would be best; {_TOLD}",
            binding=False,
        )
    best, loss = min(rivals, key=lambda rival: rival.loss), spec.task.loss_name
    text = f"{loss} is {evaluation.loss:.4f}, and that of {best.name} {best.loss:.4f}"
    return Criterion(
        name=RIVALS,
        passed=evaluation.loss < best.loss,
        value=evaluation.loss,
        threshold=best.loss,
        unit=loss,
        description=text if refuses else f"{text}; {_TOLD}",
        binding=refuses,
    )


def _new_texts(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Whether it was tested on texts that it had not nearly seen: told, unless the YAML refuses."""
    found, most = evaluation.near_duplicates, spec.gate.max_near_duplicates
    refuses = spec.gate.near_duplicates_refuse
    if most is None or found is None:
        why = "no level is declared" if most is None else "its evaluation did not look for them"
        return Criterion(name=NEW_TEXTS, passed=True, description=f"{why}; {_TOLD}", binding=False)
    text = (
        f"{found.share:.1%} of the test rows have texts that are nearly those of rows that it was "
        f"fitted or finished on"
    )
    if found.repeated.loss is not None and found.new.loss is not None:
        text += (
            f" ({spec.task.loss_name} {found.repeated.loss:.4f}; on the others "
            f"{found.new.loss:.4f})"
        )
    return Criterion(
        name=NEW_TEXTS,
        passed=found.share <= most,
        value=found.share,
        threshold=most,
        description=f"{text}; "
        + (f"at most {most:.0%} are allowed" if refuses else f"told from {most:.0%} on, {_TOLD}"),
        binding=refuses,
    )


def _agreement(spec: ModelSpec, comparison: Comparison | None) -> Criterion:
    """Whether it answers as the champion does: told, where nothing names a least figure."""
    least = spec.least_agreement
    measured = comparison.agreement if comparison else {}
    if not measured and comparison and least:
        unmeasured = "no row is new to both models, by which they could be compared"
        return Criterion(name=AGREEMENT, passed=None, description=unmeasured)
    if not comparison or not measured:
        text = f"there is nothing to compare with; {_TOLD}"
        return Criterion(name=AGREEMENT, passed=True, description=text, binding=False)
    missed = [name for name, level in least.items() if measured.get(name, -1.0) < level]
    shown = missed[0] if missed else next(iter(least or measured))
    text = agreement_text(comparison, least)
    return Criterion(
        name=AGREEMENT,
        passed=not missed,
        value=measured.get(shown),
        threshold=least.get(shown),
        unit=shown,
        description=text if least else f"{text}; {_TOLD}",
        binding=bool(least),
    )


def _stable_importances(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    """Whether the candidate leans on what the champion leans on: told, unless the YAML refuses."""
    name, most = "stable_importances", spec.gate.max_importance_shift
    shift = evaluation.importance_shift
    if most is None or shift is None:
        why = "no level is declared" if most is None else "there is nothing to compare with"
        return Criterion(name=name, passed=True, description=f"{why}; {_TOLD}", binding=False)
    ranks = shift.rank_correlation
    text = (
        f"{shift.share:.0%} of the importance lies on other features than in version "
        f"{shift.version}" + (f" (rank correlation {ranks:.2f})" if ranks is not None else "")
    )
    is_stable, refuses = shift.share <= most, spec.gate.importance_shift_refuses
    if not is_stable:
        leading = shift.moved[0]
        text += (
            f", most of it on {' and '.join(leading.features)}, which had {leading.champion:.0%} "
            f"and has {leading.candidate:.0%}"
        )
    return Criterion(
        name=name,
        passed=is_stable,
        value=shift.share,
        threshold=most,
        description=f"{text}; "
        + (f"at most {most:.0%} is allowed" if refuses else f"told from {most:.0%} on, {_TOLD}"),
        binding=refuses,
    )


def _events_text(events: Mapping[str, int]) -> str:
    return " and ".join(f"{count:,} {name}" for name, count in events.items())
