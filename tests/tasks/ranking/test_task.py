"""What a ranking learns, passes on, answers and refuses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.linear_model import LogisticRegression

from mlops_platform.errors import TrainingError
from mlops_platform.tasks import Rows
from mlops_platform.tasks.ranking.columns import GROUP, RULE, SCORE
from tests.tasks.ranking.conftest import pipeline_of, ranking, rows_with


def test_a_model_that_knows_more_than_the_rule_beats_it() -> None:
    task, unseen = ranking(), rows_with(300, 2)
    finished = task.fit(pipeline_of(), rows_with(300, 0), rows_with(50, 1))

    said = task.predict(finished.model, finished.constants, unseen.features)

    rule = task.baseline_predictions(finished.baseline, {}, len(said), said)
    own, of_rule = (task.measure(unseen.targets, each) for each in (said, rule))
    assert own["ndcg"] > of_rule["ndcg"] + 0.05
    assert of_rule["ndcg"] > 0.6
    assert own["lift_at_k"] > of_rule["lift_at_k"] > 1


def test_the_rule_and_the_group_travel_with_a_row() -> None:
    task, unseen = ranking(), rows_with(20, 2)
    finished = task.fit(pipeline_of(), rows_with(50, 0), rows_with(20, 1))

    said = task.predict(finished.model, finished.constants, unseen.features)

    assert said[GROUP].tolist() == unseen.features["customer"].tolist()
    assert said[RULE].tolist() == unseen.features["usual"].tolist()
    rule = task.baseline_predictions(finished.baseline, {}, len(said), said)
    assert rule[SCORE].tolist() == said[RULE].tolist()


def test_the_number_of_a_group_teaches_nothing() -> None:
    task, unseen = ranking(), rows_with(30, 2)
    finished = task.fit(pipeline_of(), rows_with(50, 0), rows_with(20, 1))
    elsewhere = unseen.features.assign(customer=unseen.features["customer"] + 1e12)

    here, there = (
        task.predict(finished.model, finished.constants, rows)
        for rows in (unseen.features, elsewhere)
    )

    assert here[SCORE].tolist() == there[SCORE].tolist()
    assert there[GROUP].tolist() == elsewhere["customer"].tolist()


def test_a_row_whose_rule_is_missing_comes_last() -> None:
    task, train = ranking(), rows_with(50, 0)
    finished = task.fit(filled(), train, rows_with(20, 1))
    lowest = train.features["usual"].min()
    rows = train.features.head(2).assign(usual=[lowest, None])

    said = task.predict(finished.model, finished.constants, rows.astype({"usual": float}))

    assert said[RULE][0] == lowest
    assert said[RULE][1] < lowest


def filled():
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(make_column_transformer((SimpleImputer(), ["signal", "usual"])), Ridge())


def test_without_a_rule_items_are_as_popular_as_they_were() -> None:
    task, train = ranking(item="item"), rows_with(400, 0)
    finished = task.fit(pipeline_of(), train, rows_with(20, 1))
    rows = train.features.head(4).assign(item=["bread", "milk", "salt", "never seen"])

    said = task.predict(finished.model, finished.constants, rows)

    bread, milk, salt, unknown = said[RULE].tolist()
    assert bread > milk > salt
    assert unknown == pytest.approx(train.targets.mean())
    for name, rule in (("bread", bread), ("salt", salt)):
        own = train.targets[train.features["item"] == name].mean()
        assert rule == pytest.approx(own, abs=0.02)
    assert task.baseline_name == "popularity of item"


def test_answers_of_one_request_are_ranked_within_their_group() -> None:
    task = ranking()
    numbers = [(0.5, 0, 1), (0.9, 0, 1), (0.1, 0, 2), (0.9, 0, 1), (0.2, 0, 1)]
    answers = [task.answer([float(n) for n in row], {}) for row in numbers]

    told = task.together(answers)

    assert [row["rank"] for row in told] == [3, 1, 1, 1, 4]
    assert list(task.together_fields()) == ["rank"]
    assert task.together(answers[2:3]) == [{"rank": 1}]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rule": None}, "say what a model has to beat: the `rule` by which rows are ordered"),
        ({"rule": "usual", "item": "item"}, "one of the two"),
        ({"k": 0}, "greater than or equal to 1"),
    ],
)
def test_a_section_that_says_too_little_or_too_much_is_refused(
    options: dict, sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ranking(**options)


def test_the_group_is_no_rule() -> None:
    [fault] = ranking(rule="customer").faults()
    assert fault.field == "task.rule"


def of_groups(keys: list[float], targets: list[float]) -> Rows:
    rows = rows_with(len(keys), 0, most=1)
    return Rows(rows.features.assign(customer=keys), np.array(targets))


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            of_groups([1.0, 1.5, 2.0], [1, 0, 1]),
            r"task.group: 'customer' is 1.5 in 1 of 3 rows, and a group is a whole number of at "
            r"most 2\^53. Make it one in the dbt model, such as "
            r"`\(md5_number_lower\(customer_id\) % 9007199254740992\)::double`.",
        ),
        (of_groups([1.0, np.nan, 2.0], [1, 0, 1]), "'customer' is nan in 1 of 3 rows"),
        (of_groups([1.0, np.inf, 2.0], [1, 0, 1]), "'customer' is inf in 1 of 3 rows"),
        (of_groups([1.0, 2.0**60, 2.0], [1, 0, 1]), "'customer' is 1.15292e.18 in 1 of 3 rows"),
        (
            of_groups([1.0, 2.0, 3.0], [1, 0, 1]),
            "each of the 3 groups of 'customer' has a single row, and there is nothing to order. "
            "Name what rows are ranked within.",
        ),
        (
            of_groups([1.0, 1.0, 2.0, 2.0], [1, 1, 0, 0]),
            "the rows of each of the 2 groups of 'customer' are equally relevant, so that no order "
            "is better than another",
        ),
    ],
)
def test_rows_that_teach_no_order_are_refused_in_words(rows: Rows, sentence: str) -> None:
    with pytest.raises(TrainingError, match=sentence):
        ranking().fit(pipeline_of(), rows, rows)


def test_relevances_are_numbers_of_at_least_nothing() -> None:
    task = ranking(relevance="number")
    assert task.label_type == "DOUBLE"
    assert ranking().label_type == "BOOLEAN"
    fault = task.labels_fault(np.array([0.0, 2.5, -1.0]))
    assert fault is not None
    assert fault.startswith("1 relevances are negative or not finite, such as -1. Publish how")
    assert task.labels_fault(np.array([0.0, 2.5])) is None
    assert ranking().targets(pd.Series([True, False], dtype=object)).tolist() == [1.0, 0.0]
    said = rows_with(1, 0)
    assert task.refusal(said.targets[:0]) is not None
    refusal = task.refusal(np.zeros(5))
    assert refusal is not None
    assert refusal.found == "all of relevance 0"


def test_a_classifier_is_no_estimator_of_an_order() -> None:
    fault = ranking().estimator_fault(LogisticRegression())
    assert fault == "Name a regressor with `predict` here."


def test_a_row_of_half_a_group_is_not_answered() -> None:
    task = ranking()
    assert task.usable([0.1, 0.2, 7.0])
    assert not task.usable([0.1, 0.2, 7.5])
    assert task.unusable_text([0.1, 0.2, 7.5]) == (
        "its `customer` is 7.5, and a group is a whole number"
    )
