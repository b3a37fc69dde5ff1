"""What one section of a model's YAML can refuse on its own."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from mlops_platform.spec import ModelSpec

Attributes = dict[str, Any]


def test_a_valid_model_knows_its_features_in_order(attributes: Attributes) -> None:
    spec = ModelSpec.model_validate(attributes)

    assert spec.features.names == ("age", "visits", "country")
    numeric, country = spec.training.candidates[0].preprocessing
    assert spec.columns_of(numeric) == ("age", "visits")
    assert spec.columns_of(country) == ("country",)


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda a: a.update(nmae="x"), "nmae"),
        (lambda a: a.update(name="Churn!"), "String should match pattern"),
        (lambda a: a.update(task="survival"), "binary_classification"),
        (lambda a: a["features"].update(numeric=[], categorical=[]), "no feature is declared"),
        (lambda a: a["features"].update(sensitive=["age"]), "column 'age' is named twice"),
        (lambda a: a["features"].update(numeric=["customer_id"]), "'customer_id' is named twice"),
        (lambda a: a["window"].update(start="2024-01-02"), "2024-01-02 is a Tuesday"),
        (lambda a: a["window"].update(timezone="New York"), "'New York' is no IANA time zone"),
        (
            lambda a: a["training"].update(history={"span": {"rolling_days": 28}}),
            "rolling_days=28 leaves nothing to fit on",
        ),
        (
            lambda a: a["training"].update(history={"span": "since_last_change", "least_days": 20}),
            "least_days=20 leaves nothing to fit on",
        ),
        (
            lambda a: a["training"].update(history={"span": "expandng"}),
            "Did you mean 'expanding'?",
        ),
        (lambda a: a["training"].update(history={"span": 90}), "write `expanding`, or"),
        (lambda a: a.update(serving={"drain_seconds": 10}), "drain for 11 at least"),
        (lambda a: a.update(serving={"timeout_seconds": 20}), "drain for 22 at least"),
        (
            lambda a: a["training"]["candidates"].append(a["training"]["candidates"][0]),
            "candidates ['linear'] share a name",
        ),
        (
            lambda a: a["training"]["candidates"][0]["estimator"].update(
                params={"C": 1}, search={"C": {"low": 0.1, "high": 1}}
            ),
            "['C'] are in both `params` and `search`",
        ),
        (
            lambda a: a["training"]["candidates"][0]["estimator"].update(
                search={"C": {"low": 1, "high": 0.1}}
            ),
            "low=1.0 must be below high=0.1",
        ),
        (
            lambda a: a["training"]["candidates"][0]["estimator"].update(
                search={"C": {"low": 0, "high": 1, "log": True}}
            ),
            "low=0.0 must be positive",
        ),
        (
            lambda a: a["training"]["candidates"][0]["estimator"].update(
                search={"depth": {"low": 1.5, "high": 3, "integer": True}}
            ),
            "must be whole",
        ),
        (
            lambda a: a["training"]["candidates"][0]["estimator"].update(type="LogisticRegression"),
            "String should match pattern",
        ),
        (lambda a: a.update(retraining={"policy": "schedule"}), "either `every_days` or `cron`"),
        (
            lambda a: a.update(retraining={"policy": {"rule": "schedule", "cron": "@daily"}}),
            "'@daily' is no cron schedule",
        ),
        (lambda a: a.update(retraining={"policy": "drfit"}), "Did you mean 'drift'?"),
        (lambda a: a.update(retraining={"policy": 3}), "3 is no rule"),
        (lambda a: a.update(retraining={"policy": {"windows": 2}}), "it names no rule"),
        (lambda a: a.update(retraining={"policy": {"any": []}}), "at least 1 item"),
        (
            lambda a: a.update(
                retraining={"policy": {"all": ["drift", {"rule": "drift", "windows": 0}]}}
            ),
            "retraining.policy.all.1.windows",
        ),
        (lambda a: a.update(retraining={"policy": {"rule": "data_volume"}}), "policy.rows"),
        (lambda a: a.update(retraining={"budget": {"days": 7}}), "the budget limits nothing"),
        (lambda a: a["label"].update(reporting_delay_days=-1), "greater than or equal to 0"),
        (
            lambda a: a.update(monitoring={"performance": {"label_delay_days": 2}}),
            "monitoring.performance.label_delay_days",
        ),
    ],
)
def test_what_cannot_work_is_refused_with_its_reason(
    attributes: Attributes, break_it: Callable[[Attributes], object], complaint: str
) -> None:
    break_it(attributes)

    with pytest.raises(ValidationError) as refused:
        ModelSpec.model_validate(attributes)

    assert complaint in str(refused.value)


def test_daily_windows_may_start_on_any_day(attributes: Attributes) -> None:
    attributes["window"] = {"cadence": "daily", "start": "2024-01-02"}

    assert ModelSpec.model_validate(attributes).window.start.day == 2


def test_features_are_in_the_order_of_their_kinds(attributes: dict[str, Any]) -> None:
    attributes["features"] = {
        "text": ["letter"],
        "boolean": ["member"],
        **attributes["features"],
    }
    features = ModelSpec.model_validate(attributes).features
    assert features.names == ("age", "visits", "country", "member", "letter")
    assert [kind.name for kind in features.kinds.values()] == [
        *("numeric", "numeric", "categorical", "boolean", "text"),
    ]


def test_a_model_without_the_newer_kinds_is_written_as_before_them(
    attributes: dict[str, Any],
) -> None:
    written = ModelSpec.model_validate(attributes).model_dump(mode="json")
    assert not {"boolean", "text"} & written["features"].keys()
    assert "max_text_characters" not in written["serving"]
    attributes["features"]["text"] = ["letter"]
    attributes["serving"] = {"max_text_characters": 50}
    spec = ModelSpec.model_validate(attributes)
    assert ModelSpec.model_validate_json(spec.model_dump_json()) == spec
