"""The nine criteria of the gate, one function each."""

from __future__ import annotations

from typing import Literal

from mlops_platform.record import Record
from mlops_platform.spec import LOWER_IS_BETTER, GateSpec, ImprovementSpec
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.evaluation import Evaluation

CriterionName = Literal[
    "minimum_quality",
    "better_than_base_rate",
    "better_than_champion",
    "calibration",
    "worst_subgroup",
    "row_cpu_time",
    "artifact_size",
    "round_trip",
    "serving_schema",
]


class Criterion(Record):
    """One check of the gate with its number.

    Attributes:
        passed: None where it cannot be decided yet.
        value: what was measured, in `unit`; None where the criterion has no number.
        threshold: the limit, in `unit`.
        description: one clause that says what was found, for a sentence or a table.
    """

    name: CriterionName
    passed: bool | None
    value: float | None = None
    threshold: float | None = None
    unit: str = ""
    description: str


def all_criteria(
    evaluation: Evaluation,
    comparison: Comparison | None,
    round_trip: bool,
    serving_fault: str | None,
    gate: GateSpec,
) -> tuple[Criterion, ...]:
    """Every criterion, always all nine and in this order."""
    return (
        _minimum_quality(evaluation, gate),
        _better_than_base_rate(evaluation, gate),
        _better_than_champion(comparison, gate.improvement),
        _at_most(
            "calibration",
            evaluation.metrics.expected_calibration_error,
            gate.max_expected_calibration_error,
            "",
            "expected calibration error",
        ),
        _worst_subgroup(evaluation, gate),
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
    )


def _minimum_quality(evaluation: Evaluation, gate: GateSpec) -> Criterion:
    """Passes where every declared minimum is met; shows the first one that is not, or the first."""
    checks = []
    for metric, limit in gate.minimum.items():
        value: float = getattr(evaluation.metrics, metric)
        met = value <= limit if metric in LOWER_IS_BETTER else value >= limit
        sign = "at most" if metric in LOWER_IS_BETTER else "at least"
        text = f"{metric} is {value:.4f} and must be {sign} {limit:g}"
        checks.append((met, value, limit, metric, text))
    if not checks:
        return Criterion(name="minimum_quality", passed=True, description="no minimum is declared")
    shown = next((check for check in checks if not check[0]), checks[0])
    return Criterion(
        name="minimum_quality",
        passed=all(check[0] for check in checks),
        value=shown[1],
        threshold=shown[2],
        unit=shown[3],
        description=", ".join(check[4] for check in checks),
    )


def _better_than_base_rate(evaluation: Evaluation, gate: GateSpec) -> Criterion:
    own, constant = evaluation.metrics.log_loss, evaluation.base_rate.log_loss
    text = f"log loss is {own:.4f}, always predicting the training base rate gives {constant:.4f}"
    return Criterion(
        name="better_than_base_rate",
        passed=own < constant or not gate.better_than_base_rate,
        value=own,
        threshold=constant,
        unit="log loss",
        description=text if gate.better_than_base_rate else f"{text} (not required)",
    )


def _better_than_champion(comparison: Comparison | None, improvement: ImprovementSpec) -> Criterion:
    name: CriterionName = "better_than_champion"
    if comparison is None:
        return Criterion(name=name, passed=True, description="there is no champion yet")
    bound = comparison.lower_bound
    too_few = bound is None or comparison.days < improvement.min_days
    if too_few:
        text = (
            f"{comparison.days} days of rows are new to both models and "
            f"{improvement.min_days} are needed"
        )
    else:
        text = (
            f"the improvement in {comparison.metric} over {comparison.days} days is "
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


def _worst_subgroup(evaluation: Evaluation, gate: GateSpec) -> Criterion:
    ratios = [
        (group.log_loss_ratio, group)
        for group in evaluation.subgroups
        if group.judged and group.log_loss_ratio is not None
    ]
    if not ratios:
        return Criterion(
            name="worst_subgroup", passed=True, description="no subgroup is large enough to judge"
        )
    ratio, worst = max(ratios, key=lambda pair: pair[0])
    limit = gate.max_subgroup_log_loss_ratio
    what = f"log loss of {worst.column} {worst.value} ({worst.rows} rows) over its base rate's"
    return _at_most("worst_subgroup", ratio, limit, "", what)


def _at_most(name: CriterionName, value: float, limit: float, unit: str, what: str) -> Criterion:
    suffix = f" {unit}" if unit else ""
    return Criterion(
        name=name,
        passed=value <= limit,
        value=value,
        threshold=limit,
        unit=unit,
        description=f"{what} is {value:.4g}{suffix} and must be at most {limit:g}{suffix}",
    )
