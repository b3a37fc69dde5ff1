"""Figures of clusters are those of scikit-learn, or follow from a definition in a few lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import Birch, BisectingKMeans, KMeans
from sklearn.metrics import davies_bouldin_score, jaccard_score, silhouette_score
from sklearn.mixture import GaussianMixture

from mlops_platform.tasks import Rows
from mlops_platform.tasks.clustering.centres import centres_of, codes_in, margins_in, numbers_of
from mlops_platform.tasks.clustering.details import separation_of
from mlops_platform.tasks.clustering.stability import jaccard_indices
from tests.tasks.clustering.conftest import TASK, grouped_rows, pipeline_of, said

SEEDS = st.integers(0, 10_000)
few_fits = settings(max_examples=15, deadline=None)


@few_fits
@given(seed=SEEDS, clusters=st.integers(2, 6))
def test_distances_and_clusters_are_those_of_k_means(seed: int, clusters: int) -> None:
    rows = grouped_rows(seed, (60, 40, 20)).features.to_numpy()
    model = KMeans(clusters, random_state=0).fit(rows)

    numbers = numbers_of(model, rows)

    assert codes_in(numbers).tolist() == model.predict(rows).tolist()
    np.testing.assert_allclose(numbers[:, clusters:], model.transform(rows), atol=1e-7)
    own = numbers[np.arange(len(rows)), clusters + codes_in(numbers)]
    assert (own**2).sum() == pytest.approx(model.inertia_)


@few_fits
@given(seed=SEEDS, clusters=st.integers(2, 5))
def test_silhouette_and_davies_bouldin_are_those_of_scikit_learn(seed: int, clusters: int) -> None:
    rows = grouped_rows(seed, (60, 40, 20), spread=2.0).features.to_numpy()
    labels = KMeans(clusters, random_state=0).fit_predict(rows)

    told = separation_of(rows, np.array([str(label) for label in labels], dtype=object))

    assert told["silhouette"] == pytest.approx(silhouette_score(rows, labels))
    assert told["davies_bouldin"] == pytest.approx(davies_bouldin_score(rows, labels))
    sizes = {name: (labels == int(name)).mean() for name in told["silhouettes"]}
    mean = sum(sizes[name] * value for name, value in told["silhouettes"].items())
    assert mean == pytest.approx(told["silhouette"])


def test_rows_of_one_cluster_have_no_silhouette() -> None:
    assert separation_of(np.ones((5, 1)), np.array(["1"] * 5, dtype=object)) == {}
    assert separation_of(np.ones((2, 1)), np.array(["1", "2"], dtype=object)) == {}


@few_fits
@given(seed=SEEDS)
def test_margins_are_silhouettes_where_each_cluster_lies_in_one_point(seed: int) -> None:
    """Then every row is as far from the rows of a cluster as from its centre."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(4, 3))
    labels = random.permutation(np.repeat(np.arange(4), 10))
    rows = points[labels]
    distances = np.linalg.norm(rows[:, None, :] - points[None, :, :], axis=2)

    margins = margins_in(np.hstack([np.eye(4)[labels], distances]))

    assert margins.mean() == pytest.approx(silhouette_score(rows, labels))


@given(seed=SEEDS)
def test_jaccard_indices_are_those_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random.integers(0, 4, (2, 50))
    weights = random.uniform(0.5, 2, 50) if seed % 2 else None

    indices = jaccard_indices(first, second, weights)

    for one in range(first.max() + 1):
        for other in range(second.max() + 1):
            expected = jaccard_score(
                first == one, second == other, sample_weight=weights, zero_division=0
            )
            assert indices[one, other] == pytest.approx(expected)


@pytest.mark.parametrize("estimator", [Birch(n_clusters=3), BisectingKMeans(3, random_state=0)])
def test_centres_are_in_the_order_of_what_is_predicted(estimator: object) -> None:
    rows = grouped_rows(0, spread=0.3).features.to_numpy()
    model = estimator.fit(rows)  # type: ignore[attr-defined]

    centres = centres_of(model)

    labels = model.predict(rows)
    for code, centre in enumerate(centres):
        np.testing.assert_allclose(centre, rows[labels == code].mean(axis=0), atol=0.3)


def test_a_mixture_says_by_its_probabilities_where_a_row_belongs() -> None:
    """A wide cluster has rows that lie nearer to the centre of a narrow one."""
    random = np.random.default_rng(0)
    rows = np.concatenate([random.normal(0, 0.1, (100, 1)), random.normal(1.5, 1.5, (200, 1))])
    model = GaussianMixture(2, random_state=0).fit(rows)

    numbers = numbers_of(model, rows)

    assert codes_in(numbers).tolist() == model.predict(rows).tolist()
    np.testing.assert_array_equal(numbers[:, :2], model.predict_proba(rows))
    assert margins_in(numbers).min() < 0


def test_metrics_are_means_and_extremes_of_rows() -> None:
    weights = np.array([1.0, 1.0, 2.0])
    stated = said(
        ["1", "1", "2"],
        weights,
        distance=np.array([1.0, 2.0, 3.0]),
        margin=np.array([0.5, 0.0, 1.0]),
        stability=np.array([0.9, 0.9, 0.6]),
    )
    metrics = TASK.measure(np.full(3, np.nan), stated)
    assert metrics == pytest.approx(
        {
            "relative_distance": (1 + 2 + 2 * 3) / 4,
            "simplified_silhouette": (0.5 + 2) / 4,
            "least_stability": 0.6,
            "smallest_cluster": 0.5,
        }
    )


def test_the_unit_is_the_distance_in_clusters_of_shuffled_columns() -> None:
    """Rows on a line: each column alone is spread as evenly in the square that shuffling makes."""
    line = pd.DataFrame(np.linspace(-1, 1, 2000)[:, None] @ np.ones((1, 2)), columns=["a", "b"])
    rows = Rows(line, np.zeros(2000))
    finished = TASK.fit(pipeline_of(KMeans(4, n_init=5, random_state=0)), rows, rows)
    stated = TASK.predict(finished.model, finished.constants, line)
    # Rows of four pieces of a line are a quarter as far from their centre as from that of all, and
    # those of four quarters of a square half as far.
    loss = TASK.measure(rows.targets, stated)["relative_distance"]
    assert loss == pytest.approx((1 / 4) / (1 / 2), rel=0.03)
    assert finished.constants["nearer"] == pytest.approx(3 / 4, rel=0.01)
