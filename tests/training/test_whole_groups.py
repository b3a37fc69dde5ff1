"""Rows that are judged together are never parted: by no split, fold, label or sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.errors import TrainingError
from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.evaluation import evaluate
from mlops_platform.training.label_gap import known_as_begins
from mlops_platform.training.search.folds import folds_of
from mlops_platform.training.search.search import search
from mlops_platform.training.split import Split, split_by_spec, split_by_time
from mlops_platform.training.whole_groups import drawn_rows, newest_rows

Declare = Callable[..., ModelSpec]
DAYS, GROUPS_A_DAY, LARGEST = 40, 4, 6


def grouped(declare: Declare, **changes: Any) -> ModelSpec:
    """A ranking within `query_key`, by regressions of the relevance."""

    def edit(plain: dict[str, Any]) -> None:
        plain["task"] = {"type": "ranking", "group": "query_key", "k": 2, "rule": "usual"}
        plain["features"]["numeric"] += ["query_key", "usual"]
        plain["features"]["required"] = ["query_key"]
        linear, boosting = plain["training"]["candidates"]
        linear["estimator"] = {
            "type": "sklearn.linear_model.Ridge",
            "search": {"alpha": {"low": 0.1, "high": 10, "log": True}},
        }
        boosting["estimator"]["type"] = "sklearn.ensemble.HistGradientBoostingRegressor"
        for path, value in changes.items():
            *sections, key = path.split(".")
            section = plain
            for name in sections:
                section = section[name]
            section[key] = value

    return declare(edit)


def rows_of_groups(seed: int = 0, days: int = DAYS) -> pd.DataFrame:
    """Groups of one to six rows, some of them each day."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, LARGEST + 1, days * GROUPS_A_DAY)
    group = np.repeat(np.arange(len(sizes)), sizes)
    count, day = len(group), np.repeat(np.arange(len(sizes)) // GROUPS_A_DAY, sizes)
    moments = pd.Timestamp("2013-01-01 06:00", tz="UTC") + pd.to_timedelta(day, unit="D")
    moments += pd.to_timedelta(random.uniform(0, 12, count), unit="h")
    signal = random.normal(size=count)
    return pd.DataFrame(
        {
            "entity_id": [f"e{at}" for at in range(count)],
            "event_time": moments,
            "local_date": moments.date,
            "signal": signal,
            "noise": random.normal(size=count),
            "query_key": group * 10.0,
            "usual": 0.3 * signal + random.normal(size=count),
            "colour": random.choice(["red", "blue"], count),
            "shape": random.choice(["round", "flat"], count),
            "region": random.choice(["north", "south"], count),
            "is_late": signal + 0.5 * random.normal(size=count) > 0.5,
            "known_at": moments + pd.Timedelta(hours=3),
        }
    )


def parted(parts: list[pd.DataFrame]) -> set[float]:
    """Keys that are in more than one of them."""
    keys = [set(part["query_key"]) for part in parts]
    return {key for at, one in enumerate(keys) for other in keys[at + 1 :] for key in one & other}


def is_whole(part: pd.DataFrame, sizes: pd.Series) -> bool:
    """Whether each group in it has all of its rows."""
    counts = part["query_key"].value_counts()
    return bool((counts == sizes.reindex(counts.index)).all())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 999))
def test_no_part_and_no_fold_cuts_a_group(declare, seed):
    spec, rows = grouped(declare), rows_of_groups(seed)
    # Some labels are known long after the day, so that rows are left out between the parts.
    late = np.random.default_rng(seed).random(len(rows)) < 0.2
    rows["known_at"] = rows["known_at"] + pd.to_timedelta(np.where(late, 30, 0), unit="h")
    sizes = rows["query_key"].value_counts()

    split = split_by_time(rows, spec)

    parts = list(split.parts.values())
    assert not parted(parts)
    for part in parts:
        assert is_whole(part, sizes)
    for fitted_on, scored_on in folds_of(split.train, spec):
        fold = [split.train.iloc[at] for at in (fitted_on, scored_on)]
        assert not parted(fold)
        assert all(is_whole(part, sizes) for part in fold)


def test_a_group_of_which_one_label_came_later_is_left_out_whole(declare):
    spec = grouped(declare)
    rows = rows_of_groups().head(60)
    later = rows_of_groups().tail(20)
    first = rows.index[rows["query_key"] == rows["query_key"].iloc[0]]
    rows.loc[first[0], "known_at"] = pd.Timestamp("2014-01-01", tz="UTC")

    known = known_as_begins(rows, later, spec)

    assert not known[: len(first)].any()
    assert known[len(first) :].all()


