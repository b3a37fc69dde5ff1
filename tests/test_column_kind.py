"""What each kind says holds in every library that holds its values."""

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.column_kind import KINDS, ColumnKind
from mlops_platform.data.engine import private_duckdb

VALUES = {
    "numeric": st.floats(allow_nan=False, allow_infinity=False),
    "categorical": st.text(),
    "boolean": st.booleans(),
    "text": st.text(),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@every_kind
@given(data=st.data())
def test_a_value_survives_the_way_from_json_to_the_frame_and_back(
    kind: ColumnKind, data: st.DataObject
) -> None:
    value = data.draw(st.none() | VALUES[kind.name])
    sent = json.loads(json.dumps(value))
    (held,) = np.fromiter([sent], kind.dtype, 1).tolist()
    back = kind.to_json(held)
    assert back == value
    assert type(back) is type(value)


@every_kind
def test_missing_is_null_however_the_frame_says_it(kind: ColumnKind) -> None:
    assert kind.to_json(None) is None
    assert kind.to_json(math.nan) is None


@every_kind
def test_the_usual_published_type_is_handed_on_as_the_frame_holds_it(kind: ColumnKind) -> None:
    with private_duckdb() as connection:
        (row,) = connection.execute(
            f"SELECT CAST(CAST($value AS {kind.published_types[0]}) AS {kind.sql_type})",
            {"value": kind.example},
        ).fetchall()
    assert kind.to_json(row[0]) == kind.example
    assert isinstance(row[0], float) is kind.is_number


@every_kind
def test_an_example_is_of_the_json_type_and_lands_in_the_arrow_type(kind: ColumnKind) -> None:
    assert type(kind.example) is kind.json_type
    landed = pa.array([kind.example, None], pa.type_for_alias(kind.arrow_type))
    assert landed.to_pylist() == [kind.example, None]


def test_kinds_are_named_as_they_are_found() -> None:
    assert [kind.name for kind in KINDS.values()] == list(KINDS)
