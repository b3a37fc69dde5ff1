"""Candidates and releases that go on from a version, for every task whose models can."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.tasks import Finished
from mlops_platform.training.check import check_candidates
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.learning_on import Base, Learner, base_of
from mlops_platform.training.rows import features_of, targets_of
from mlops_platform.training.search.search import Recipe
from mlops_platform.training.split import Split, split_by_time
from tests.documents.cases import Case, refuse_undocumented

IMPUTED = {"type": "sklearn.impute.SimpleImputer"}
SCALED = {
    "columns": "numeric",
    "steps": [IMPUTED, {"type": "sklearn.preprocessing.StandardScaler"}],
}
BINNED = {
    "columns": "numeric",
    "steps": [IMPUTED, {"type": "sklearn.preprocessing.MinMaxScaler", "params": {"clip": True}}],
}
SGD = {"type": "sklearn.linear_model.SGDClassifier", "params": {"loss": "log_loss"}}
LOSS = {
    "monitoring": {"performance": {"loss_increase": {"warn": 0.1, "error": 0.2}}},
    "release": {"probation": {"loss_increase": 0.3}},
    "retraining": {
        "update": "partial_fit",
        "policy": {"rule": "performance", "loss_increase": 0.1},
    },
}
THREE = {"type": "multiclass_classification", "classes": ["low", "middle", "high"]}
MODELS: dict[str, tuple[Any, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "binary": ("binary_classification", SGD, SCALED, {}),
    "binary_nb": (
        "binary_classification",
        {"type": "sklearn.naive_bayes.MultinomialNB"},
        BINNED,
        {},
    ),
    "multiclass": (THREE, {"type": "sklearn.naive_bayes.GaussianNB"}, SCALED, {}),
    "multiclass_sgd": (THREE, SGD, SCALED, {}),
    "regression": ("regression", {"type": "sklearn.linear_model.SGDRegressor"}, SCALED, LOSS),
    "clustering": (
        "clustering",
        {"type": "sklearn.cluster.MiniBatchKMeans", "params": {"n_clusters": 3, "n_init": 3}},
        SCALED,
        LOSS,
    ),
}
RECIPE = Recipe(
    candidate="learning",
    params={},
    metric="loss",
    greater_is_better=False,
    score=0.0,
    trials=(),
)


def declared(name: str, **weight: str) -> ModelSpec:
    task, estimator, preprocessing, options = MODELS[name]
    return ModelSpec.model_validate(
        {
            "name": name,
            "description": "How late?",
            "owners": ["team:tests"],
            "task": task,
            "features": {"table": "t", "entity": "entity", "numeric": ["a", "b"], **weight},
            "label": {"table": "l", "column": "outcome"},
            "window": {"start": "2024-01-01"},
            "training": {
                "history": {"split": {"validation_days": 10, "test_days": 10}},
                "candidates": [
                    {
                        "name": "learning",
                        "preprocessing": [preprocessing],
                        "estimator": deepcopy(estimator),
                    }
                ],
            },
            "retraining": {"update": "partial_fit"},
            "card": {"intended_use": "Tests.", "out_of_scope": "Lateness."},
            **options,
        }
    )


def rows_until(spec: ModelSpec, days: int) -> pd.DataFrame:
    """Thirty rows a day around three centres that drift, with the outcome that the task asks."""
    random = np.random.default_rng(5)
    count = 60 * 30
    day = np.arange(count) // 30
    group = random.integers(0, 3, count)
    centres = np.array([[0.0, 0.0], [5.0, 5.0], [10.0, 0.0]])[group] + 0.02 * day[:, None]
    features = centres + random.normal(size=(count, 2))
    signal = features[:, 0] + random.normal(size=count)
    outcomes = {
        "BOOLEAN": signal > 5,
        "DOUBLE": signal,
        "VARCHAR": np.array(["low", "middle", "high"], dtype=object)[group],
    }
    start = pd.Timestamp("2024-01-01", tz="UTC")
    times = start + pd.to_timedelta(np.arange(count) * 48, unit="min")
    rows = pd.DataFrame(
        {
            "entity": [f"e{number}" for number in range(count)],
            "event_time": times,
            "local_date": times.date,
            "a": features[:, 0],
            "b": features[:, 1],
            "exposure": random.uniform(0.5, 2, count),
            "outcome": outcomes[spec.task.label_type],
            "known_at": times + pd.Timedelta(hours=1),
        }
    )
    return rows[day < days].reset_index(drop=True)


def fitted_base(spec: ModelSpec) -> tuple[Base, Finished]:
    """Fitted on forty days, with its judged candidate."""
    split = split_by_time(rows_until(spec, 40), spec)
    judged = fit_candidate(spec, RECIPE, split)
    released = refit(spec, RECIPE, judged, split)
    return base_of((judged.model, released.model), split, spec), judged


class Updated(NamedTuple):
    """What was judged first, and both models twenty days later, on a split of all sixty."""

    spec: ModelSpec
    base: Base
    first: Finished
    split: Split
    judged: Finished
    released: Finished


@cache
def updated_model(name: str) -> Updated:
    spec = declared(name)
    base, first = fitted_base(spec)
    split = split_by_time(rows_until(spec, 60), spec)
    judged = fit_candidate(spec, RECIPE, split, base)
    return Updated(spec, base, first, split, judged, refit(spec, RECIPE, judged, split, base))


# Of a regression two quantiles and two losses are boosted beside what learns on.
BOOSTED = pytest.param("regression", marks=pytest.mark.slow)


@pytest.fixture(params=[BOOSTED, *(name for name in MODELS if name != "regression")])
def updated(request: Any) -> Updated:
    return updated_model(request.param)


def estimators_of(spec: ModelSpec, base: Learner, updated: Finished) -> tuple[Any, Any]:
    return tuple(
        spec.task.learnt_parts(model).pipeline[-1] for model in (base.model, updated.model)
    )


def test_the_judged_model_has_learnt_the_training_part_and_no_more(updated: Updated) -> None:
    spec, base, _, split, judged, released = updated
    new = base.judged.new(split.train, spec)
    assert len(new) == 20 * 30
    assert len(base.released.new(split.everything, spec)) == 20 * 30
    assert base.seen_before(split, spec) == 0
    before, after = estimators_of(spec, base.judged, judged)
    by_hand = deepcopy(before)
    preprocessing = spec.task.learnt_parts(base.judged.model).pipeline[:-1]
    for _, of_day in new.groupby("local_date"):
        targets = None if spec.task.fits_unlabelled else targets_of(of_day, spec)
        by_hand.partial_fit(preprocessing.transform(features_of(of_day, spec)), targets)
    columns = preprocessing.transform(features_of(split.test, spec))
    assert np.array_equal(by_hand.predict(columns), after.predict(columns))
    assert vars(before).keys() <= vars(after).keys()
    before, after = estimators_of(spec, base.released, released)
    assert before is not after


def test_an_update_predicts_as_well_as_a_refit_of_the_same_rows(updated: Updated) -> None:
    spec, split, judged = updated.spec, updated.split, updated.judged
    anew = fit_candidate(spec, RECIPE, split)
    targets = targets_of(split.test, spec)
    losses = [
        spec.task.row_losses(
            targets,
            spec.task.predict(each.model, each.constants, features_of(split.test, spec)),
        ).mean()
        for each in (judged, anew)
    ]
    assert losses[0] < 1.25 * losses[1]
    assert judged.constants.keys() == anew.constants.keys()
    assert judged.baseline == anew.baseline


@pytest.mark.slow
def test_intervals_of_an_update_hold_what_they_promise() -> None:
    spec, _, _, split, judged, _ = updated_model("regression")
    stated = spec.task.predict(judged.model, judged.constants, features_of(split.test, spec))
    outcome = split.test["outcome"].to_numpy()
    covered = (stated["lower"] <= outcome) & (outcome <= stated["upper"])
    assert 0.83 < covered.mean() < 0.97


def test_a_row_of_before_its_training_set_is_not_new() -> None:
    spec, base, _, split, _, _ = updated_model("multiclass")
    later = rows_until(spec, 60)
    later = later[later["event_time"] >= pd.Timestamp("2024-01-06", tz="UTC")]
    rolling = split_by_time(later.reset_index(drop=True), spec)
    since = base_of((base.judged.model, base.released.model), rolling, spec)
    earlier = split.train[split.train["event_time"] < since.judged.since]
    assert len(earlier) == 5 * 30
    assert since.judged.new(earlier, spec).empty


def test_names_of_clusters_stay() -> None:
    spec, _, first, split, judged, released = updated_model("clustering")
    rows = features_of(split.test, spec)
    before = spec.task.predict(first.model, first.constants, rows)
    stated = spec.task.predict(judged.model, judged.constants, rows)
    changed = spec.task.gone_on(first.constants, before, judged.constants, stated)
    named = spec.task.predict(judged.model, {**judged.constants, **changed}, rows)
    assert (named["cluster"] == before["cluster"]).mean() > 0.95
    after = spec.task.predict(released.model, released.constants, rows)
    assert (after["cluster"] == stated["cluster"]).mean() > 0.95


def test_rows_count_by_their_weight_in_an_update() -> None:
    weighted = declared("multiclass", weight="exposure")
    base, _ = fitted_base(weighted)
    split = split_by_time(rows_until(weighted, 60), weighted)
    judged = fit_candidate(weighted, RECIPE, split, base)
    flat = split_by_time(rows_until(weighted, 60).assign(exposure=1.0), weighted)
    unweighted = fit_candidate(weighted, RECIPE, flat, base)
    _, one = estimators_of(weighted, base.judged, judged)
    _, other = estimators_of(weighted, base.judged, unweighted)
    assert not np.allclose(one.theta_, other.theta_)


def test_a_class_that_is_new_cannot_be_learnt_on() -> None:
    spec = declared("multiclass")
    known = rows_until(spec, 40)
    split = split_by_time(known[known["outcome"] != "high"].reset_index(drop=True), spec)
    first = fit_candidate(spec, RECIPE, split)
    later = split_by_time(rows_until(spec, 60), spec)
    unteachable = spec.task.unteachable(first.constants, targets_of(later.train, spec))
    assert unteachable == "it was fitted on other classes ('high')"
    assert spec.task.unteachable(first.constants, targets_of(split.train, spec)) is None


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_can_learn_on_is_checked_without_errors(name: str) -> None:
    assert check_candidates(declared(name)) == []


NEW, REFUSED = "no such option", "refused by `mlops check`"
ESTIMATOR = "training.candidates.0.estimator"
BALANCED = {**SGD, "params": {"loss": "log_loss", "class_weight": "balanced"}}
RESAMPLING = "training.candidates.0.resampling"
CASES: dict[Case, tuple[str, str, Any]] = {
    Case(
        "an estimator that cannot learn on",
        NEW,
        REFUSED,
        "LogisticRegression has no `partial_fit`: choose one that has",
    ): (ESTIMATOR, ESTIMATOR, {"type": "sklearn.linear_model.LogisticRegression"}),
    Case(
        "`class_weight: balanced`, which a day of one class does not have",
        NEW,
        REFUSED,
        "Its `partial_fit` fails on a day of one class: ValueError: classes should have",
    ): (ESTIMATOR, ESTIMATOR, BALANCED),
    Case("resampling by class", NEW, REFUSED, "The rows of a day are not resampled by class for"): (
        RESAMPLING,
        RESAMPLING,
        {"method": "undersample"},
    ),
    Case(
        "rows without event time",
        NEW,
        REFUSED,
        "Rows have no event time, so that none is later than others: write `refit`.",
    ): ("features.event_time", "retraining.update", None),
    Case(
        "a task whose models are made of several fits",
        NEW,
        REFUSED,
        "A model of the task anomaly_detection is always fitted anew: write `refit`.",
    ): ("task", "retraining.update", {"type": "anomaly_detection", "budget": {"alerts": 10}}),
}
"""By what is declared: the attribute that is edited, the one that is named, and the value."""


def edited(path: str, value: Any) -> ModelSpec:
    plain = declared("binary").model_dump(mode="json")
    *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    section = plain
    for key in above:
        section = section[key]
    section[last] = value
    return ModelSpec.model_validate(plain)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_what_cannot_learn_on_is_refused_with_the_field_and_the_fix(case: Case) -> None:
    path, field, value = CASES[case]
    spec = edited(path, value)
    errors = [*inconsistencies(spec)] or check_candidates(spec)
    [error] = [error for error in errors if error.field == field]
    assert case.reads in error.fix


def test_what_need_not_learn_on_may_have_any_estimator() -> None:
    spec = edited(ESTIMATOR, {"type": "sklearn.linear_model.LogisticRegression"})
    refitted = spec.model_copy(update={"retraining": type(spec.retraining)()})
    assert check_candidates(refitted) == []


def test_a_policy_that_is_only_compared_asks_the_same() -> None:
    spec = edited(ESTIMATOR, {"type": "sklearn.linear_model.LogisticRegression"})
    backtest = spec.backtest.model_copy(update={"policies": {"learning": spec.retraining}})
    compared = spec.model_copy(update={"retraining": type(spec.retraining)(), "backtest": backtest})
    [error] = check_candidates(compared)
    assert error.field == ESTIMATOR


def test_the_document_shows_these_cases() -> None:
    refuse_undocumented("Learning on", [*CASES])
