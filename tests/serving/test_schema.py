"""What training rows say about the input of a model."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.errors import ServingError
from mlops_platform.serving import schema as schema_module
from mlops_platform.serving.schema import FeatureSchema, describe_features
from mlops_platform.spec import ModelSpec


def requiring(spec: ModelSpec, *columns: str) -> ModelSpec:
    features = spec.features.model_copy(update={"required": columns})
    return spec.model_copy(update={"features": features})


def test_columns_are_described_in_the_order_of_the_spec(spec: ModelSpec, rows: pd.DataFrame):
    shuffled = rows[rows.columns[::-1]]
    assert describe_features(spec, shuffled).names == spec.features.names


def test_ranges_and_categories_are_those_of_the_rows_and_what_may_be_missing_is_declared(
    spec: ModelSpec, rows: pd.DataFrame
):
    schema = describe_features(requiring(spec, "copy", "carrier"), rows)
    described: dict[str, Any] = {column.name: column for column in schema.columns}
    assert described["distance_miles"].minimum == rows["distance_miles"].min()
    assert described["late_rate"].maximum == rows["late_rate"].max()
    assert described["carrier"].categories == ("AA", "B6", "UA")
    allowed = {name for name, column in described.items() if column.missing_allowed}
    assert allowed == {"distance_miles", "late_rate", "media_type"}


def test_what_a_model_cannot_score_may_not_be_missing(spec: ModelSpec, rows: pd.DataFrame):
    from sklearn.linear_model import LogisticRegression

    numeric = spec.features.model_copy(update={"categorical": (), "required": ()})
    spec, filled = spec.model_copy(update={"features": numeric}), rows.fillna({"late_rate": 0.5})
    model = LogisticRegression().fit(filled[list(numeric.names)], filled["is_late"])
    columns = describe_features(spec, filled, model).columns
    assert not any(column.missing_allowed for column in columns)
    assert all(column.missing_allowed for column in describe_features(spec, filled).columns)


def test_a_column_that_is_always_missing_has_no_range(spec: ModelSpec, rows: pd.DataFrame):
    empty = rows.assign(late_rate=np.nan, carrier=None)
    described: dict[str, Any] = {c.name: c for c in describe_features(spec, empty).columns}
    assert described["late_rate"].minimum is None
    assert described["carrier"].categories == ()


def test_a_schema_is_read_back_unchanged(schema: FeatureSchema):
    assert FeatureSchema.model_validate_json(schema.model_dump_json()) == schema


def test_too_many_categories_are_not_listed(
    spec: ModelSpec, rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schema_module, "MAX_CATEGORIES", 2)
    described: dict[str, Any] = {c.name: c for c in describe_features(spec, rows).columns}
    assert described["carrier"].categories is None
    assert described["media_type"].categories == ("radio", "wire")


def test_the_hash_ignores_what_moves_with_every_training_set(spec: ModelSpec, rows: pd.DataFrame):
    later = rows.assign(copy=rows["copy"] + 1, carrier=rows["carrier"].str.lower())
    later.loc[0, "distance_miles"] = np.nan  # for the first time
    later = later.fillna({"late_rate": 0.5})
    described, described_later = describe_features(spec, rows), describe_features(spec, later)
    assert described != described_later
    assert described.schema_hash == described_later.schema_hash


def test_the_hash_tells_what_a_client_must_know(spec: ModelSpec, rows: pd.DataFrame):
    schema = describe_features(spec, rows)
    strict = describe_features(requiring(spec, "late_rate"), rows)
    turned = schema.model_copy(update={"columns": schema.columns[::-1]})
    other = schema.model_copy(update={"model": "other"})
    hashes = {schema.schema_hash, strict.schema_hash, turned.schema_hash, other.schema_hash}
    assert len(hashes) == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance_miles": "far"}, "distance_miles: declared numeric, but holds"),
        ({"copy": np.inf}, r"copy: holds inf, more than 1e\+30"),
        ({"copy": -2e30}, r"copy: holds 2e\+30, more than 1e\+30"),
        ({"carrier": 7}, "carrier: declared categorical, but holds 7"),
    ],
)
def test_a_column_of_another_kind_is_refused(
    spec: ModelSpec, rows: pd.DataFrame, change: dict[str, Any], message: str
):
    with pytest.raises(ServingError, match=message):
        describe_features(spec, rows.assign(**change))


def test_rows_that_cannot_be_described_are_refused(spec: ModelSpec, rows: pd.DataFrame):
    with pytest.raises(ServingError, match="no rows"):
        describe_features(spec, rows[:0])
    with pytest.raises(ServingError, match=r"\['carrier'\] are not in the rows"):
        describe_features(spec, rows.drop(columns="carrier"))


@pytest.fixture
def with_new_kinds(spec: ModelSpec) -> ModelSpec:
    features = spec.features.model_copy(update={"boolean": ("is_full",), "text": ("remark",)})
    return spec.model_copy(update={"features": features})


def test_booleans_and_texts_come_after_the_other_kinds(
    with_new_kinds: ModelSpec, rows: pd.DataFrame
):
    known = rows.assign(is_full=1.0, remark="none")
    *_, flag, remark = describe_features(with_new_kinds, known).columns
    assert (flag.kind, flag.name, flag.missing_allowed) == ("boolean", "is_full", True)
    assert (remark.kind, remark.name, remark.missing_allowed) == ("text", "remark", True)
    assert remark.max_characters == 10_000


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("is_full", 2.0, "is_full: declared boolean, but holds 2.0"),
        ("remark", 2.0, "remark: declared text, but holds 2.0"),
    ],
)
def test_values_of_another_kind_are_refused(
    with_new_kinds: ModelSpec, rows: pd.DataFrame, column: str, value: float, problem: str
):
    strange = rows.assign(is_full=1.0, remark="none").assign(**{column: value})
    with pytest.raises(ServingError, match=problem):
        describe_features(with_new_kinds, strange)


def test_a_new_kind_changes_the_hash_and_its_absence_does_not(
    spec: ModelSpec, with_new_kinds: ModelSpec, rows: pd.DataFrame
):
    known = rows.assign(is_full=1.0, remark="none")
    assert describe_features(with_new_kinds, known).schema_hash != (
        describe_features(spec, known).schema_hash
    )
