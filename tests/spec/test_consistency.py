"""What no single section can know: contradictions, and columns that the tables lack."""

from typing import Any

from mlops_platform.errors import SpecError
from mlops_platform.spec import ModelSpec, inconsistencies, missing_columns, unknown_checks

Attributes = dict[str, Any]
TABLES = {
    "customers": [
        *("customer_id", "event_time", "local_date", "age", "visits", "country", "gender"),
    ],
    "departures": ["customer_id", "left", "known_at"],
}


def _found(errors: Any) -> list[tuple[str, object]]:
    return [(error.field, error.value) for error in errors]


def _spec(attributes: Attributes) -> ModelSpec:
    return ModelSpec.model_validate(attributes)


def test_a_valid_model_has_no_contradiction(attributes: Attributes) -> None:
    assert list(inconsistencies(_spec(attributes))) == []
    assert list(missing_columns(_spec(attributes), TABLES)) == []


def test_every_feature_is_preprocessed_exactly_once(attributes: Attributes) -> None:
    candidate = attributes["training"]["candidates"][0]
    candidate["preprocessing"] = [{"columns": ["age", "agee"]}, {"columns": ["age", "country"]}]

    errors = list(inconsistencies(_spec(attributes)))

    path = "training.candidates.0.preprocessing"
    assert _found(errors) == [(path, "age"), (path, "agee"), (path, "visits")]
    assert "keep one" in errors[0].fix
    assert "Did you mean 'age'?" in errors[1].fix
    assert "add it" in errors[2].fix


def test_text_is_preprocessed_apart_and_never_passed_through(attributes: Attributes) -> None:
    attributes["features"] |= {"text": ["letter"], "boolean": ["member"]}
    attributes["training"]["candidates"][0]["preprocessing"] = [
        {"columns": "numeric"},
        {"columns": "boolean"},
        {"columns": ["country", "letter"]},
    ]

    mixed, raw = inconsistencies(_spec(attributes))

    path = "training.candidates.0.preprocessing.2"
    assert (mixed.field, mixed.value) == (f"{path}.columns", ["country", "letter"])
    assert "entry of their own" in mixed.fix
    assert (raw.field, raw.value) == (f"{path}.steps", [])
    assert "TfidfVectorizer" in raw.fix


def test_columns_of_every_kind_must_be_published(attributes: Attributes) -> None:
    attributes["features"] |= {"boolean": ["member"], "text": ["letter"]}

    errors = missing_columns(_spec(attributes), TABLES)

    assert _found(errors) == [("features.boolean.0", "member"), ("features.text.0", "letter")]


def test_subgroups_are_categorical_or_sensitive(attributes: Attributes) -> None:
    attributes["evaluation"] = {"subgroups": ["gender", "age"]}

    (error,) = inconsistencies(_spec(attributes))

    assert (error.field, error.value) == ("evaluation.subgroups.1", "age")
    assert "`sensitive`" in error.fix


def test_the_outcome_is_no_feature(attributes: Attributes) -> None:
    attributes["features"]["numeric"] = ["age", "visits", "left"]

    assert ("label.column", "left") in _found(inconsistencies(_spec(attributes)))


def test_a_column_that_the_table_lacks_is_named_with_the_nearest_one(
    attributes: Attributes,
) -> None:
    attributes["features"]["numeric"] = ["age", "visit"]
    attributes["label"]["known_at"] = "since"

    errors = list(missing_columns(_spec(attributes), TABLES))

    assert _found(errors) == [("features.numeric.1", "visit"), ("label.known_at", "since")]
    assert "Did you mean 'visits'?" in errors[0].fix
    assert "customer_id, known_at, left" in errors[1].fix


def test_a_table_that_nobody_publishes_is_refused_once(attributes: Attributes) -> None:
    errors = list(missing_columns(_spec(attributes), {"departures": TABLES["departures"]}))

    assert _found(errors) == [("features.table", "customers")]


def test_severities_are_of_checks_that_exist(attributes: Attributes) -> None:
    checks = {"feature_drift": "page", "prediction_drfit": "off"}
    attributes["alerting"] = {"severities": {"checks": checks}}
    known = ["feature_drift", "prediction_drift", "train_churn"]

    (error,) = unknown_checks(_spec(attributes), known)

    assert error.field == "alerting.severities.checks.prediction_drfit"
    assert "Did you mean 'prediction_drift'?" in error.fix


def test_an_error_names_field_value_and_fix() -> None:
    error = SpecError("features.numeric.1", "visit", "Did you mean 'visits'?")

    assert str(error) == "features.numeric.1: 'visit' is not usable. Did you mean 'visits'?"


COSTS = ["customer_id", "local_date", "known_at", "cost"]


def _with_kpi(attributes: Attributes, **kpi: object) -> ModelSpec:
    declared = {"table": "costs", "columns": {"cost": "euros"}, **kpi}
    return _spec(attributes | {"monitoring": {"kpi": declared}})


def test_a_kpi_has_the_keys_of_the_features_and_its_figures(attributes: Attributes) -> None:
    spec = _with_kpi(attributes)
    assert list(inconsistencies(spec)) == []
    assert list(missing_columns(spec, TABLES | {"costs": COSTS})) == []

    (unknown,) = missing_columns(spec, TABLES | {"cost": COSTS})
    assert (unknown.field, unknown.value) == ("monitoring.kpi.table", "costs")
    assert "Did you mean 'cost'?" in unknown.fix
    lacking = list(missing_columns(spec, TABLES | {"costs": ["customer_id", "costs"]}))
    assert _found(lacking) == [
        ("monitoring.kpi.table", "local_date"),
        ("monitoring.kpi.columns.cost", "cost"),
        ("monitoring.kpi.known_at", "known_at"),
    ]
    assert "Did you mean 'costs'?" in lacking[1].fix


def test_without_event_time_there_is_no_kpi(attributes: Attributes) -> None:
    attributes["features"] |= {"event_time": None}
    attributes["training"]["history"] = {"split": {"by": "random"}}

    found = [error for error in inconsistencies(_with_kpi(attributes)) if "kpi" in error.field]
    assert _found(found) == [("monitoring.kpi.table", "costs")]
    assert "meet predictions by key and day" in found[0].fix
