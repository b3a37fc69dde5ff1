"""Figures of orders are scikit-learn's, group by group, and their mean is one over groups."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from mlops_platform.tasks import Predictions
from mlops_platform.tasks.ranking.columns import GROUP, RULE, SCORE
from mlops_platform.tasks.ranking.group_figures import figures_of_groups, ranks_of
from tests.tasks.ranking.conftest import ranking

SEEDS = st.integers(0, 10_000)
KS = st.integers(1, 12)


def stated(seed: int, groups: int = 12, weighted: bool = False) -> tuple[np.ndarray, Predictions]:
    """Relevances, and scores with ties, of groups of 1 to 9 rows that stand in any order."""
    random = np.random.default_rng(seed)
    keys = np.repeat(random.permutation(groups) * 7.0, random.integers(1, 10, groups))
    random.shuffle(keys)
    count = len(keys)
    targets = random.choice([0.0, 1.0, 3.0], count, p=[0.6, 0.3, 0.1])
    targets[keys == keys[0]] = 0.0  # nothing relevant
    scores = random.normal(size=count).round(seed % 3)
    weights = random.uniform(0.5, 2, count) if weighted else None
    return targets, Predictions(
        {SCORE: scores, RULE: random.normal(size=count).round(1), GROUP: keys}, weights
    )


def of_groups(targets: np.ndarray, said: Predictions) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Relevances, scores and weight of each group in which there is something to order."""
    groups = []
    for key in np.unique(said[GROUP]):
        rows = said[GROUP] == key
        weight = 1.0 if said.weights is None else float(said.weights[rows].mean())
        if len(set(targets[rows])) > 1:
            groups.append((targets[rows], said[SCORE][rows], weight))
    return groups


@given(seed=SEEDS, k=KS, weighted=st.booleans())
def test_the_ndcg_is_the_mean_of_scikit_learns_over_groups(
    seed: int, k: int, weighted: bool
) -> None:
    targets, said = stated(seed, weighted=weighted)
    groups = of_groups(targets, said)
    if not groups:
        return
    scores = [ndcg_score([relevances], [own], k=k) for relevances, own, _ in groups]
    expected = np.average(scores, weights=[weight for *_, weight in groups])

    metrics = ranking(k=k).measure(targets, said)

    assert metrics["ndcg"] == pytest.approx(expected, rel=1e-9)
    assert metrics["ndcg_loss"] == pytest.approx(1 - expected, rel=1e-9, abs=1e-12)


@given(seed=SEEDS, k=KS)
def test_precision_recall_and_lift_count_the_first_k(seed: int, k: int) -> None:
    """Every order of a tie is as likely: the mean over all of them is counted by hand."""
    targets, said = stated(seed)
    groups = of_groups(targets, said)
    if not groups:
        return
    found = [found_by_hand(relevances > 0, own, k) for relevances, own, _ in groups]
    relevant = [int((relevances > 0).sum()) for relevances, *_ in groups]
    sizes = [len(relevances) for relevances, *_ in groups]
    precisions = [count / min(k, size) for count, size in zip(found, sizes, strict=True)]
    recalls = [count / of for count, of in zip(found, relevant, strict=True)]
    at_random = [of / size for of, size in zip(relevant, sizes, strict=True)]

    metrics = ranking(k=k).measure(targets, said)

    assert metrics["precision_at_k"] == pytest.approx(np.mean(precisions))
    assert metrics["recall_at_k"] == pytest.approx(np.mean(recalls))
    assert metrics["lift_at_k"] == pytest.approx(np.mean(precisions) / np.mean(at_random))


def found_by_hand(is_relevant: np.ndarray, scores: np.ndarray, k: int) -> float:
    """Relevant rows among the first k; of the rows tied at the border a share of each."""
    ordered = np.sort(scores)[::-1]
    border = ordered[min(k, len(ordered)) - 1]
    above, tied = scores > border, scores == border
    places = min(k, len(scores)) - above.sum()
    return float(is_relevant[above].sum() + is_relevant[tied].sum() * places / tied.sum())


