"""Rows without event time: where each falls, and what never shares a part."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.errors import TrainingError
from mlops_platform.spec import ModelSpec
from mlops_platform.training.judging.comparison import unseen_keys
from mlops_platform.training.search.folds import folds_of
from mlops_platform.training.split import split_by_spec
from mlops_platform.training.units import units_of

Declare = Callable[..., ModelSpec]


def timeless(declare: Declare, **split: Any) -> ModelSpec:
    def edit(plain: dict[str, Any]) -> None:
        plain["features"]["event_time"] = None
        plain["training"]["history"] = {"split": split}

    return declare(edit)


def landed(count: int, positives: int, groups: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "entity_id": [f"e{at}" for at in range(count)],
            "landed_at": pd.Timestamp("2024-03-01", tz="UTC"),
            "local_date": pd.Timestamp("2024-03-01").date(),
            "region": [f"r{at % groups}" for at in range(count)],
            "is_late": np.arange(count) % count < positives,
        }
    )


@settings(max_examples=25)
@given(
    count=st.integers(40, 120),
    seed=st.integers(0, 9),
    shares=st.sampled_from([(0.2, 0.2), (0.1, 0.3), (0.25, 0.5)]),
    random=st.randoms(),
)
def test_a_row_falls_by_its_entity_and_the_seed_alone(declare, count, seed, shares, random):
    validation, test = shares
    spec = timeless(
        declare, by="stratified", seed=seed, validation_share=validation, test_share=test
    )
    rows = landed(count, positives=count // 2)
    split = split_by_spec(rows, spec)
    again = split_by_spec(rows.sample(frac=1, random_state=random.randint(0, 9999)), spec)

    for name, part in split.parts.items():
        pd.testing.assert_frame_equal(part, again.parts[name])
    assert sorted(split.everything["entity_id"]) == sorted(rows["entity_id"])
    for label in (True, False):
        of_class = (rows["is_late"] == label).sum()
        for name, share in (("validation", validation), ("test", test)):
            assert abs((split.parts[name]["is_late"] == label).sum() - share * of_class) <= 1


def test_another_row_moves_none_but_those_at_a_boundary(declare: Declare) -> None:
    spec = timeless(declare, by="random")
    fewer, more = (split_by_spec(landed(count, count // 2), spec) for count in (400, 401))
    tested = set(fewer.test["entity_id"])
    assert len(tested ^ set(more.test["entity_id"])) <= 2
    other = split_by_spec(landed(400, 200), timeless(declare, by="random", seed=1))
    assert len(tested & set(other.test["entity_id"])) < 40


@pytest.mark.parametrize("groups", [12, 60])
def test_no_group_is_on_both_sides(declare: Declare, groups: int) -> None:
    spec = timeless(declare, by="group", group="region")
    rows = landed(600, positives=300, groups=groups)
    split = split_by_spec(rows, spec)
    regions = [set(part["region"]) for part in split.parts.values()]
    assert sum(map(len, regions)) == groups
    assert 0.1 < len(split.test) / len(rows) < 0.3
    for fitted, scored in folds_of(split.train, spec):
        ours, others = (set(split.train["region"].iloc[part]) for part in (fitted, scored))
        assert not ours & others
    assert set(units_of(split.test, spec)) == regions[2]


def test_folds_deal_out_every_class(declare: Declare) -> None:
    spec = timeless(declare, by="stratified")
    train = split_by_spec(landed(200, positives=20), spec).train
    folds = folds_of(train, spec)
    assert sorted(np.concatenate([scored for _, scored in folds])) == list(range(len(train)))
    assert {int(train["is_late"].iloc[scored].sum()) for _, scored in folds} == {4}


def test_a_part_without_rows_is_refused(declare: Declare) -> None:
    spec = timeless(declare, by="group", group="region")
    with pytest.raises(TrainingError, match=r"1 groups to split.*The train part gets none"):
        split_by_spec(landed(60, 30), spec)


def test_what_the_champion_was_fitted_on_is_no_test_of_it(declare: Declare) -> None:
    rows = landed(10, 5, groups=5)
    for split, unseen in (
        ({"by": "random"}, ["e8", "e9"]),
        ({"by": "group", "group": "region"}, ["e3", "e4", "e8", "e9"]),
    ):
        spec = timeless(declare, **split)
        fitted_on = rows[rows["region"].isin(["r0", "r1", "r2"])] if "group" in split else rows[:8]
        kept = unseen_keys(rows, fitted_on, spec, spec.training.history.split)
        assert list(kept["entity_id"]) == unseen