def test_a_group_of_several_days_is_refused_with_its_cure(declare):
    spec, rows = grouped(declare), rows_of_groups()
    rows.loc[rows.index[-1], "query_key"] = 0.0
    with pytest.raises(TrainingError) as refused:
        split_by_time(rows, spec)
    assert "task.group: 'query_key 0, with rows of 2 days'" in str(refused.value)
    assert "make the day a part of it in the dbt model" in str(refused.value)


def without_time(declare: Declare, **split: Any) -> ModelSpec:
    return grouped(declare, **{"features.event_time": None, "training.history": {"split": split}})


def test_without_event_time_the_split_is_by_group(declare):
    rows = rows_of_groups()
    rows = rows.assign(
        landed_at=pd.Timestamp("2024-03-01", tz="UTC"), region=rows["query_key"].astype(str)
    )
    spec = without_time(declare, by="group", group="region")
    assert not parted(list(split_by_spec(rows, spec).parts.values()))
    assert not [error for error in inconsistencies(spec) if "split" in error.field]

    by_row = without_time(declare, by="random")
    [fault] = [error for error in inconsistencies(by_row) if "split" in error.field]
    assert fault.field == "training.history.split.by"
    assert "Rows of one `query_key` are judged together: write `by: group`" in fault.fix

    elsewhere = rows.assign(region=np.random.default_rng(0).choice(list("abcdefgh"), len(rows)))
    with pytest.raises(TrainingError, match="groups are cut in two: name the column of which"):
        split_by_spec(elsewhere, spec)


def test_no_estimator_learns_from_the_group(declare):
    spec = grouped(declare)
    linear = spec.training.candidates[0]
    assert "query_key" not in spec.columns_of(linear.preprocessing[0])
    assert "usual" in spec.columns_of(linear.preprocessing[0])
    assert not list(inconsistencies(spec))

    columns = ["signal", "noise", "query_key", "usual"]
    named = declare_columns(declare, columns)
    [fault] = inconsistencies(named)
    assert fault.value == "query_key"
    assert "no estimator learns from it" in fault.fix


def declare_columns(declare: Declare, columns: list[str]) -> ModelSpec:
    spec = grouped(declare)
    plain = spec.model_dump(mode="json")
    plain["training"]["candidates"][0]["preprocessing"][0]["columns"] = columns
    return ModelSpec.model_validate(plain)


@given(seed=st.integers(0, 99), most=st.integers(1, 500))
def test_the_newest_rows_have_no_group_that_is_cut(declare, seed, most):
    spec, rows = grouped(declare), rows_of_groups(seed)
    newest = newest_rows(rows, spec, most)

    assert most - LARGEST < len(newest) <= most or len(newest) == len(rows)
    assert newest.index[-1:].tolist() in ([], [rows.index[-1]])
    assert not parted([newest, rows.drop(newest.index)])


@given(seed=st.integers(0, 99), most=st.integers(1, 500))
def test_a_sample_has_all_rows_of_a_group_or_none(declare, seed, most):
    spec, rows = grouped(declare), rows_of_groups(seed)
    drawn = drawn_rows(rows, spec, most, np.random.default_rng(seed))

    assert len(drawn)
    assert (np.diff(drawn) > 0).all()
    assert len(drawn) <= max(most, LARGEST)
    rest = rows.drop(rows.index[drawn])
    assert not parted([rows.iloc[drawn], rest])


@pytest.fixture(scope="module")
def judged(declare) -> tuple[ModelSpec, Split, Any]:
    spec = grouped(declare, **{"training.tuning": {"trials": 2, "folds": 2, "seed": 3}})
    split = split_by_time(rows_of_groups(days=80), spec)
    recipe = search(spec, split.train)
    return spec, split, fit_candidate(spec, recipe, split)


def test_a_search_and_a_judgement_are_of_orders(judged):
    spec, split, finished = judged

    evaluation = evaluate(spec, finished, split, artifact_bytes=1)

    assert evaluation.loss < evaluation.baseline_loss
    assert evaluation.metrics["ndcg"] == pytest.approx(1 - evaluation.loss)
    losses = [day.loss_sum for day in evaluation.daily]
    assert sum(losses) / evaluation.rows == pytest.approx(evaluation.loss)
    features = [importance.feature for importance in evaluation.importances]
    assert features[0] == "signal"
    assert "query_key" not in features
    assert not [group for group in evaluation.importance_groups if "query_key" in group.features]


def test_the_importance_of_noise_is_not_that_of_a_parted_group(judged):
    spec, split, finished = judged
    rows = split.test
    predictions = spec.task.predict(
        finished.model, finished.constants, rows[list(spec.features.names)]
    )
    few = spec.model_copy(
        update={"evaluation": spec.evaluation.model_copy(update={"permutation_rows": 50})}
    )
    found = permutation_importances(few, finished, rows, predictions, split.train)
    means = {importance.feature: importance.mean for importance in found.features}
    assert means["signal"] > 0.02
    assert abs(means["noise"]) < 0.05
