"""Rows on their way: frame, JSON, validated request, frame again; nothing may change."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mlops_platform.errors import ServingError
from mlops_platform.serving.frames import frame_of, rows_of, without_refused
from mlops_platform.serving.golden import (
    GoldenRow,
    choose_golden_rows,
    require_same_answers,
    require_same_numbers,
)
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.packing.parity import MAX_ROWS, check_parity
from mlops_platform.serving.schema import (
    LARGEST_NUMBER,
    BooleanColumn,
    CategoricalColumn,
    FeatureSchema,
    NumericColumn,
    TextColumn,
)
from mlops_platform.serving.scoring.rounding import largest_difference
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.tasks import DEFAULT_TASK

SMALL = FeatureSchema(
    model="small",
    entity="key",
    label="is_late",
    columns=(
        NumericColumn(name="number", missing_allowed=True, minimum=0, maximum=1),
        CategoricalColumn(name="text", missing_allowed=True, categories=("a",)),
    ),
)
NUMBERS = st.none() | st.floats(-LARGEST_NUMBER, LARGEST_NUMBER)
TEXTS = st.none() | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=256
)


@given(NUMBERS, TEXTS)
def test_a_value_survives_the_way_to_the_model_to_the_last_bit(
    number: float | None, text: str | None
):
    body = json.dumps({"number": number, "text": text})
    taken = request_types(SMALL, 1).row.validate_json(body)
    frame = frame_of(SMALL, [taken])
    assert frame.dtypes.tolist() == [np.dtype("float64"), np.dtype("object")]
    assert rows_of(SMALL, frame) == [{"number": number, "text": text}]
    assert text is not None or frame["text"][0] is None


EVERY_KIND = FeatureSchema(
    model="every",
    entity="key",
    label="is_late",
    columns=(
        NumericColumn(name="number", missing_allowed=True, minimum=0, maximum=1),
        CategoricalColumn(name="category", missing_allowed=True, categories=("a",)),
        BooleanColumn(name="flag", missing_allowed=True),
        TextColumn(name="remark", missing_allowed=True, max_characters=300),
    ),
)


REMARKS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(NUMBERS, TEXTS, st.none() | st.booleans(), REMARKS)
def test_a_row_of_every_kind_survives_the_way_to_the_model(
    number: float | None, category: str | None, flag: bool | None, remark: str | None
):
    sent = {"number": number, "category": category, "flag": flag, "remark": remark}
    taken = request_types(EVERY_KIND, 1).row.validate_json(json.dumps(sent))
    frame = frame_of(EVERY_KIND, [taken])
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "object", "float64", "object"]
    (back,) = rows_of(EVERY_KIND, frame)
    assert back == sent
    assert list(map(type, back.values())) == list(map(type, sent.values()))
    golden = GoldenRow(features=back, numbers=(0.5,))
    read = GoldenRow.from_stored(golden.to_stored())
    assert list(map(type, read.features.values())) == list(map(type, sent.values()))


@pytest.mark.parametrize("value", ["0", "1", "1.0", '"true"', '"True"', "[true]"])
def test_nothing_but_true_and_false_is_a_boolean(value: str):
    body = f'{{"number": 1, "category": "a", "flag": {value}, "remark": ""}}'
    with pytest.raises(ValidationError) as caught:
        request_types(EVERY_KIND, 1).row.validate_json(body)
    assert [error["loc"] for error in caught.value.errors()] == [("flag",)]


def test_the_documentation_tells_booleans_and_the_longest_text():
    documented = request_types(EVERY_KIND, 1).row.json_schema()["properties"]
    flag, remark = documented["flag"], documented["remark"]
    assert {"type": "boolean"} in flag["anyOf"]
    assert flag["description"] == "True or false. Null where it is not known."
    assert any(choice.get("maxLength") == 300 for choice in remark["anyOf"])
    assert "at most 300 characters" in remark["description"]


def test_rows_whose_text_is_too_long_are_left_out_as_the_service_refuses_them():
    frame = frame_of(
        EVERY_KIND,
        [
            {"number": 1.0, "category": "a", "flag": True, "remark": remark}
            for remark in ("x" * 300, "x" * 301, None)
        ],
    )
    assert without_refused(EVERY_KIND, frame).index.tolist() == [0, 2]


def test_a_frame_survives_the_way_through_json(schema: FeatureSchema, rows: pd.DataFrame):
    back = frame_of(schema, json.loads(json.dumps(rows_of(schema, rows))))
    pd.testing.assert_frame_equal(back, rows[list(schema.names)], check_exact=True)


def test_whole_numbers_are_taken_as_numbers():
    taken = request_types(SMALL, 1).row.validate_json('{"number": 3, "text": null}')
    assert taken == {"number": 3.0, "text": None}


def test_a_row_request_tells_every_fault_at_once():
    with pytest.raises(ValidationError) as caught:
        request_types(SMALL, 1).row.validate_json('{"number": "3", "surplus": 1}')
    assert {error["loc"] for error in caught.value.errors()} == {
        *(("number",), ("text",), ("surplus",))
    }


def test_only_rows_that_lack_required_values_are_refused(schema: FeatureSchema, rows: pd.DataFrame):
    few = rows[:6].copy()
    few.loc[1, "copy"] = np.nan
    few.loc[2, "media_type"] = None
    few.loc[3, ["late_rate", "carrier"]] = [np.nan, None]
    assert without_refused(schema, few).index.tolist() == [0, 3, 4, 5]


def test_missing_is_no_unknown_category_and_unlisted_categories_are_never_unknown(
    schema: FeatureSchema, model: Any, row: dict[str, Any]
):
    columns = tuple(
        c.model_copy(update={"categories": None}) if c.name == "carrier" else c
        for c in schema.columns
    )
    unlisted = schema.model_copy(update={"columns": columns})
    listed, few = Scorer(schema, DEFAULT_TASK, model), Scorer(unlisted, DEFAULT_TASK, model)
    strange = row | {"carrier": "ZZ", "media_type": "smoke"}
    assert listed.unknown_categories(row | {"carrier": None}) == ()
    assert listed.unknown_categories(strange) == ("carrier", "media_type")
    assert few.unknown_categories(strange) == ("media_type",)


def test_golden_rows_do_not_depend_on_the_order_of_the_rows(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    chosen = choose_golden_rows(schema, DEFAULT_TASK, model, rows, 30)
    assert (
        choose_golden_rows(schema, DEFAULT_TASK, model, rows.sample(frac=1, random_state=1), 30)
        == chosen
    )
    assert len(chosen.rows) == 30
    assert type(chosen).model_validate_json(chosen.model_dump_json()) == chosen


@pytest.mark.parametrize("count", [1, 2, 5, 30])
def test_golden_rows_hold_missing_values_of_every_column_that_has_them(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame, count: int
):
    chosen = [
        row.features for row in choose_golden_rows(schema, DEFAULT_TASK, model, rows, count).rows
    ]
    assert len(chosen) == count
    missing = {name for row in chosen for name, value in row.items() if value is None}
    assert len(missing) >= min(2, max(1, count // 2))


def test_golden_rows_are_all_rows_where_few_are_given(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    assert len(choose_golden_rows(schema, DEFAULT_TASK, model, rows[:4], 30).rows) == 4


def test_golden_rows_need_a_row_that_the_service_takes(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    with pytest.raises(ServingError, match="none of 3000 rows"):
        choose_golden_rows(schema, DEFAULT_TASK, model, rows.assign(copy=np.nan), 30)


def test_a_difference_beyond_rounding_is_refused(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    golden = choose_golden_rows(schema, DEFAULT_TASK, model, rows, 3).numbers
    ((first,), *others) = golden
    assert require_same_numbers(golden, golden) == 0.0
    assert 0 < require_same_numbers(golden, [(first + 1e-13,), *others]) <= 1e-12
    for wrong in (first + 1e-11, float("nan")):
        with pytest.raises(ServingError, match="away from the offline pipeline"):
            require_same_numbers(golden, [(wrong,), *others])


def test_an_answer_whose_flag_rounding_turned_is_no_other_one():
    expected = [{"probability": 0.3, "decision": True}]
    turned = {"probability": float(np.nextafter(0.3, 0)), "decision": False}
    assert 0 < require_same_answers(expected, [{**turned, "entity": None}]) <= 1e-12
    for wrong in ({"probability": 0.3, "decision": False}, {"probability": None, "decision": True}):
        with pytest.raises(ServingError, match="away from the offline pipeline"):
            require_same_answers(expected, [wrong])


def test_a_difference_counts_relative_to_numbers_beyond_one_and_in_any_number_of_a_row():
    expected = np.array([[0.5, 2e6], [-3e6, 1.0]])
    for row, number, difference, measured in (
        (0, 1, 2e-6, 1e-12),
        (1, 0, -3e-6, 1e-12),
        (0, 0, 1e-3, 1e-3),
    ):
        served = expected.copy()
        served[row, number] += difference
        assert largest_difference(expected, served) == pytest.approx(measured, rel=1e-3)


def test_served_and_offline_probabilities_are_equal(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    unfit = rows.copy()
    unfit.loc[:9, "copy"] = np.nan
    parity = check_parity(schema, DEFAULT_TASK, model, unfit)
    assert (parity.rows, parity.refused_rows) == (len(rows) - 10, 10)
    assert parity.max_difference <= 1e-12


def test_parity_is_judged_on_evenly_spaced_rows_of_many(
    schema: FeatureSchema, model: Any, rows: pd.DataFrame
):
    many = pd.concat([rows] * 9, ignore_index=True)
    assert check_parity(schema, DEFAULT_TASK, model, many).rows == MAX_ROWS


class BatchDependent:
    """A model whose answer for a row depends on the other rows of its batch."""

    classes_ = np.array([False, True])

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        """Rank of `copy` within the batch."""
        ranks = frame["copy"].rank(pct=True).to_numpy()
        return np.column_stack([1 - ranks, ranks])


class LengthOfText:
    """A model that answers by the length of a text."""

    classes_ = np.array([False, True])

    def predict_proba(self, frame: pd.DataFrame) -> Any:
        """The length, of at most 100 characters."""
        share = frame["remark"].map(lambda remark: len(remark or "") / 100).to_numpy()
        return np.column_stack([1 - share, share])


@pytest.mark.parametrize("most", [1, 8, 300])
def test_a_text_that_was_never_seen_is_no_longer_than_the_service_takes(most: int):
    remark = TextColumn(name="remark", missing_allowed=True, max_characters=most)
    texts = SMALL.model_copy(update={"columns": (remark,)})
    parity = check_parity(texts, DEFAULT_TASK, LengthOfText(), pd.DataFrame({"remark": ["a", "b"]}))
    assert (parity.changed_rows, parity.max_difference) == (2, 0.0)


def test_a_model_that_looks_at_the_other_rows_fails_parity(
    schema: FeatureSchema, rows: pd.DataFrame
):
    with pytest.raises(ServingError, match="depends on the other rows of a batch"):
        check_parity(schema, DEFAULT_TASK, BatchDependent(), rows)
    with pytest.raises(ServingError, match="no row to compare"):
        check_parity(schema, DEFAULT_TASK, BatchDependent(), rows[:0])