def test_a_tie_is_the_mean_over_its_orders() -> None:
    targets, keys = np.array([2.0, 0.0, 1.0]), np.zeros(3)
    tied = Predictions({SCORE: np.ones(3), RULE: np.zeros(3), GROUP: keys})
    orders = [
        Predictions({SCORE: np.array(order, dtype=float), RULE: np.zeros(3), GROUP: keys})
        for order in permutations(range(3))
    ]
    for name in ("ndcg", "precision_at_k", "recall_at_k"):
        values = [ranking(k=2).measure(targets, order)[name] for order in orders]
        assert ranking(k=2).measure(targets, tied)[name] == pytest.approx(np.mean(values))


@given(seed=SEEDS, weighted=st.booleans())
def test_rows_are_given_the_loss_of_their_group_so_that_groups_count_the_same(
    seed: int, weighted: bool
) -> None:
    task, (targets, said) = ranking(), stated(seed, weighted=weighted)

    losses = task.row_losses(targets, said)

    metric = task.own_metrics["ndcg_loss"].compute(targets, said)
    assert said.mean_of(losses) == pytest.approx(metric, rel=1e-9, abs=1e-12)
    figures = figures_of_groups(targets, said, task.k)
    for group in range(len(figures.sizes)):
        assert len(set(losses[figures.group_of_row == group])) == 1
    # Neither which numbers stand for groups nor the order of the rows matters.
    order = np.random.default_rng(seed).permutation(len(targets))
    moved = Predictions({**said.columns, GROUP: 5 - said[GROUP]}, said.weights).rows(order)
    np.testing.assert_allclose(task.row_losses(targets[order], moved), losses[order], atol=1e-12)


def test_a_group_in_which_no_order_is_better_takes_part_in_nothing() -> None:
    """Of a single row, of none that is relevant, or of rows that are as relevant."""
    task = ranking(k=2)
    targets = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0])
    keys = np.array([0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 3.0])
    said = Predictions({SCORE: -np.arange(7.0), RULE: np.zeros(7), GROUP: keys})

    metrics = task.measure(targets, said)

    assert metrics == {
        "ndcg_loss": 0.0,
        "ndcg": 1.0,
        "precision_at_k": 0.5,
        "recall_at_k": 1.0,
        "lift_at_k": 1.0,
    }
    assert task.row_losses(targets, said).tolist() == [0.0] * 7
    notes = task.outcome_notes(targets, said)
    assert notes[0].startswith("3 of 4 groups take no part in any figure")
    nothing = said.rows(np.array([2, 3, 4]))
    assert task.measure(targets[[2, 3, 4]], nothing) == {"ndcg_loss": 0.0}
    assert task.row_losses(targets[[2, 3, 4]], nothing).tolist() == [0.0] * 3


def test_more_places_than_rows_are_all_rows() -> None:
    targets, keys = np.array([1.0, 0.0, 0.0]), np.zeros(3)
    said = Predictions({SCORE: np.array([0.0, 1.0, 2.0]), RULE: np.zeros(3), GROUP: keys})
    metrics = ranking(k=10).measure(targets, said)
    assert metrics["precision_at_k"] == pytest.approx(1 / 3)
    assert metrics["recall_at_k"] == 1
    assert metrics["lift_at_k"] == 1
    assert metrics["ndcg"] == pytest.approx(ndcg_score([targets], [said[SCORE]], k=10))


def test_no_row_has_no_figure() -> None:
    nothing = Predictions({name: np.empty(0) for name in (SCORE, RULE, GROUP)})
    assert ranking().row_losses(np.empty(0), nothing).shape == (0,)
    assert ranking().outcome_notes(np.empty(0), nothing) == ()


@given(seed=SEEDS)
def test_ranks_count_the_rows_of_the_group_that_are_better(seed: int) -> None:
    _, said = stated(seed)
    ranks = ranks_of(said[GROUP].tolist(), said[SCORE].tolist())
    for key, score, rank in zip(said[GROUP], said[SCORE], ranks, strict=True):
        assert rank == 1 + int((said[SCORE][said[GROUP] == key] > score).sum())
