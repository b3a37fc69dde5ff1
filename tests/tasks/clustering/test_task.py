"""What a clustering finds, keeps over a refit and a champion, tells, and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.cluster import (
    DBSCAN,
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
)
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.svm import OneClassSVM

from mlops_platform.errors import TrainingError
from mlops_platform.tasks import Rows
from mlops_platform.tasks.clustering.fit import fit_on_from
from mlops_platform.tasks.clustering.profile import in_words, traits_of
from mlops_platform.tasks.clustering.version_metrics import same_cluster
from tests.tasks.clustering.conftest import TASK, grouped_rows, noise, pipeline_of, said

ESTIMATORS = {
    "k-means": KMeans(3, n_init=3, random_state=0),
    "batches": MiniBatchKMeans(3, n_init=3, random_state=0),
    "halves": BisectingKMeans(3, random_state=0),
    "tree": Birch(n_clusters=3),
    "mixture": GaussianMixture(3, random_state=0),
    "prior": BayesianGaussianMixture(n_components=3, random_state=0),
    "shift": MeanShift(bandwidth=0.8, bin_seeding=True),
}
NAMES = ["1", "2", "3"]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_kind_of_clusterer_finds_groups_and_calls_them_by_their_size(name: str) -> None:
    assert TASK.estimator_fault(ESTIMATORS[name]) is None
    finished = TASK.fit(pipeline_of(ESTIMATORS[name]), grouped_rows(0), grouped_rows(1))
    unseen = grouped_rows(2)

    stated = TASK.predict(finished.model, finished.constants, unseen.features)
    metrics = TASK.measure(unseen.targets, stated)

    for group, cluster in enumerate(NAMES):
        assert (stated["cluster"][unseen.targets == group] == cluster).mean() > 0.9
    if name != "shift":  # which makes more clusters of shuffled columns
        assert metrics["relative_distance"] < 0.7
    assert metrics["simplified_silhouette"] > 0.5
    assert metrics["least_stability"] > 0.8
    assert metrics["smallest_cluster"] == pytest.approx(0.2, abs=0.03)


def test_columns_that_have_nothing_to_do_with_each_other_have_no_stable_clusters() -> None:
    finished = TASK.fit(pipeline_of(KMeans(6, n_init=3, random_state=0)), noise(0), noise(1))
    stated = TASK.predict(finished.model, finished.constants, noise(2).features)
    metrics = TASK.measure(np.zeros(400), stated)
    assert metrics["relative_distance"] == pytest.approx(1, abs=0.1)
    assert metrics["least_stability"] < TASK.default_limits["least_stability"].min


def test_a_refit_keeps_the_names_of_the_judged_model() -> None:
    pipeline = pipeline_of(ESTIMATORS["k-means"])
    judged = TASK.fit(pipeline, grouped_rows(0), grouped_rows(1))
    # Fitted anew, the smallest of the groups has most rows.
    grown = grouped_rows(3, (200, 120, 900))
    rows = Rows(
        pd.concat([grouped_rows(0).features, grown.features], ignore_index=True),
        np.concatenate([grouped_rows(0).targets, grown.targets]),
    )

    refitted = TASK.refit(judged, pipeline_of(ESTIMATORS["k-means"]), rows, grouped_rows(1))

    unseen = grouped_rows(2)
    stated = TASK.predict(refitted.model, refitted.constants, unseen.features)
    for group, cluster in enumerate(NAMES):
        assert (stated["cluster"][unseen.targets == group] == cluster).mean() > 0.9
    assert (
        stated["stability"].tolist()
        == TASK.predict(judged.model, judged.constants, unseen.features)["stability"].tolist()
    )


def test_what_was_judged_is_released_where_all_rows_make_other_clusters() -> None:
    judged = TASK.fit(pipeline_of(ESTIMATORS["k-means"]), grouped_rows(0), grouped_rows(1))
    other = grouped_rows(3)
    flat = other._replace(features=other.features * [0.0, 1.0] + [6.0, 0.0])

    refitted = TASK.refit(judged, pipeline_of(ESTIMATORS["k-means"]), flat, grouped_rows(1))

    assert refitted is judged


@pytest.mark.parametrize("name", ["k-means", "batches", "mixture"])
def test_a_refit_begins_where_the_judged_model_ended(name: str) -> None:
    """Of one broad group any cut is as good as another."""
    estimator = clone(ESTIMATORS[name]).set_params(random_state=1)
    rows, later = noise(0, 2000), noise(1, 500)
    more = Rows(pd.concat([rows.features, later.features], ignore_index=True), np.zeros(2500))
    judged = TASK.fit(pipeline_of(ESTIMATORS[name]), rows, more)

    refitted = fit_on_from(judged.model, pipeline_of(estimator), more)

    names = {f"name_{code:02d}": code + 1.0 for code in range(3)}
    constants = {**judged.constants, **names}
    before, stated = (TASK.predict(m, constants, more.features) for m in (judged.model, refitted))
    assert same_cluster(before, stated) > 0.8
    assert refitted[-1].get_params() == estimator.get_params()


def test_a_candidate_goes_on_with_the_names_of_the_champion() -> None:
    champion = TASK.fit(pipeline_of(ESTIMATORS["k-means"]), grouped_rows(0), grouped_rows(1))
    # The same groups, which by their sizes would be called otherwise, and a fourth.
    train = grouped_rows(4, (100, 200, 300, 150))
    four = KMeans(4, n_init=5, random_state=1)
    candidate = TASK.fit(pipeline_of(four), train, grouped_rows(5, (90, 100, 110, 50)))
    unseen = grouped_rows(6, (100, 100, 100, 100))
    before, stated = (
        TASK.predict(each.model, each.constants, unseen.features) for each in (champion, candidate)
    )

    changed = TASK.gone_on(champion.constants, before, candidate.constants, stated)

    assert changed.keys() == {name for name in candidate.constants if "name" in name}
    constants = {**candidate.constants, **changed}
    renamed = TASK.predict(candidate.model, constants, unseen.features)["cluster"]
    for group, cluster in enumerate([*NAMES, "4"]):
        assert (renamed[unseen.targets == group] == cluster).mean() > 0.9


def test_the_card_describes_clusters_in_words_and_figures() -> None:
    unseen = grouped_rows(2)
    features = unseen.features.assign(
        site=np.where(unseen.targets == 1, "north", np.where(unseen.targets == 2, "east", "west")),
        is_new=pd.Series(unseen.targets == 2, dtype=object),
        age=np.where(unseen.targets == 0, np.nan, 40.0),
        nothing=np.nan,
    )
    finished = TASK.fit(pipeline_of(ESTIMATORS["k-means"]), grouped_rows(0), grouped_rows(1))
    stated = TASK.predict(finished.model, finished.constants, unseen.features)
    targets = np.where(unseen.targets == 1, 10.0, np.nan)
    judged = unseen._replace(features=features)

    details = {
        **TASK.details(targets, stated, finished.constants),
        "silhouette": 0.5,
        "davies_bouldin": 0.7,
        "silhouettes": {"1": 0.4},
        "traits": [
            trait.model_dump(mode="json")
            for trait in traits_of(features, stated["cluster"], NAMES, None)
        ],
    }
    words, figures, profile = TASK.tables(details)

    told = {row[0]: row[2] for row in words.rows}
    assert "high b" in told["2"]
    assert "site = north 100% (of all 3" in told["2"]
    assert "is_new" in told["3"]
    assert "age = missing" in told["1"]
    assert "Davies-Bouldin index 0.700" in figures.title
    assert [row[-1] for row in figures.rows] == ["unknown", 10.0, "unknown"]
    assert {"a", "site = north", "is_new", "age = missing"} <= {row[0] for row in profile.rows}
    assert TASK.feature_details(finished.model, unseen, stated)["silhouette"] > 0.4
    assert judged.features is features
    assert "no performance is estimated" in TASK.constants_text(finished.constants)


def test_a_cluster_that_is_like_all_rows_is_said_to_be() -> None:
    rows = noise(0)
    clusters = np.array(["1", "2"] * 200, dtype=object)
    traits = traits_of(rows.features, clusters, ["1", "2"], None)
    assert in_words(traits, 0) == "like all rows"


def test_a_cluster_without_a_row_in_a_window_is_told() -> None:
    tested, window = said(["1"] * 90 + ["2"] * 10), said(["1"] * 50)
    assert TASK.notes(tested, window) == (
        "No row is in cluster 2, which had 10.0% of the test rows.",
    )
    assert TASK.notes(tested, tested) == ()
    assert TASK.notes(tested, said([])) == ()


CONSTANT = pd.DataFrame({"a": np.ones(400), "b": np.zeros(400)})
TWO_VALUES = pd.DataFrame({"a": np.tile([0.0, 1.0], 200), "b": np.tile([0.0, 1.0], 200)})


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("estimator", "rows", "sentence"),
    [
        (KMeans(3), Rows(CONSTANT, np.zeros(400)), "every column has the same value in all 400"),
        (KMeans(3), Rows(CONSTANT * np.nan, np.zeros(400)), "every column has the same value"),
        (
            KMeans(3),
            Rows(TWO_VALUES.replace(1.0, np.inf), np.zeros(400)),
            "'a' is infinite in 200 of 400 rows",
        ),
        (KMeans(500), grouped_rows(0), "`n_clusters: 500` asks for 500 clusters of 400 rows"),
        (
            GaussianMixture(500),
            grouped_rows(0),
            "`n_components: 500` asks for 500 clusters of 400 rows",
        ),
        (
            MeanShift(bandwidth=0.5),
            Rows(CONSTANT.head(1), np.zeros(1)),
            "there is one row to be fitted on",
        ),
        (MeanShift(bandwidth=50), grouped_rows(0), "MeanShift makes one cluster of all rows"),
        (
            AffinityPropagation(preference=0.0, random_state=0),
            grouped_rows(0),
            "AffinityPropagation makes .* clusters, and nobody can tell more than 50 apart",
        ),
        (
            KMeans(8, n_init=1, random_state=0),
            Rows(TWO_VALUES, np.zeros(400)),
            "rows with shuffled columns lie in the centres of their clusters",
        ),
    ],
    ids=[
        "constant",
        "all NULL",
        "infinite",
        "more clusters than rows",
        "more components than rows",
        "one row",
        "one cluster",
        "too many clusters",
        "more clusters than different rows",
    ],
)
def test_rows_without_clusters_are_refused_with_words(
    estimator: Any, rows: Rows, sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        TASK.fit(pipeline_of(estimator), rows, rows)


@pytest.mark.parametrize(
    ("estimator", "sentence"),
    [
        (DBSCAN(), "DBSCAN says clusters of the rows that it was fitted on, and of no new row"),
        (AgglomerativeClustering(), "it has no `predict`. Name one that has, such as sklearn"),
        (LogisticRegression(), "Name a clusterer with `predict` here, such as sklearn"),
        (OneClassSVM(), "Name a clusterer with `predict` here"),
        (object(), "Name a clusterer with `predict` here"),
    ],
)
def test_an_estimator_that_makes_no_cluster_of_a_new_row_is_refused(
    estimator: Any, sentence: str
) -> None:
    fault = TASK.estimator_fault(estimator)
    assert fault is not None
    assert sentence in fault


def test_an_outcome_is_told_and_neither_needed_nor_judged() -> None:
    column = np.array([1.5, None, np.nan], dtype=object)
    targets = TASK.targets(column)
    assert TASK.refusal(targets) is None
    assert TASK.refusal(targets[:0]) == ("none that could be judged", "rows")
    assert TASK.facts_text(TASK.facts(targets)) == (
        "mean outcome 1.5 of the 33.3% with one, which judges nothing"
    )
    assert TASK.facts_text(TASK.facts(targets[1:])) == "no outcome known, and none needed"
    assert TASK.estimate(said(["1"]), {"distance": 1.0}, None) is None
