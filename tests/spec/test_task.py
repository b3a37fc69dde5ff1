"""The section `task`, and what other sections name of it."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_platform.spec import LimitSpec, ModelSpec, inconsistencies
from mlops_platform.tasks import DEFAULT_TASK

Attributes = dict[str, Any]
BINARY = {"type": "binary_classification"}
LOSSES = {
    "monitoring": {"performance": {"loss_increase": {"warn": 1.0}}},
    "retraining": {"policy": {"rule": "performance", "loss_increase": 1.0}},
    "release": {"probation": {"loss_increase": 3.0}},
}


def complaints(attributes: Attributes) -> dict[str, str]:
    """Messages of a refused YAML by the attribute they are at."""
    with pytest.raises(ValidationError) as refused:
        ModelSpec.model_validate(attributes)
    errors = refused.value.errors()
    messages = {".".join(map(str, error["loc"])): error["msg"] for error in errors}
    assert len(messages) == len(errors)
    return messages


def faults(attributes: Attributes) -> list[tuple[str, object, str]]:
    errors = inconsistencies(ModelSpec.model_validate(attributes))
    return [(error.field, error.value, error.fix) for error in errors]


@pytest.mark.parametrize("written", ["binary_classification", BINARY, DEFAULT_TASK])
def test_a_task_is_its_name_or_a_section(attributes: Attributes, written: Any) -> None:
    by_default = ModelSpec.model_validate(attributes)

    spec = ModelSpec.model_validate({**attributes, "task": written})

    assert spec.task == DEFAULT_TASK
    assert spec == by_default
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("binary_clasification", "unknown task 'binary_clasification'. Did you mean 'binary_class"),
        ({"type": "clasification"}, "Did you mean 'binary_classification'?"),
        ({"type": ["survival"]}, "Name a known task: binary_classification"),
        ("survival", "Name a known task: binary_classification"),
        ({"costs": {}}, "it names no task; write `type: binary_classification`"),
        ({}, "it names no task"),
        (None, "None is no task; write its name, such as `binary_classification`"),
        (3, "3 is no task"),
        (["binary_classification"], "is no task"),
    ],
)
def test_what_is_no_task_is_refused_with_what_to_write(
    attributes: Attributes, written: Any, complaint: str
) -> None:
    location = "task.type" if isinstance(written, dict) and "type" in written else "task"

    messages = complaints({**attributes, "task": written})

    assert list(messages) == [location]
    assert complaint in messages[location]


@pytest.mark.parametrize(
    ("options", "location", "complaint"),
    [
        ({"costs": {"false_positive": -1}}, "costs.false_positive", "greater than 0"),
        ({"costs": {"false_positve": 1}}, "costs.false_positve", "Did you mean 'false_positive'?"),
        ({"costs": {"function": "costs"}}, "costs.function", "should match pattern"),
        (
            {"costs": {"function": "my.costs", "false_positive": 1}},
            "costs.false_positive",
            "function, params",
        ),
        ({"costs": 3}, "costs", "valid dictionary"),
        ({"loss": "absolute_error"}, "loss", "'log_loss' or 'brier_score'"),
        ({"calibration": "platt"}, "calibration", "'sigmoid', 'temperature' or 'isotonic'"),
        ({"calibration_bins": 1}, "calibration_bins", "greater than or equal to 2"),
        ({"calibratoin": "sigmoid"}, "calibratoin", "Did you mean 'calibration'?"),
        ({"metrics": [{"function": "my.metric"}]}, "metrics.0.name", "Field required"),
    ],
)
def test_a_wrong_option_is_refused_at_its_own_place(
    attributes: Attributes, options: Attributes, location: str, complaint: str
) -> None:
    messages = complaints({**attributes, "task": {**BINARY, **options}})

    assert complaint in messages[f"task.{location}"]
    if "metrics" not in options:
        assert list(messages) == [f"task.{location}"]


@pytest.mark.parametrize(
    ("adaptation", "location", "complaint"),
    [
        ({"step": 2}, ".step", "less than or equal to 1"),
        ({"window_days": 0}, ".window_days", "greater than or equal to 1"),
        ({"window_dys": 28}, ".window_dys", "Did you mean 'window_days'?"),
        (True, "", "valid dictionary"),
    ],
)
def test_a_wrong_adaptation_is_refused_at_its_own_place(
    attributes: Attributes, adaptation: Any, location: str, complaint: str
) -> None:
    task = {"type": "regression", "adaptation": adaptation}

    messages = complaints({**attributes, "task": task, **LOSSES})

    assert list(messages) == [f"task.adaptation{location}"]
    assert complaint in messages[f"task.adaptation{location}"]


FORECAST = {"type": "forecasting", "horizon": 7, "season": 7, "seasonal_naive": "last_week"}


def test_columns_that_a_task_names_must_be_features_of_their_kind(attributes: Attributes) -> None:
    features = {**attributes["features"], "numeric": ["step"], "categorical": ["last_week"]}
    features = {key: value for key, value in features.items() if key != "required"}

    found = faults({**attributes, "features": features, "task": FORECAST, **LOSSES})

    assert [fault for fault in found if fault[0].startswith("task.")] == [
        (
            "task.step",
            "step",
            "No row can be answered without it: list the column under `features.required`.",
        ),
        (
            "task.seasonal_naive",
            "last_week",
            "It is no numeric feature: list the column under `features.numeric`.",
        ),
        (
            "task.series",
            "series",
            "It is no categorical feature: list the column under `features.categorical`.",
        ),
    ]


def test_what_is_known_ahead_must_be_a_feature(attributes: Attributes) -> None:
    features = {
        **attributes["features"],
        "numeric": ["step", "last_week", "day_of_week"],
        "categorical": ["series"],
        "required": ["step"],
    }
    task = {**FORECAST, "known_future": ["day_of_week", "day_of_weak"]}

    found = faults({**attributes, "features": features, "task": task, **LOSSES})

    assert [fault for fault in found if fault[0].startswith("task.")] == [
        ("task.known_future.1", "day_of_weak", "Did you mean 'day_of_week'?")
    ]


def custom(name: str, of: str) -> Attributes:
    return {"name": name, "function": "my.metric", "of": of, "greater_is_better": True}


def test_metrics_of_the_yaml_have_names_of_their_own_and_take_an_output(
    attributes: Attributes,
) -> None:
    metrics = [custom("matthews", "decision"), custom("roc_auc", "decison")]

    errors = faults({**attributes, "task": {**BINARY, "metrics": [*metrics, metrics[0]]}})

    assert errors == [
        (
            "task.metrics.1.name",
            "roc_auc",
            "The platform measures one of this name; choose another.",
        ),
        ("task.metrics.1.of", "decison", "It is no output; write one of score, decision."),
        ("task.metrics.2.name", "matthews", "Another metric has this name; choose another."),
    ]


RETIRED: list[tuple[str, Any, str]] = [
    ("training.calibration", "sigmoid", "write `task.calibration`"),
    ("training.costs", {"false_positive": 1}, "write `task.costs`"),
    ("evaluation.calibration_bins", 10, "write `task.calibration_bins`"),
    ("gate.minimum", {"roc_auc": 0.6}, "write `gate.limits`"),
    ("gate.better_than_base_rate", True, "write `better_than_baseline`"),
    (
        "gate.max_expected_calibration_error",
        0.1,
        "write `gate.limits.expected_calibration_error` instead",
    ),
    ("gate.max_subgroup_log_loss_ratio", 1.5, "write `max_subgroup_loss_ratio`"),
    ("gate.improvement.metric", "log_loss", "write `task.loss`"),
    ("monitoring.performance.log_loss_increase", {"warn": 0.1}, "write `loss_increase`"),
    ("monitoring.performance.better_than_base_rate", "warn", "write `better_than_baseline`"),
    (
        "monitoring.performance.calibration_error",
        {"warn": 0.1},
        "write `levels: {expected_calibration_error: {warn: ..., error: ...}}`",
    ),
    ("release.probation.log_loss_increase", 0.1, "write `loss_increase`"),
    ("alerting.silence", {}, "write `heartbeats`"),
    ("alerting.severities.silence", "page", "write `heartbeats`"),
]


@pytest.mark.parametrize(("path", "value", "fix"), RETIRED, ids=[path for path, *_ in RETIRED])
def test_a_key_that_there_once_was_is_refused_with_its_new_name(
    attributes: Attributes, path: str, value: Any, fix: str
) -> None:
    *sections, key = path.split(".")
    section = attributes
    for name in sections:
        section = section.setdefault(name, {})
    section[key] = value

    messages = complaints(attributes)

    assert list(messages) == [path]
    assert messages[path].endswith(fix)


@pytest.mark.parametrize(
    ("rule", "key", "fix"),
    [
        ("performance", "log_loss_increase", "write `loss_increase`"),
        ("performance", "worse_than_base_rate", "write `worse_than_baseline`"),
        ("estimated_performance", "log_loss_increase", "write `loss_increase`"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda rule: rule, lambda rule: {"any": [rule, "drift"]}])
def test_a_key_that_a_rule_once_had_is_refused_with_its_new_name(
    attributes: Attributes, wrap: Callable[[Any], Any], rule: str, key: str, fix: str
) -> None:
    attributes["retraining"] = {"policy": wrap({"rule": rule, key: 0.1})}

    (location,) = messages = complaints(attributes)

    assert location.startswith("retraining.policy.")
    assert location.endswith(f".{key}")
    assert messages[location].endswith(fix)


def test_limits_and_levels_are_the_tasks_own_until_they_are_changed(attributes: Attributes) -> None:
    own = ModelSpec.model_validate(attributes)
    attributes["gate"] = {"limits": {"roc_auc": 0.6, "expected_calibration_error": None}}
    levels = {"expected_calibration_error": {"error": 0.2}, "roc_auc": {"warn": {"max": 0.9}}}
    attributes["monitoring"] = {"performance": {"levels": levels}}
    changed = ModelSpec.model_validate(attributes)

    assert own.limits == {"expected_calibration_error": LimitSpec(max=0.1)}
    assert own.metric_levels["expected_calibration_error"].warn == LimitSpec(max=0.1)
    assert changed.limits == {"roc_auc": 0.6}
    assert changed.metric_levels["expected_calibration_error"].warn is None
    assert changed.metric_levels["expected_calibration_error"].error == 0.2
    assert changed.metric_levels["roc_auc"].warn == LimitSpec(max=0.9)


@pytest.mark.parametrize(
    ("limit", "location", "complaint"),
    [
        ("high", "", "valid number"),
        ({}, "", "it limits nothing; write a number, `min`, `max` or both"),
        ({"min": 2, "max": 1}, "", "min=2.0 is above max=1.0; swap them"),
        ({"mn": 1}, ".mn", "Did you mean 'min'?"),
        ({"min": "low"}, ".min", "valid number"),
    ],
)
@pytest.mark.parametrize(
    "of", ["gate.limits.roc_auc", "monitoring.performance.levels.roc_auc.warn"]
)
def test_a_limit_that_limits_nothing_is_refused_at_its_own_place(
    attributes: Attributes, of: str, limit: Any, location: str, complaint: str
) -> None:
    *sections, last = of.split(".")
    section = attributes
    for name in sections:
        section = section.setdefault(name, {})
    section[last] = limit

    messages = complaints(attributes)

    assert list(messages) == [f"{of}{location}"]
    assert complaint in messages[f"{of}{location}"]


def test_limits_and_levels_of_unknown_metrics_are_refused_with_the_nearest(
    attributes: Attributes,
) -> None:
    attributes["gate"] = {"limits": {"roc_acu": 0.6, "f1": 0.2, "lift": None}}
    levels = {"log_los": {"warn": 0.5, "error": 0.7}, "briar": None}
    attributes["monitoring"] = {"performance": {"levels": levels}}

    errors = faults(attributes)

    assert [(field, value) for field, value, _ in errors] == [
        ("gate.limits.roc_acu", "roc_acu"),
        ("gate.limits.lift", "lift"),
        ("monitoring.performance.levels.log_los", "log_los"),
        ("monitoring.performance.levels.briar", "briar"),
    ]
    assert errors[0][2] == "Did you mean 'roc_auc'?"
    assert errors[1][2].startswith("Name a known metric: average_precision, brier_score, ")
    assert errors[2][2] == "Did you mean 'log_loss'?"


def test_a_metric_of_the_yaml_can_be_named_by_other_sections(attributes: Attributes) -> None:
    attributes["task"] = {**BINARY, "metrics": [custom("matthews", "decision")]}
    attributes["gate"] = {"limits": {"matthews": 0.1}}
    attributes["monitoring"] = {"performance": {"levels": {"matthews": {"warn": 0.1}}}}

    assert faults(attributes) == []


def test_a_metric_without_a_direction_needs_both_bounds(attributes: Attributes) -> None:
    attributes |= {"task": "regression", **LOSSES}
    attributes["gate"] = {"limits": {"coverage": 0.8, "bias": {"max": 3}}}
    levels = {"coverage": {"warn": {"min": 0.8}, "error": 0.5}}
    performance = {**LOSSES["monitoring"]["performance"], "levels": levels}
    attributes["monitoring"] = {"performance": performance}

    errors = faults(attributes)

    fix = "Neither direction of coverage is better: write `{min: ..., max: ...}`."
    assert errors == [
        ("gate.limits.coverage", 0.8, fix),
        ("monitoring.performance.levels.coverage.error", 0.5, fix),
    ]


def test_without_a_tuning_metric_the_loss_tunes(attributes: Attributes) -> None:
    attributes["task"] = {**BINARY, "loss": "brier_score"}
    by_loss = ModelSpec.model_validate(attributes)
    attributes["training"]["tuning"] = {"metric": "roc_auc"}
    chosen = ModelSpec.model_validate(attributes)

    assert (by_loss.tuning_metric, chosen.tuning_metric) == ("brier_score", "roc_auc")
    assert faults(attributes) == []


@pytest.mark.parametrize(
    ("metric", "fix"),
    [
        ("recall", "Name a known metric: average_precision, brier_score, d2, log_loss, roc_auc."),
        ("expected_cost", "Name a known metric: average_precision, brier_score"),
        ("matthews", "Name a known metric: average_precision, brier_score"),
        ("roc_acu", "Did you mean 'roc_auc'?"),
    ],
)
def test_a_metric_that_does_not_tune_is_refused_with_those_that_do(
    attributes: Attributes, metric: str, fix: str
) -> None:
    attributes["task"] = {**BINARY, "metrics": [custom("matthews", "decision")]}
    attributes["training"]["tuning"] = {"metric": metric}

    ((field, value, advice),) = faults(attributes)

    assert (field, value) == ("training.tuning.metric", metric)
    assert advice.startswith(fix)


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("features.numeric.1", "score"),
        ("features.categorical.0", "decision"),
        ("features.sensitive.0", "score"),
        ("features.entity", "decision"),
        ("label.column", "score"),
    ],
)
def test_a_column_with_the_name_of_an_output_is_refused(
    attributes: Attributes, path: str, column: str
) -> None:
    section, field, *position = path.split(".")
    if position:
        attributes[section][field][int(position[0])] = column
    else:
        attributes[section][field] = column

    errors = faults(attributes)

    assert (path, column) in [(field, value) for field, value, _ in errors]


@pytest.mark.parametrize("kind", ["numeric", "categorical", "boolean", "text", "sensitive"])
def test_a_feature_of_any_kind_may_not_be_called_like_an_output(
    attributes: Attributes, kind: str
) -> None:
    columns = [*attributes["features"].get(kind, ()), "decision"]
    attributes["features"] = {**attributes["features"], kind: columns}
    if kind != "sensitive":
        preprocessing = attributes["training"]["candidates"][0]["preprocessing"]
        preprocessing.append({"columns": ["decision"]})
    found = faults(attributes)
    taken = f"features.{kind}.{len(columns) - 1}"
    assert (taken, "decision") in [(field, value) for field, value, _ in found]


@pytest.mark.parametrize("name", ["loss_increase", "better_than_baseline", "change_point", "loss"])
def test_a_metric_may_not_be_called_like_a_figure_of_every_window(
    attributes: Attributes, name: str
) -> None:
    metric = {"name": name, "function": "sklearn.metrics.matthews_corrcoef", "of": "decision"}
    attributes["task"] = {**BINARY, "metrics": [{**metric, "greater_is_better": True}]}
    ((field, value, fix),) = faults(attributes)
    assert (field, value) == ("task.metrics.0.name", name)
    assert "choose another name" in fix


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), {"max": float("inf")}])
def test_a_limit_is_a_finite_number(attributes: Attributes, limit: Any) -> None:
    attributes["gate"] = {"limits": {"roc_auc": limit}}
    ((field, message),) = complaints(attributes).items()
    assert field.startswith("gate.limits.roc_auc")
    assert "finite number" in message


def test_a_loss_in_the_unit_of_the_label_has_no_levels_by_default(attributes: Attributes) -> None:
    attributes["task"] = "regression"
    fields = {field for field, _, _ in faults(attributes)}
    assert fields == {
        "monitoring.performance.loss_increase",
        "release.probation.loss_increase",
        "retraining.policy.loss_increase",
    }
    assert faults({**attributes, **LOSSES}) == []
    assert faults({**attributes, "task": "binary_classification"}) == []


def test_policies_of_the_backtest_and_combined_ones_say_their_losses_too(
    attributes: Attributes,
) -> None:
    attributes |= {"task": "regression", **LOSSES}
    attributes["retraining"] = {"policy": {"any": ["drift", "performance"]}}
    attributes["backtest"] = {"policies": {"careful": {"policy": "estimated_performance"}}}
    fields = [field for field, _, _ in faults(attributes)]
    assert fields == [
        "retraining.policy.loss_increase",
        "backtest.policies.careful.policy.loss_increase",
    ]


def test_without_probation_its_level_need_not_be_said(attributes: Attributes) -> None:
    attributes |= {"task": "regression", **LOSSES, "release": {"probation": {"hours": 0}}}
    assert faults(attributes) == []
