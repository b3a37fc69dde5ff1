"""What is refused of the sections on fairness, with the sentence that is read."""

from typing import Any

import pytest
from pydantic import ValidationError

from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec, inconsistencies

Attributes = dict[str, Any]


def faults(
    attributes: Attributes, fairness: Attributes | None, limits: Attributes | None = None
) -> list[SpecError]:
    attributes["evaluation"] = {"fairness": fairness}
    attributes["gate"] = {"fairness": limits or {}}
    return list(inconsistencies(ModelSpec.model_validate(attributes)))


def test_sensitive_categorical_and_boolean_columns_have_groups(attributes: Attributes) -> None:
    attributes["features"]["boolean"] = ["is_new"]
    attributes["training"]["candidates"][0]["preprocessing"].append({"columns": ["is_new"]})
    columns = {"columns": ["gender", "country", "is_new"]}
    assert faults(attributes, columns, {"selection_rate": {"min_ratio": 0.8}}) == []


@pytest.mark.parametrize(
    ("fairness", "limits", "field", "fix"),
    [
        ({"columns": ["age"]}, None, "evaluation.fairness.columns.0", "make bands of it in dbt"),
        (
            {"columns": ["sex"]},
            None,
            "evaluation.fairness.columns.0",
            "A column that is no feature goes to `features.sensitive`",
        ),
        ({"columns": ["gender"] * 2}, None, "evaluation.fairness.columns.1", "named twice"),
        (
            {"columns": ["gender"], "reference": {"sex": "f"}},
            None,
            "evaluation.fairness.reference",
            "gender",
        ),
        (None, {"loss": {"max_difference": 1}}, "gate.fairness", "`evaluation.fairness.columns`"),
        (
            {"columns": ["gender"]},
            {"selection": {"min_ratio": 0.8}},
            "gate.fairness.selection",
            "Did you mean 'selection_rate'?",
        ),
        (
            {"columns": ["gender"]},
            {"calibration_gap": {"min_ratio": 0.8}},
            "gate.fairness.calibration_gap.min_ratio",
            "use `max_difference`",
        ),
    ],
)
def test_a_contradiction_is_told_with_its_fix(
    attributes: Attributes,
    fairness: Attributes | None,
    limits: Attributes | None,
    field: str,
    fix: str,
) -> None:
    (error,) = faults(attributes, fairness, limits)
    assert error.field == field
    assert fix in error.fix


@pytest.mark.parametrize(
    ("fairness", "limits", "told"),
    [
        ({"columns": []}, None, "at least 1 item"),
        ({"columns": ["gender"], "min_group_rows": 5}, None, "greater than or equal to 10"),
        ({"columns": ["gender"]}, {"loss": {}}, "it limits nothing"),
        ({"columns": ["gender"]}, {"loss": {"min_ratio": 1.2}}, "less than or equal to 1"),
        ({"columns": ["gender"]}, {"loss": {"max_ratio": 1.2}}, "Did you mean 'min_ratio'?"),
    ],
)
def test_a_section_that_means_nothing_is_refused(
    attributes: Attributes, fairness: Attributes, limits: Attributes | None, told: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        faults(attributes, fairness, limits)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("value", "name"), [("f", "f"), (1, "1"), (1.0, "1"), (True, "true"), (0.5, "0.5")]
)
def test_a_reference_is_written_as_its_value(
    attributes: Attributes, value: object, name: str
) -> None:
    attributes["evaluation"] = {"fairness": {"columns": ["gender"], "reference": {"gender": value}}}
    declared = ModelSpec.model_validate(attributes).evaluation.fairness
    assert declared is not None
    assert declared.reference == {"gender": name}


def test_without_the_sections_a_spec_is_written_as_before_them(attributes: Attributes) -> None:
    written = ModelSpec.model_validate(attributes).model_dump(mode="json")
    assert "fairness" not in written["evaluation"]
    assert "fairness" not in written["gate"]
