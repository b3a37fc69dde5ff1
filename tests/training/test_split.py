from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.errors import TrainingError
from mlops_platform.spec import ModelSpec
from mlops_platform.training.split import describe, split_by_time


def rows_on(days: list[int], spec: ModelSpec) -> pd.DataFrame:
    """Two rows per mention of a day, one of each class."""
    day = pd.Timestamp("2013-01-01") + pd.to_timedelta(np.repeat(days, 2), unit="D")
    return pd.DataFrame(
        {
            spec.features.entity: [f"e{at}" for at in range(len(day))],
            spec.features.event_time: day.tz_localize("UTC"),
            spec.features.partition: day.date,
            spec.label.column: np.arange(len(day)) % 2 == 0,
            spec.label.known_at: day.tz_localize("UTC") + pd.Timedelta(hours=1),
        }
    )


@settings(max_examples=60)
@given(st.lists(st.integers(0, 400), min_size=17, max_size=80), st.randoms())
def test_every_row_is_in_one_part_and_no_part_reaches_into_a_later_one(spec, days, random):
    rows = rows_on(days, spec)
    if rows["local_date"].nunique() < 17:
        return
    shuffled = rows.sample(frac=1, random_state=random.randint(0, 9999))

    split = split_by_time(shuffled, spec)

    parts = list(split.parts.values())
    assert sorted(pd.concat(parts)["entity_id"]) == sorted(rows["entity_id"])
    for earlier, later in pairwise(parts):
        assert earlier["local_date"].max() < later["local_date"].min()
    assert split.validation["local_date"].nunique() == 8
    assert split.test["local_date"].nunique() == 8


def test_the_order_of_the_rows_changes_nothing(rows, spec, split):
    again = split_by_time(rows.sample(frac=1, random_state=1), spec)

    for name, part in split.parts.items():
        pd.testing.assert_frame_equal(
            part.reset_index(drop=True), again.parts[name].reset_index(drop=True)
        )


def test_a_date_column_of_timestamps_splits_like_one_of_dates(rows, spec, split):
    again = split_by_time(rows.assign(local_date=pd.to_datetime(rows["local_date"])), spec)

    assert list(again.test["entity_id"]) == list(split.test["entity_id"])


def test_too_few_days_name_the_field_the_value_and_the_fix(rows, spec):
    few = rows[rows["local_date"] < pd.Timestamp("2013-01-17").date()]

    with pytest.raises(
        TrainingError, match=r"training\.history\.split: '16 distinct days.*17 days"
    ):
        split_by_time(few, spec)


def test_no_rows_at_all_are_refused(rows, spec):
    with pytest.raises(TrainingError, match="0 distinct days"):
        split_by_time(rows.head(0), spec)


@pytest.mark.parametrize(
    ("part", "field"),
    [("train", "history.span"), ("validation", "validation_days"), ("test", "test_days")],
)
def test_a_part_of_one_class_is_refused(rows, spec, split, part, field):
    in_part = rows["entity_id"].isin(split.parts[part]["entity_id"])

    with pytest.raises(TrainingError, match=rf"{field}: .* {part} rows, all with label True"):
        split_by_time(rows.assign(is_late=rows["is_late"] | in_part), spec)


def test_an_unknown_label_is_refused_and_never_read_as_negative(rows, spec):
    unknown = rows["is_late"].astype(object).where(rows.index != 5, None)

    with pytest.raises(TrainingError, match="1 rows without a label"):
        split_by_time(rows.assign(is_late=unknown), spec)


def test_the_facts_of_the_parts_add_up(rows, spec, split):
    facts = describe(split, spec)

    assert [part.name for part in facts] == ["train", "validation", "test"]
    in_parts = pd.concat(split.parts.values())
    assert sum(part.rows for part in facts) == len(in_parts)
    positives = sum(part.rows * part.targets["positive_rate"] for part in facts)
    assert positives == pytest.approx(in_parts["is_late"].sum())
    assert facts[2].last_day == rows["local_date"].max()
    assert facts[0].last_day < facts[1].first_day
