"""The gate: the same criteria for a first training and for every retraining."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Literal

from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.criteria import Criterion, all_criteria
from mlops_platform.training.judging.evaluation import Evaluation
from mlops_platform.training.refusal import unusable

Outcome = Literal["promote", "reject", "wait"]


class Verdict(Record):
    """What the gate says about one candidate, and why."""

    outcome: Outcome
    reason: str
    criteria: tuple[Criterion, ...]


def apply_gate(
    spec: ModelSpec,
    evaluation: Evaluation,
    comparison: Comparison | None,
    *,
    round_trip: bool,
    serving_fault: str | None,
) -> Verdict:
    """Promote if every criterion passes, reject if one fails, else wait for more days.

    Args:
        spec: with the limits.
        evaluation: the candidate on its test rows.
        comparison: against the champion; None where there is no champion yet.
        round_trip: the stored model predicts what the fitted one predicts.
        serving_fault: why the serving path does not answer what the pipeline answers.

    Raises:
        TrainingError: a number is not finite, so that nothing can be concluded.
    """
    for name, record in (
        ("evaluation", evaluation),
        ("comparison", comparison),
        ("gate", spec.gate),
    ):
        _refuse_not_finite(name, record.model_dump() if record else None)
    criteria = all_criteria(
        spec, evaluation, comparison, round_trip=round_trip, serving_fault=serving_fault
    )
    outcome, reason = _conclusion(criteria, first=comparison is None)
    if empty := ", ".join(evaluation.empty_features):
        reason += (
            f" No row that it was fitted on has a value of {empty}: look at the dbt model that "
            f"makes {spec.features.table}."
        )
    return Verdict(outcome=outcome, reason=reason, criteria=criteria)


def _conclusion(criteria: tuple[Criterion, ...], first: bool) -> tuple[Outcome, str]:
    binding = [criterion for criterion in criteria if criterion.binding]
    failed = [criterion for criterion in binding if criterion.passed is False]
    open_ = [criterion for criterion in binding if criterion.passed is None]
    if failed:
        reasons = "; ".join(f"{criterion.name} ({criterion.description})" for criterion in failed)
        return "reject", f"Rejected because of {reasons}."
    if open_:
        reasons = "; ".join(criterion.description for criterion in open_)
        return "wait", f"Waiting, because {reasons}."
    against = "there is no champion yet" if first else "it is better than the champion"
    return "promote", f"Promoted: all {len(binding)} criteria pass and {against}."


def _refuse_not_finite(path: str, value: Any) -> None:
    for field, number in _floats(path, value):
        if not isfinite(number):
            raise unusable(
                field,
                number,
                "The gate cannot be computed: find out which rows or which model gave this value.",
            )


def _floats(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _floats(f"{path}.{key}", item)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            yield from _floats(f"{path}.{position}", item)
