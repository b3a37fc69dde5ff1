from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.spec import ImprovementSpec
from mlops_platform.tasks.binary_classification.metrics import squared_errors
from mlops_platform.training.judging.comparison import (
    PairedLosses,
    compare_losses,
    unseen_by_both,
)

ASKED = ImprovementSpec(confidence=0.8, resamples=200)


def compared(labels, champion, candidate, days, seed, asked=ASKED):
    """Both models' squared errors, by their probabilities."""
    losses = (squared_errors(labels, scores) for scores in (champion, candidate))
    return compare_losses(asked, PairedLosses(*losses, days), metric="brier_score", seed=seed)


def days_of_rows(days: int, rows_per_day: int) -> np.ndarray:
    return np.repeat(np.datetime64("2013-01-01") + np.arange(days), rows_per_day)


def clustered_improvements(seed: int, days: int = 21, rows_per_day: int = 60):
    """Scores of two equally good models whose advantage shifts from day to day.

    The champion says 0.5 always, so that its squared error is 0.25; the candidate's error differs
    by a day effect much larger than the noise of the mean of independent rows.
    """
    random = np.random.default_rng(seed)
    effect = np.repeat(random.normal(0, 0.05, days), rows_per_day)
    labels = random.integers(0, 2, days * rows_per_day)
    error = np.clip(0.25 + effect + random.normal(0, 0.02, len(effect)), 0, 1)
    candidate = np.where(labels == 1, 1 - np.sqrt(error), np.sqrt(error))
    return labels, np.full(len(labels), 0.5), candidate


def share_of_true_bounds(days: np.ndarray, trials: int) -> float:
    """How often the lower bound is below the true improvement, which is zero."""
    bounds = [
        compared(*clustered_improvements(seed), days, seed).lower_bound for seed in range(trials)
    ]
    return float(np.mean([bound <= 0 for bound in bounds]))


def test_the_bound_over_days_holds_about_as_often_as_it_says():
    assert 0.72 <= share_of_true_bounds(days_of_rows(21, 60), trials=250) <= 0.86


def test_a_bootstrap_over_rows_would_be_far_too_sure():
    each_row_its_own_day = days_of_rows(21 * 60, 1)

    assert share_of_true_bounds(each_row_its_own_day, trials=60) < 0.68


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_exchanging_the_models_turns_the_improvement_around(seed):
    labels, champion, candidate = clustered_improvements(seed, days=6, rows_per_day=5)
    days = days_of_rows(6, 5)

    there = compared(labels, champion, candidate, days, seed)
    back = compared(labels, candidate, champion, days, seed)

    assert there.mean_improvement == pytest.approx(-back.mean_improvement)
    assert there.mean_improvement == pytest.approx(there.champion_loss - there.candidate_loss)
    assert there.lower_bound <= -back.lower_bound + 1e-12


def test_a_model_against_itself_is_a_tie():
    labels, _, scores = clustered_improvements(1)

    tie = compared(labels, scores, scores, days_of_rows(21, 60), seed=0)

    assert (tie.mean_improvement, tie.lower_bound) == (0, 0)
    assert tie.probability_of_improvement == 0


def test_a_clear_improvement_is_found_and_repeats_for_its_seed():
    random = np.random.default_rng(0)
    truth = random.random(1000)
    labels = (random.random(1000) < truth).astype(np.int64)
    days = days_of_rows(10, 100)

    first, second = (compared(labels, np.full(1000, 0.5), truth, days, seed=4) for _ in range(2))

    assert first == second
    assert first.lower_bound > 0.03
    assert first.probability_of_improvement == 1
    assert (first.metric, first.rows, first.days) == ("brier_score", 1000, 10)


def test_days_weigh_by_their_rows():
    days = np.repeat(np.array(["2013-01-01", "2013-01-02"], dtype="datetime64[D]"), [1, 9])
    labels = np.ones(10, dtype=np.int64)

    asked = ASKED.model_copy(update={"confidence": 0.55})

    candidate = np.r_[1.0, np.full(9, 0.5)]
    comparison = compared(labels, np.full(10, 0.5), candidate, days, seed=0, asked=asked)

    assert comparison.mean_improvement == pytest.approx(0.25 / 10)
    # A quarter of the resamples are the bad day twice, half are both days: the mean again.
    assert comparison.lower_bound == pytest.approx(0.25 / 10)


def test_without_common_unseen_rows_there_is_nothing_to_say():
    nothing = np.array([])

    comparison = compared(nothing, nothing, nothing, nothing.astype("datetime64[D]"), seed=0)

    assert (comparison.rows, comparison.days, comparison.lower_bound) == (0, 0, None)


def test_rows_that_the_champion_was_fitted_on_are_not_compared(spec, split):
    through = split.test["event_time"].iloc[100].to_pydatetime()

    unseen = unseen_by_both(split.test, through, spec)

    assert unseen["event_time"].min() > through
    assert len(unseen) + (split.test["event_time"] <= through).sum() == len(split.test)
    assert unseen_by_both(split.test, datetime(2014, 1, 1, tzinfo=UTC), spec).empty
