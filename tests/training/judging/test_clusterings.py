"""A clustering from rows to verdict, and a release that would reshuffle its clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.components.model_lifecycle.candidate.criterion_descriptions import (
    criterion_descriptions,
)
from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.tasks import Predictions
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.judging.agreement import agreement_of
from mlops_platform.training.judging.comparison import Comparison
from mlops_platform.training.judging.criteria import AGREEMENT, Criterion, all_criteria, criteria_of
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.judging.figures import figures_of
from mlops_platform.training.search.search import search
from mlops_platform.training.split import split_by_time
from tests.training.conftest import BETTER, synthetic_rows


@pytest.fixture(scope="module")
def declared(declare: Any) -> Any:
    def build(**gate: Any) -> ModelSpec:
        def edit(plain: dict[str, Any]) -> None:
            plain["task"], plain["gate"] = "clustering", gate
            plain["label"]["column"] = "outcome"
            (linear, _) = plain["training"]["candidates"]
            linear["estimator"] = {
                "type": "sklearn.cluster.KMeans",
                "params": {"n_clusters": 3},
                "search": {"n_init": {"low": 2, "high": 3, "integer": True}},
            }
            plain["training"]["candidates"] = [linear]
            plain["training"]["tuning"] = {"trials": 2, "folds": 2, "seed": 3}
            levels = {"warn": 0.1, "error": 0.2}
            plain["monitoring"] = {"performance": {"loss_increase": levels}}
            plain["retraining"] = {"policy": {"rule": "performance", "loss_increase": 0.1}}
            plain["release"] = {"probation": {"loss_increase": 0.3}}

        spec: ModelSpec = declare(edit)
        assert list(inconsistencies(spec)) == []
        return spec

    return build


@pytest.fixture(scope="module")
def spec(declared: Any) -> ModelSpec:
    built: ModelSpec = declared()
    return built


@pytest.fixture(scope="module")
def evaluated(spec: ModelSpec) -> tuple[Evaluation, Predictions]:
    """Three kinds of rows, whose outcome is never known; what is released says of its test rows."""
    rows = synthetic_rows()
    random = np.random.default_rng(7)
    kind = random.choice(3, len(rows), p=[0.5, 0.3, 0.2])
    rows["signal"] = np.array([0.0, 8.0, 16.0])[kind] + random.normal(size=len(rows))
    rows["noise"] = np.array([0.0, 8.0, 0.0])[kind] + random.normal(size=len(rows))
    rows["outcome"] = np.nan
    rows["known_at"] = pd.Series(pd.NaT, rows.index, dtype="datetime64[us, UTC]")
    split = split_by_time(rows, spec)
    recipe = search(spec, split.train)
    candidate = fit_candidate(spec, recipe, split)
    released = refit(spec, recipe, candidate, split)
    features = split.test[list(released.model.feature_names_in_)]
    stated = spec.task.predict(released.model, released.constants, features)
    return evaluate(spec, candidate, split, 1000), stated


def test_every_row_judges_without_any_outcome(evaluated: Any, spec: ModelSpec) -> None:
    evaluation, _ = evaluated
    assert evaluation.rows == 8 * 40
    assert evaluation.baseline_loss == 1.0
    assert evaluation.loss == evaluation.metrics[spec.task.loss] < 0.95
    assert evaluation.baseline_margin is not None
    assert evaluation.baseline_margin > 0
    assert evaluation.metrics["least_stability"] > 0.9
    assert evaluation.targets == {"labelled_share": 0.0}
    assert {"clusters", "importance"} <= figures_of(spec.task, evaluation).keys()
    assert {"clusters", "silhouette", "davies_bouldin", "traits"} <= evaluation.details.keys()
    words, *_ = spec.task.tables(evaluation.details)
    assert len(words.rows) == 3
    assert "signal" in words.rows[0][2]


def agreement(spec: ModelSpec, evaluation: Evaluation, comparison: Comparison | None) -> Criterion:
    criteria = all_criteria(spec, evaluation, comparison, round_trip=True, serving_fault=None)
    assert tuple(each.name for each in criteria) == criteria_of(spec)
    return next(each for each in criteria if each.name == AGREEMENT)


def test_a_release_that_moves_rows_is_refused_with_the_confusion(
    evaluated: Any, spec: ModelSpec, declared: Any
) -> None:
    evaluation, stated = evaluated
    moved = stated["cluster"].copy()
    moved[np.flatnonzero(moved == "1")[::2]] = "3"
    reshuffled = Predictions({**stated.columns, "cluster": moved})
    alike, apart = (
        BETTER.model_copy(update=dict(agreement_of(spec.task, stated, candidate)))
        for candidate in (stated, reshuffled)
    )

    assert agreement(spec, evaluation, None).binding is False
    kept = agreement(spec, evaluation, alike)
    assert (kept.passed, kept.binding) == (True, True)
    refused = agreement(spec, evaluation, apart)
    assert (refused.passed, refused.binding) == (False, True)
    assert "and must be at least 0.8 (of the rows 2" in refused.description
    assert "% from 1 to 3)" in refused.description
    assert apart.agreement_table is not None
    assert Comparison.from_stored(apart.to_stored()) == apart
    # Somebody who wants other clusters says so.
    lifted = agreement(declared(min_agreement={"same_cluster": None}), evaluation, apart)
    assert (lifted.passed, lifted.binding) == (True, False)
    assert "0.8" in criterion_descriptions(spec)[AGREEMENT]
