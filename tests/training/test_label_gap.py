"""Nothing is fitted on outcomes that were not known as the days began on which it is judged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.errors import TrainingError
from mlops_platform.spec import ModelSpec
from mlops_platform.training.label_gap import known_as_begins
from mlops_platform.training.search.folds import folds_of
from mlops_platform.training.split import split_by_time
from tests.training.conftest import synthetic_rows

DAYS = 60


def rows_known_after(hours: Any, days: int = DAYS, per_day: int = 12) -> pd.DataFrame:
    """Rows whose labels become known so many hours after their events, shape (rows,) or one."""
    rows = synthetic_rows(days, per_day)
    return rows.assign(known_at=rows["event_time"] + pd.to_timedelta(hours, unit="h"))


def reported_after(spec: ModelSpec, days: int) -> ModelSpec:
    label = spec.label.model_copy(update={"reporting_delay_days": days})
    return spec.model_copy(update={"label": label})


def reached_at(rows: pd.DataFrame, spec: ModelSpec) -> pd.Series:
    return rows["known_at"] + pd.Timedelta(days=spec.label.reporting_delay_days)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    longest=st.sampled_from([1, 30, 24 * 5, 24 * 7]),
    delay=st.integers(0, 1),
    fitted_share=st.sampled_from([None, 0.7]),
)
def test_no_fitted_row_has_a_label_that_is_known_after_the_next_part_begins(
    spec, seed, longest, delay, fitted_share
):
    spec = reported_after(spec, delay)
    random = np.random.default_rng(seed)
    rows = rows_known_after(random.uniform(0, longest, DAYS * 12))
    sampled = None if fitted_share is None else random.random(len(rows)) < fitted_share

    split = split_by_time(rows, spec, sampled)

    assert reached_at(split.train, spec).max() <= split.validation["event_time"].min()
    assert reached_at(split.validation, spec).max() <= split.test["event_time"].min()
    for fit, scored in folds_of(split.train, spec):
        train = split.train.iloc[fit]
        assert reached_at(train, spec).max() <= split.train.iloc[scored]["event_time"].min()
    # What is released is fitted on all that is known, in the order of time.
    fitted = rows if sampled is None else rows[sampled]
    assert sorted(split.everything["entity_id"]) == sorted(fitted["entity_id"])
    assert split.everything["event_time"].is_monotonic_increasing
    assert split.sampled_rows == (None if sampled is None else len(fitted))
    # No row is left out that was known in time.
    assert split.gap is not None
    in_gap = rows["entity_id"].isin(split.gap["entity_id"])
    before = rows["local_date"] < split.test["local_date"].min()
    assert (reached_at(rows[in_gap], spec) > split.validation["event_time"].min()).all()
    assert before[in_gap].all()


def test_a_label_that_is_known_exactly_as_the_next_part_begins_may_be_fitted_on(spec):
    earlier, later = (rows_known_after(24, days=1, per_day=3).head(1) for _ in range(2))
    at = earlier["known_at"].iloc[0]

    for begins, known in [(at, True), (at - pd.Timedelta("1us"), False)]:
        assert known_as_begins(earlier, later.assign(event_time=begins), spec).tolist() == [known]
    assert known_as_begins(earlier, later.head(0), spec).tolist() == [True]


def test_labels_that_are_known_at_once_leave_no_row_out(spec):
    split = split_by_time(rows_known_after(0), spec)

    assert split.gap is not None
    assert split.gap.empty
    assert sum(map(len, split.parts.values())) == DAYS * 12


@pytest.mark.parametrize(("delay", "part"), [(9, "validation"), (44, "train")])
def test_a_delay_longer_than_a_part_is_refused_and_told(spec, delay, part):
    spec = reported_after(spec, delay)

    with pytest.raises(TrainingError, match=rf"0 {part} rows.*\d+ rows are in no part, because"):
        split_by_time(rows_known_after(0), spec)


def test_a_delay_longer_than_the_days_of_a_fold_is_refused(spec):
    split = split_by_time(rows_known_after(0), spec)

    with pytest.raises(TrainingError, match=r"training\.tuning\.folds: 3 .*Fold 0 has 0 rows"):
        folds_of(split.train, reported_after(spec, 30))
