"""Every check says what it judges, and by which limit of the model's YAML."""

from collections.abc import Callable
from typing import Any

import pytest

from mlops_platform.components.model_lifecycle.candidate.criterion_descriptions import (
    criterion_descriptions,
)
from mlops_platform.components.model_lifecycle.window.check_descriptions import (
    drift_check_descriptions,
    performance_check_descriptions,
)
from mlops_platform.components.models import declared_spec
from mlops_platform.monitoring.alarms.drift_alarms import DRIFT_CHECKS
from mlops_platform.monitoring.alarms.performance_alarms import performance_checks
from mlops_platform.monitoring.alarms.quality_alarms import QUALITY_CHECKS
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.criteria import NEW_TEXTS, criteria_of

Described = Callable[[ModelSpec], dict[str, str]]


@pytest.fixture(scope="module")
def spec() -> ModelSpec:
    return declared_spec("flight_delay")


def changed(spec: ModelSpec, section: str, **values: Any) -> ModelSpec:
    """The spec with other values in a section, such as `monitoring.drift`."""
    plain = spec.model_dump(mode="json")
    inside = plain
    for name in section.split("."):
        inside = inside[name]
    inside.update(values)
    return ModelSpec.model_validate(plain)


@pytest.mark.parametrize("model", ["flight_delay", "arrival_delay", "flight_status"])
def test_every_check_is_described_in_its_order(model: str) -> None:
    spec = declared_spec(model)
    assert tuple(drift_check_descriptions(spec)) == (*DRIFT_CHECKS, *QUALITY_CHECKS)
    assert tuple(performance_check_descriptions(spec)) == performance_checks(spec)
    assert tuple(criterion_descriptions(spec)) == criteria_of(spec)


@pytest.mark.parametrize(
    ("described", "check", "told"),
    [
        (performance_check_descriptions, "loss_increase", "log loss"),
        (performance_check_descriptions, "loss_increase", "warn from 0.02, error from 0.05"),
        (performance_check_descriptions, "better_than_baseline", "base rate, else warn"),
        (performance_check_descriptions, "change_point", "cusum"),
        (drift_check_descriptions, "feature_drift", "warn beyond what 2 % of windows"),
        (drift_check_descriptions, "row_volume", "0.5 to 2 times"),
        (drift_check_descriptions, "value_ranges", "(switched off)"),
        (drift_check_descriptions, "repeated_entities", "repeat a flight_id"),
        (criterion_descriptions, "limits", "roc_auc must be at least 0.62"),
        (criterion_descriptions, "limits", "expected_calibration_error must be at most 0.1"),
        (criterion_descriptions, "better_than_champion", "more than 0.0005 at 80% confidence"),
        (criterion_descriptions, "better_than_champion", "fewer than 5 such days"),
        (criterion_descriptions, "worst_subgroup", "carrier, origin with 300 rows or more"),
        (criterion_descriptions, "artifact_size", "at most 30 MB"),
        (criterion_descriptions, "enough_events", "hold 50 outcomes"),
        (criterion_descriptions, "stable_importances", "At most 30%"),
        (criterion_descriptions, "stable_importances", "More is told, and refuses nothing."),
    ],
)
def test_a_description_has_the_limit_of_the_yaml(
    spec: ModelSpec, described: Described, check: str, told: str
) -> None:
    assert told in described(spec)[check]


@pytest.mark.parametrize(
    ("section", "values", "described", "check", "told"),
    [
        (
            "monitoring.performance",
            {"loss_increase": {"warn": None, "error": 0.3}},
            performance_check_descriptions,
            "loss_increase",
            "as hard: error from 0.3.",
        ),
        (
            "monitoring.performance",
            {"levels": {"roc_auc": {"warn": 0.7, "error": {"min": 0.6, "max": 0.9}}}},
            performance_check_descriptions,
            "roc_auc",
            "warn from 0.7 down, error below 0.6 and above 0.9",
        ),
        (
            "monitoring.performance",
            {"better_than_baseline": "off"},
            performance_check_descriptions,
            "better_than_baseline",
            "(switched off)",
        ),
        (
            "monitoring.performance",
            {"change_detection": {"detectors": []}},
            performance_check_descriptions,
            "change_point",
            "no detector is declared",
        ),
        (
            "monitoring.drift",
            {"rule": "fixed"},
            drift_check_descriptions,
            "feature_drift",
            "jensen_shannon of 0.1: warn from 0.5",
        ),
        (
            "monitoring.quality",
            {"severity": "error", "day_factor": None},
            drift_check_descriptions,
            "row_volume",
            "comparable days, else error.",
        ),
        (
            "gate",
            {"better_than_baseline": False},
            criterion_descriptions,
            "better_than_baseline",
            "it need not be below it",
        ),
        (
            "gate",
            {"importance_shift_refuses": True},
            criterion_descriptions,
            "stable_importances",
            "than in the champion.",
        ),
        (
            "gate",
            {"max_importance_shift": None},
            criterion_descriptions,
            "stable_importances",
            "(switched off)",
        ),
        (
            "gate",
            {"limits": {"expected_calibration_error": None}},
            criterion_descriptions,
            "limits",
            "none is declared",
        ),
    ],
)
def test_a_limit_that_is_declared_otherwise_is_described_otherwise(
    spec: ModelSpec,
    section: str,
    values: dict[str, Any],
    described: Described,
    check: str,
    told: str,
) -> None:
    assert told in described(changed(spec, section, **values))[check]


def test_models_that_limit_gaps_have_a_check_of_them(spec: ModelSpec) -> None:
    fair = changed(
        changed(spec, "evaluation", fairness={"columns": ["origin"], "min_group_rows": 70}),
        "gate",
        fairness={"selection_rate": {"max_difference": 0.1, "min_ratio": 0.8}},
    )
    assert tuple(performance_check_descriptions(fair)) == performance_checks(fair)
    assert tuple(criterion_descriptions(fair)) == criteria_of(fair)
    limits = "selection rate may differ by 0.1 at most, selection rate may differ by a ratio of 0.8"
    for description in (performance_check_descriptions(fair), criterion_descriptions(fair)):
        assert limits in description["fairness"]
        assert "one origin" in description["fairness"]
    assert "fewer than two groups have 70 rows" in criterion_descriptions(fair)["fairness"]


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        ({}, "At most 5% of the test rows may have texts"),
        ({}, "More is told, and refuses nothing."),
        ({"near_duplicates_refuse": True}, "that the candidate was fitted or finished on."),
        ({"max_near_duplicates": None}, "(switched off)"),
    ],
)
def test_near_duplicate_texts_are_described(gate: dict[str, Any], told: str) -> None:
    spec = changed(declared_spec("spam"), "gate", **gate)

    described = criterion_descriptions(spec)

    assert tuple(described) == criteria_of(spec)
    assert told in described[NEW_TEXTS]
    assert ("refuses nothing" in described[NEW_TEXTS]) is (gate == {})
