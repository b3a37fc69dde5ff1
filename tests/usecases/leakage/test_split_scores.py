"""The score by chance beside the score by time."""

import numpy as np
import pytest

from mlops_platform.usecases.leakage.split_scores import split_scores
from tests.usecases.leakage.conftest import NUMBERS, ROWS, asked


def test_what_repeats_within_days_is_worth_less_later(orders, scanned):
    days = orders["ordered_at"].dt.dayofyear.to_numpy()
    moods = np.random.default_rng(1).random(400)
    orders["temperature"] = days * 3.0 + np.random.default_rng(2).normal(0, 0.1, ROWS)
    orders["late"] = moods[days] > 0.5

    scores = split_scores(scanned(orders), asked())

    assert scores is not None
    assert scores.rows == ROWS
    assert (scores.loss_name, scores.baseline_name) == ("log loss", "base rate")
    assert scores.random_saved > 0.8 > scores.time_saved
    assert f"{scores.random_saved:.0%} saved at random" in scores.text


@pytest.mark.parametrize("loss", ["absolute_error", "squared_error"])
def test_a_stable_relation_is_worth_the_same(orders, scanned, loss):
    orders["hours"] = 3 * orders["weight"] + np.random.default_rng(2).normal(0, 0.5, ROWS)
    question = asked(label="hours", task={**NUMBERS, "loss": loss}, dropped=("late",))
    scores = split_scores(scanned(orders), question)
    assert scores is not None
    assert scores.random_saved == pytest.approx(scores.time_saved, abs=0.1)
    assert scores.time_saved > 0.6


def test_several_classes_of_few_rows_are_learnt_and_not_by_heart(orders, scanned):
    random = np.random.default_rng(4)
    few = orders.head(800).copy()
    score = few["weight"] + random.normal(0, 2, len(few))
    few["grade"] = np.array(["a", "b", "c", "d", "e"])[np.digitize(score, [1.5, 3, 6, 8])]
    question = asked(
        label="grade",
        task={"type": "multiclass_classification", "classes": ["a", "b", "c", "d", "e"]},
        dropped=("hours", "late"),
    )

    scores = split_scores(scanned(few), question)

    assert scores is not None
    assert scores.tells
    assert scores.time_saved > 0


@pytest.mark.parametrize(
    ("rows", "changed"),
    [(ROWS, {"time": None}), (100, {}), (ROWS, {"label": "ordered_at < '2024-03-02'"})],
)
def test_without_time_rows_or_outcomes_there_is_none(orders, scanned, rows, changed):
    assert split_scores(scanned(orders.head(rows)), asked(**changed)) is None
