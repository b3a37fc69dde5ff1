"""What a detector learns, keeps within its budget, and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.base import clone
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.impute import SimpleImputer
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

from mlops_platform.errors import TrainingError
from mlops_platform.tasks import Rows
from tests.tasks.anomaly_detection.conftest import detector, rows_with

ESTIMATORS = {
    "forest": IsolationForest(n_estimators=50, random_state=0),
    "neighbours": LocalOutlierFactor(novelty=True),
    "support vectors": OneClassSVM(nu=0.1),
    "envelope": EllipticEnvelope(random_state=0),
    "components": PCA(n_components=1),
    "mixture": GaussianMixture(2, random_state=0),
}


def pipeline_of(estimator: Any) -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), clone(estimator))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_kind_of_detector_finds_what_does_not_belong_together(name: str) -> None:
    task = detector()
    assert task.estimator_fault(ESTIMATORS[name]) is None
    finished = task.fit(pipeline_of(ESTIMATORS[name]), rows_with(8, 0), rows_with(20, 1))
    unseen = rows_with(20, 2)

    said = task.predict(finished.model, finished.constants, unseen.features)
    metrics = task.measure(unseen.targets, said)

    assert metrics["average_precision"] > 0.4
    assert metrics["alert_rate"] == pytest.approx(0.05, abs=0.03)
    assert metrics["contrast"] < 0.4
    normal = said.rows(unseen.targets == 0)["p_value"]
    assert (normal <= 0.1).mean() == pytest.approx(0.1, abs=0.06)
    assert 0 < finished.constants["stability"] <= 1


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_refit_on_more_rows_keeps_the_budget(name: str) -> None:
    """What a support vector machine says grows with its rows; in the unit of these it does not."""
    task, train, unseen = detector(), rows_with(8, 0), rows_with(20, 1)
    judged = task.fit(pipeline_of(ESTIMATORS[name]), train, unseen)
    everything = Rows(
        pd.concat([train.features, *[rows_with(8, seed).features for seed in range(5, 9)]]),
        np.concatenate([train.targets, *[rows_with(8, seed).targets for seed in range(5, 9)]]),
        None,
        10.0,
    )

    refitted = task.refit(judged, pipeline_of(ESTIMATORS[name]), everything, unseen)

    said = task.predict(refitted.model, refitted.constants, rows_with(20, 3).features)
    assert said["decision"].mean() == pytest.approx(0.05, abs=0.04)


def test_unlabelled_rows_teach_and_known_anomalies_do_not() -> None:
    task, train, unseen = detector(), rows_with(40, 0), rows_with(20, 1)
    nobody_knows = train._replace(targets=np.where(train.targets == 1, np.nan, train.targets))
    precisions = []
    for rows in (train, nobody_knows):
        finished = task.fit(pipeline_of(PCA(n_components=1)), rows, unseen)
        said = task.predict(finished.model, finished.constants, unseen.features)
        precisions.append(task.measure(unseen.targets, said)["average_precision"])
    assert precisions[0] >= precisions[1] > 0.3


def test_a_number_of_alerts_is_that_of_a_window() -> None:
    task = detector(budget={"alerts": 10})
    unseen = rows_with(20, 1)  # two windows of 200 rows
    finished = task.fit(pipeline_of(PCA(n_components=1)), rows_with(8, 0), unseen)

    said = task.predict(finished.model, finished.constants, unseen.features)

    assert finished.constants["alert_share"] == 10 / 200
    assert said["decision"].sum() == 20


def test_a_single_column_is_chosen_by_training_labels_and_raises_as_many_alerts() -> None:
    task, train, test = detector(), rows_with(40, 0), rows_with(40, 1)
    finished = task.fit(pipeline_of(PCA(n_components=1)), train, rows_with(20, 2))
    said = task.predict(finished.model, finished.constants, test.features)

    ((name, rival),) = task.rivals(train, test, said).items()

    assert name == "b alone"
    assert rival["decision"].sum() == said["decision"].sum()
    assert set(task.measure(test.targets, rival)) == set(task.measure(test.targets, said))
    nothing_known = train._replace(targets=np.full(400, np.nan))
    assert task.rivals(nothing_known, test, said) == {}


@pytest.mark.filterwarnings("error")
def test_a_column_without_a_value_is_no_rule() -> None:
    task, train, test = detector(), rows_with(40, 0), rows_with(40, 1)
    finished = task.fit(pipeline_of(PCA(n_components=1)), train, rows_with(20, 2))
    said = task.predict(finished.model, finished.constants, test.features)
    empty = train._replace(features=train.features.assign(empty=np.nan))

    (name,) = task.rivals(empty, test, said)

    assert name == "b alone"


def test_a_window_with_far_more_alerts_than_the_test_is_told() -> None:
    task, train = detector(), rows_with(8, 0)
    finished = task.fit(pipeline_of(PCA(n_components=1)), train, rows_with(20, 1))
    usual = task.predict(finished.model, finished.constants, rows_with(20, 2).features)
    stormy = task.predict(finished.model, finished.constants, rows_with(200, 3).features)

    assert task.notes(usual, usual) == ()
    (note,) = task.notes(usual, stormy)
    assert "of 400 rows are alerts" in note
    assert note.endswith("more than people can look at.")


CONSTANT = pd.DataFrame({"a": np.ones(400), "b": np.zeros(400)})


def spoilt(rows: Rows, **columns: Any) -> Rows:
    return rows._replace(features=rows.features.assign(**columns))


@pytest.mark.parametrize(
    ("options", "train", "unseen", "sentence"),
    [
        (
            {},
            rows_with(8, 0)._replace(targets=np.ones(400)),
            rows_with(20, 1),
            "all 400 rows to be fitted on are known anomalies",
        ),
        (
            {},
            rows_with(8, 0)._replace(features=CONSTANT),
            rows_with(20, 1),
            "every column has the same value in all 400 rows",
        ),
        (
            {},
            spoilt(rows_with(8, 0), a=np.r_[np.inf, np.zeros(399)]),
            rows_with(20, 1),
            "'a' is infinite in 1 of 400 rows",
        ),
        (
            {"budget": {"alerts": 200}},
            rows_with(8, 0),
            rows_with(20, 1),
            "200 alerts may be raised in a window, and one has 200 rows on average",
        ),
        (
            {"budget": {"share": 0.001}},
            rows_with(8, 0),
            rows_with(20, 1),
            "0.001 of 400 validation rows is less than one alert",
        ),
    ],
    ids=["one class", "constant", "infinite", "budget of a window", "budget too small"],
)
def test_rows_that_teach_nothing_are_refused_with_words(
    options: dict[str, Any], train: Rows, unseen: Rows, sentence: str
) -> None:
    with pytest.raises(TrainingError, match=sentence):
        detector(**options).fit(pipeline_of(PCA(n_components=1)), train, unseen)


def test_targets_are_refused_by_what_they_are_needed_for() -> None:
    task, nothing = detector(), np.full(5, np.nan)
    needed = "an anomaly and a normal row with a label"
    assert task.refusal(nothing) == ("all without a label", needed)
    assert task.refusal(np.zeros(5)) is not None
    assert task.fit_refusal(np.zeros(5)) is None
    assert task.fit_refusal(nothing) is None
    assert task.fit_refusal(np.ones(5)) is not None
    assert detector(loss="contrast").refusal(nothing) is None


@pytest.mark.parametrize(
    ("estimator", "sentence"),
    [
        (LocalOutlierFactor(), "novelty: true"),
        (IsolationForest(contamination=0.1), "`contamination: 0.1` decides nothing"),
        (StandardScaler(), "Name a detector with `score_samples` here."),
    ],
)
def test_an_estimator_is_refused_that_says_no_score_or_its_own_share(
    estimator: Any, sentence: str
) -> None:
    fault = detector().estimator_fault(estimator)
    assert fault is not None
    assert sentence in fault


@pytest.mark.parametrize("budget", [{}, {"alerts": 3, "share": 0.1}, {"share": 1.0}])
def test_a_budget_is_one_of_two(budget: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        detector(budget=budget)


def test_a_row_without_a_score_is_not_answered() -> None:
    task = detector()
    assert not task.usable([float("nan")])
    assert task.usable([-1e15])
