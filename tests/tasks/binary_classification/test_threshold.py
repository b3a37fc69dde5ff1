import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.binary_classification.threshold import (
    choose_threshold,
    theoretical_threshold,
)
from mlops_platform.tasks.custom import CostFunction

cost = st.sampled_from([0.1, 0.3, 1.0, 2.5, 7.0])
# Few distinct scores, so that ties are common.
row = st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 0.7, 0.75, 0.9, 1.0]))


def brute_force_cost(labels, scores, threshold, costs):
    decided = scores >= threshold
    false_positives = int((decided & (labels == 0)).sum())
    false_negatives = int((~decided & (labels == 1)).sum())
    return costs.false_positive * false_positives + costs.false_negative * false_negatives


@settings(max_examples=300)
@given(st.lists(row, min_size=1, max_size=40), cost, cost)
def test_no_other_threshold_is_cheaper_and_ties_go_towards_theory(rows, c_fp, c_fn):
    labels = np.array([label for label, _ in rows], dtype=np.int64)
    scores = np.array([score for _, score in rows])
    costs = Costs(false_positive=c_fp, false_negative=c_fn)

    chosen = choose_threshold(labels, scores, costs)

    theory = theoretical_threshold(costs)
    tried = [*np.unique(scores), theory, np.nextafter(scores.max(), np.inf)]
    cheapest = min(brute_force_cost(labels, scores, threshold, costs) for threshold in tried)
    assert brute_force_cost(labels, scores, chosen, costs) == pytest.approx(cheapest, rel=1e-12)
    equally_cheap = [
        abs(threshold - theory)
        for threshold in tried
        if brute_force_cost(labels, scores, threshold, costs) == pytest.approx(cheapest, rel=1e-12)
    ]
    assert abs(chosen - theory) == min(equally_cheap)


def test_calibrated_scores_get_about_the_theoretical_threshold():
    random = np.random.default_rng(0)
    scores = random.random(200_000)
    labels = (random.random(200_000) < scores).astype(np.int64)

    chosen = choose_threshold(labels, scores, Costs(false_positive=1, false_negative=3))

    assert chosen == pytest.approx(0.25, abs=0.03)


def test_overconfident_scores_get_another_threshold_than_theory():
    random = np.random.default_rng(0)
    truth = random.random(50_000)
    labels = (random.random(50_000) < truth).astype(np.int64)

    chosen = choose_threshold(labels, truth / 2, Costs(false_positive=1, false_negative=1))

    assert chosen == pytest.approx(0.25, abs=0.02)


def test_where_no_decision_pays_nothing_is_decided_positive():
    scores = np.array([0.2, 0.9, 1.0])

    chosen = choose_threshold(np.zeros(3, dtype=np.int64), scores, Costs())

    assert not (scores >= chosen).any()


@settings(max_examples=200)
@given(st.lists(row, min_size=1, max_size=20), cost, cost, st.integers(0, 99))
def test_whole_weights_repeat_rows_and_their_unit_does_not_matter(rows, c_fp, c_fn, seed):
    labels = np.array([label for label, _ in rows], dtype=np.int64)
    scores = np.array([score for _, score in rows])
    weights = np.random.default_rng(seed).integers(1, 5, len(rows)).astype(float)
    times, costs = weights.astype(int), Costs(false_positive=c_fp, false_negative=c_fn)

    chosen = choose_threshold(labels, scores, costs, weights)

    assert chosen == choose_threshold(np.repeat(labels, times), np.repeat(scores, times), costs)
    assert chosen == choose_threshold(labels, scores, costs, weights / weights.mean())


def test_costs_by_a_function_count_by_weight_too():
    costs = CostFunction(
        function="tests.tasks.test_custom.cost_of_decisions",
        params={"false_positive": 1.0, "false_negative": 3.0},
    )
    random = np.random.default_rng(0)
    scores = random.random(300)
    labels = (random.random(300) < scores).astype(np.int64)
    weights = random.integers(1, 5, 300).astype(float)
    times = weights.astype(int)

    chosen = choose_threshold(labels, scores, costs, weights)

    assert chosen == choose_threshold(np.repeat(labels, times), np.repeat(scores, times), costs)
