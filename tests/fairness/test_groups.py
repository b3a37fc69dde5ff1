"""To which group a row belongs."""

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from mlops_platform.fairness.groups import MISSING, OTHER, Groups, at_most, crossed, groups_of
from mlops_platform.spec import FeaturesSpec

FEATURES = FeaturesSpec(
    table="people", entity="person", boolean=("is_new",), sensitive=("sex",), numeric=("age",)
)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["f", "m", None, "f"], ("f", MISSING, "m")),
        ([1, 2, None, 1], ("1", MISSING, "2")),
        ([1.5, float("nan"), 1.5], ("1.5", MISSING)),
        ([True, False, None, True], ("true", MISSING, "false")),
        ([None, None], (MISSING,)),
        ([dt.date(2020, 1, 2)] * 2, ("2020-01-02",)),
    ],
)
def test_a_group_is_called_as_yaml_writes_its_value(
    values: list[object], names: tuple[str, ...]
) -> None:
    assert groups_of(FEATURES, "sex", pd.Series(values, dtype=object)).names == names
    # A published table is read by Arrow, a training set from a file.
    assert groups_of(FEATURES, "sex", pa.array(values, from_pandas=True).to_pandas()).names == names


def test_a_boolean_feature_has_the_same_groups_inside_a_training_set_and_outside() -> None:
    inside = groups_of(FEATURES, "is_new", pd.Series([1.0, 0.0, np.nan, 1.0]))
    outside = groups_of(FEATURES, "is_new", pd.Series([True, False, None, True], dtype=object))
    assert inside.names == outside.names == ("true", MISSING, "false")
    assert inside.sizes == {"true": 2, MISSING: 1, "false": 1}


def test_a_value_that_is_called_missing_joins_those_without_one() -> None:
    assert groups_of(FEATURES, "sex", pd.Series([MISSING, None, "f"])).sizes == {
        MISSING: 2,
        "f": 1,
    }


def test_the_rarest_of_many_values_are_one_group() -> None:
    many = Groups(tuple(f"v{at}" for at in range(30)), np.arange(30))
    folded = at_most(many)
    assert folded.names[-1] == OTHER
    assert len(folded.names) == 21
    assert folded.sizes[OTHER] == 10


def test_pairs_of_values_that_occur_are_crossed() -> None:
    first, second = (groups_of(FEATURES, "sex", pd.Series(list(of))) for of in ("aab", "xyx"))
    pairs = crossed(first, second)
    assert pairs.sizes == {"a x x": 1, "a x y": 1, "b x x": 1}
    assert [pairs.names[code] for code in pairs.codes] == ["a x x", "a x y", "b x x"]
