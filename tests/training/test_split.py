from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mlops_platform.errors import TrainingError
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import TaskSpec
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


def detecting(spec: ModelSpec, loss: str = "alert_cost") -> ModelSpec:
    """The same rows for a task that also fits those without a label."""
    task = {"type": "anomaly_detection", "loss": loss, "budget": {"share": 0.1}}
    read = TypeAdapter(TaskSpec).validate_python(task)
    return spec.model_copy(update={"task": read})


def late_from(spec: ModelSpec, days: int, unknown: int) -> pd.DataFrame:
    """Rows of so many days, of which the last ones have no label yet."""
    rows = rows_on(list(range(days)), spec)
    first_unknown = pd.Timestamp("2013-01-01") + pd.Timedelta(days - unknown, "D")
    is_late = rows["local_date"] >= first_unknown.date()
    rows[spec.label.column] = rows[spec.label.column].astype(object).where(~is_late, None)
    rows.loc[is_late, spec.label.known_at] = pd.NaT
    return rows


def test_rows_without_a_label_fit_and_do_not_judge(spec):
    rows, detector = late_from(spec, 40, 10), detecting(spec)

    split = split_by_time(rows, detector)

    label = spec.label.column
    assert split.test[label].notna().all()
    assert split.test["local_date"].nunique() == 8
    # The days of the parts are counted by rows that judge: the newest ones are in no part.
    assert split.gap is not None
    assert split.gap["local_date"].nunique() == 10
    assert sorted(split.everything["entity_id"]) == sorted(rows["entity_id"])
    assert set(split.gap["entity_id"]) <= set(split.unseen["entity_id"])


def test_a_row_whose_label_came_too_late_stays_in_its_part_without_it(spec):
    rows, detector = rows_on(list(range(40)), spec), detecting(spec)
    in_train = rows["local_date"] < pd.Timestamp("2013-01-20").date()
    rows.loc[in_train, spec.label.known_at] += pd.Timedelta(60, "D")

    split = split_by_time(rows, detector)

    label = spec.label.column
    late = set(rows[in_train]["entity_id"])
    assert late <= set(split.train["entity_id"])
    assert split.train.loc[split.train["entity_id"].isin(late), label].isna().all()
    assert split.gap is None
    labelled = split_by_time(rows, spec)
    assert not late & set(labelled.train["entity_id"])


def test_without_any_label_every_row_judges_by_a_loss_that_needs_none(spec):
    rows = late_from(spec, 40, 40)

    split = split_by_time(rows, detecting(spec, "contrast"))

    assert len(split.test) == 16
    assert split.gap is None
    with pytest.raises(TrainingError, match="0 distinct days"):
        split_by_time(rows, detecting(spec))


def test_a_sample_is_of_what_is_fitted_on_alone(spec):
    rows, detector = late_from(spec, 40, 10), detecting(spec)
    sampled = np.arange(len(rows)) % 3 != 0

    split = split_by_time(rows, detector, sampled)

    fitted = set(rows["entity_id"][sampled])
    assert set(split.train["entity_id"]) <= fitted
    assert set(split.everything["entity_id"]) == fitted
    assert len(split.test) == 16
