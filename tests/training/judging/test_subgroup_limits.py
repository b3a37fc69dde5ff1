"""Limits on figures of single subgroups: who is judged, how surely, and what is told."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec
from mlops_platform.spec.consistency import inconsistencies
from mlops_platform.tasks import Predictions
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.criteria import CRITERIA, SUBGROUP_LIMITS, criteria_of
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.gate import apply_gate
from mlops_platform.training.judging.subgroup_limits import (
    judged_figures,
    judged_text,
    limited_figures,
    limited_table,
)
from mlops_platform.training.split import split_by_time

DAYS = 21


def demand_spec(declare: Any, **limits: Any) -> ModelSpec:
    """A regression, judged by carrier."""

    def edit(plain: dict[str, Any]) -> None:
        plain["task"] = {"type": "regression", "coverage": 0.9}
        plain["features"]["sensitive"] = ["carrier", "region"]
        plain["evaluation"] = {"subgroups": ["carrier"], "min_subgroup_rows": 60}
        plain["gate"] = {"subgroup_limits": limits or {"coverage": {"min": 0.8}}}

    return declare(edit)


def judged(spec: ModelSpec, covered: dict[str, float], rows: int = 20, seed: int = 0) -> Any:
    """Carriers with so many rows a day, of which such shares are inside their interval."""
    random = np.random.default_rng(seed)
    count = rows * DAYS
    names = np.repeat([*covered], count)
    inside = random.random(len(names)) < np.repeat([*covered.values()], count)
    targets = np.where(inside, 0.0, 5.0)
    ends: dict[str, Any] = {"width": np.full(len(names), 2.0)}
    ends |= {"lower": np.full(len(names), -1.0), "upper": np.full(len(names), 1.0)}
    stated = Predictions({"prediction": np.zeros(len(names)), **ends})
    units = np.tile(np.repeat(np.arange(DAYS), rows), len(covered))
    frame = pd.DataFrame({"carrier": names})
    figures = limited_figures(spec, frame, targets, stated, units)
    return figures, judged_figures(figures, spec.gate.subgroup_limits)


def test_a_carrier_that_surely_is_covered_too_little_is_missed_by_name(declare: Any) -> None:
    spec = demand_spec(declare)
    figures, found = judged(spec, {"AA": 0.9, "B6": 0.6, "DL": 0.78})

    assert [each.passed for each in found] == [False, True, True]
    assert found[0].figure.value == "B6"
    text = judged_text(found, spec.evaluation.min_subgroup_rows)
    assert text.startswith("coverage of carrier B6 (420 rows) is 0.6")
    assert "and must be at least 0.8" in text
    assert "DL" not in text
    upper = figures[1].upper
    assert upper is not None
    assert 0.6 < upper < 0.8


def test_a_small_carrier_is_shown_and_not_judged(declare: Any) -> None:
    spec = demand_spec(declare)
    figures, found = judged(spec, {"HA": 0.2}, rows=2)

    assert found == ()
    assert (figures[0].rows, figures[0].lower, figures[0].upper) == (42, None, None)
    assert judged_text(found, 60) == (
        "no subgroup has the 60 rows on three days that its figures are judged by"
    )
    assert limited_table(figures).rows[0][:4] == ("carrier", "HA", "coverage", 42)
    assert limited_table(figures).rows[0][-1] == "-"


@pytest.mark.parametrize("rows", [3, 15])
def test_chance_alone_misses_a_limit_seldom_however_many_carriers_there_are(
    declare: Any, rows: int
) -> None:
    """Each of twelve is covered exactly as often as is needed."""
    spec = demand_spec(declare)
    carriers = dict.fromkeys(map(str, range(12)), 0.8)

    missed = [not judged(spec, carriers, rows, seed)[1][0].passed for seed in range(100)]

    assert np.mean(missed) <= 0.1


def test_a_limit_has_two_sides_and_columns(declare: Any) -> None:
    both = {"coverage": {"min": 0.8, "max": 0.95}, "width": {"max": 1.5, "columns": ["carrier"]}}
    _, found = judged(demand_spec(declare, **both), {"AA": 1.0, "B6": 0.88})

    missed = [each.figure.name for each in found if not each.passed]
    beyond = ["coverage of carrier AA", "width of carrier AA", "width of carrier B6"]
    assert sorted(missed) == beyond


@pytest.fixture(scope="module")
def evaluated(declare: Any, rows: Any, recipe_for: Any) -> tuple[ModelSpec, Evaluation]:
    def edit(plain: dict[str, Any]) -> None:
        plain["evaluation"] = {"subgroups": ["region"], "min_subgroup_rows": 60}
        plain["gate"] = {"subgroup_limits": {"error_rate": {"max": 0.9}}}

    spec = declare(edit)
    split = split_by_time(rows, spec)
    candidate = fit_candidate(spec, recipe_for("linear"), split)
    return spec, evaluate(spec, candidate, split, artifact_bytes=1000)


def test_the_gate_judges_by_them_and_says_what_was_found(evaluated: Any) -> None:
    spec, evaluation = evaluated
    better = evaluation.model_copy(
        update={"loss": 0.5, "baseline_loss": 0.9, "baseline_margin": 0.2, "subgroups": ()}
    )

    def verdict_of(limit: dict[str, float]) -> Any:
        gate = spec.gate.model_copy(
            update={"subgroup_limits": {"error_rate": limit_spec(spec, **limit)}, "limits": {}}
        )
        strict = spec.model_copy(update={"gate": gate})
        return apply_gate(strict, better, None, round_trip=True, serving_fault=None)

    assert criteria_of(spec) == (*CRITERIA, SUBGROUP_LIMITS)
    rejected = verdict_of({"max": 0.001})
    assert rejected.outcome == "reject"
    assert "subgroup_limits (error rate of region" in rejected.reason
    [passed] = [each for each in verdict_of({"max": 0.9}).criteria if each.name == SUBGROUP_LIMITS]
    assert passed.passed
    assert passed.description.startswith("none of ")


def limit_spec(spec: ModelSpec, **bounds: float) -> Any:
    return type(spec.gate.subgroup_limits["error_rate"])(**bounds)


def test_an_evaluation_of_before_leaves_the_gate_open(evaluated: Any) -> None:
    spec, evaluation = evaluated
    older = Evaluation.model_validate(evaluation.model_dump(exclude={"limited_figures"}))

    verdict = apply_gate(spec, older, None, round_trip=True, serving_fault=None)

    [found] = [each for each in verdict.criteria if each.name == SUBGROUP_LIMITS]
    assert found.passed is None
    assert "evaluate it again" in found.description


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            {"gate": {"subgroup_limits": {"covrage": {"min": 0.8}}}},
            "gate.subgroup_limits.covrage: 'covrage' is not usable. Did you mean 'coverage'?",
        ),
        (
            {"evaluation": {"subgroups": []}},
            "gate.subgroup_limits: ['coverage'] is not usable. Nothing is measured by subgroup: "
            "declare `evaluation.subgroups` as well.",
        ),
        (
            {"gate": {"subgroup_limits": {"coverage": {"min": 0.8, "columns": ["carier"]}}}},
            "gate.subgroup_limits.coverage.columns.0: 'carier' is not usable. Did you mean "
            "'carrier'?",
        ),
    ],
)
def test_a_limit_on_what_is_not_measured_is_refused_with_its_fix(
    declare: Any, edit: dict[str, Any], sentence: str
) -> None:
    declared = demand_spec(declare).model_dump(mode="json", exclude_unset=True)
    for section, changed in edit.items():
        declared[section] |= changed

    faults = [str(fault) for fault in inconsistencies(ModelSpec.model_validate(declared))]

    assert any(fault.startswith(sentence) for fault in faults), faults


def test_a_number_alone_has_no_direction(declare: Any) -> None:
    with pytest.raises(ValueError, match=r"write `{min: 0.8}` or `{max: 0.8}`"):
        demand_spec(declare, coverage=0.8)
