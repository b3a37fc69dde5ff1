"""Models of river: declared as any estimator, checked, stored, and taught what is new."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_platform.artifacts.model_store import load_model, packages_of_model, save_model
from mlops_platform.errors import SpecError
from mlops_platform.spec import EstimatorSpec, ModelSpec
from mlops_platform.training.check import check_candidates
from mlops_platform.training.pipelines.estimators import build_estimator

pytest.importorskip("river")

LOGISTIC = {
    "type": "river.linear_model.LogisticRegression",
    "params": {"optimizer": {"type": "river.optim.SGD", "params": {"lr": 0.005}}},
    "search": {"l2": [0.0, 0.001]},
}
TRUSTED = [
    "river._river_rust.vectordict.VectorDict",
    "river.compat.river_to_sklearn.River2SKLClassifier",
    "river.linear_model.log_reg.LogisticRegression",
    "river.optim.initializers.Zeros",
    "river.optim.losses.Log",
    "river.optim.schedulers.Constant",
    "river.optim.sgd.SGD",
]
OF_BAYES = [
    "collections.Counter",
    "collections.defaultdict",
    "random.Random",
    "river.naive_bayes.gaussian.GaussianNB",
    "river.naive_bayes.gaussian._make_gaussian",
    "river.proba.gaussian.Gaussian",
    "river.stats.mean.Mean",
    "river.stats.var.Var",
]
STEPS = [
    {"type": "sklearn.impute.SimpleImputer"},
    {"type": "sklearn.preprocessing.StandardScaler"},
]


def declared(estimator: dict[str, Any], trusted: list[str], **features: str) -> ModelSpec:
    candidate = {
        "name": "by_row",
        "preprocessing": [{"columns": "numeric", "steps": deepcopy(STEPS)}],
        "estimator": estimator,
    }
    return ModelSpec.model_validate(
        {
            "name": "by_row",
            "description": "Is it late?",
            "owners": ["team:tests"],
            "features": {"table": "t", "entity": "entity", "numeric": ["a", "b"], **features},
            "label": {"table": "l", "column": "is_late"},
            "window": {"start": "2024-01-01"},
            "training": {"candidates": [candidate], "trusted_types": trusted},
            "retraining": {"update": "partial_fit"},
            "card": {"intended_use": "Tests.", "out_of_scope": "Lateness."},
        }
    )


def rows_of(count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    rows = random.normal(size=(count, 2))
    return rows, (rows[:, 0] + 0.3 * random.normal(size=count) > 0).astype(int)


def test_a_model_of_river_is_declared_by_its_own_path() -> None:
    rows, outcomes = rows_of()
    spec = EstimatorSpec.model_validate(LOGISTIC)
    model = build_estimator(spec, {"l2": 0.001}, seed=5)
    assert (model.river_estimator.l2, model.river_estimator.optimizer.lr.learning_rate) == (
        0.001,
        0.005,
    )
    assert not hasattr(model, "instance_")
    fitted = model.fit(rows, outcomes)
    assert (fitted.predict(rows) == outcomes).mean() > 0.85


def test_it_is_checked_and_says_which_types_it_holds() -> None:
    assert check_candidates(declared(LOGISTIC, TRUSTED)) == []
    [error] = check_candidates(declared(LOGISTIC, []))
    assert "types that we do not trust" in error.fix
    assert "training.trusted_types" in error.fix
    assert all(name in error.fix for name in TRUSTED)


def test_what_was_stored_learns_on_as_what_was_not(tmp_path: Path) -> None:
    rows, outcomes = rows_of()
    fitted = build_estimator(EstimatorSpec.model_validate(LOGISTIC), {}, 5).fit(rows, outcomes)
    loaded = load_model(tmp_path, save_model(fitted, tmp_path, TRUSTED))
    assert packages_of_model(tmp_path) == ("river",)
    for model in (fitted, loaded):
        model.partial_fit(*rows_of(50))
    assert np.array_equal(fitted.predict_proba(rows), loaded.predict_proba(rows))


def test_its_seed_is_that_of_the_search() -> None:
    forest = {"type": "river.tree.ExtremelyFastDecisionTreeClassifier"}
    amf = {"type": "river.forest.AMFClassifier", "params": {"n_estimators": 2}}
    assert build_estimator(EstimatorSpec.model_validate(amf), {}, 5).river_estimator.seed == 5
    assert build_estimator(EstimatorSpec.model_validate(forest), {}, 5).predict is not None


def test_a_regressor_of_river_is_one() -> None:
    from sklearn.base import is_regressor

    tree = {"type": "river.tree.HoeffdingTreeRegressor"}
    assert is_regressor(build_estimator(EstimatorSpec.model_validate(tree), {}, 5))


@pytest.mark.parametrize(
    ("estimator", "features", "field", "fix"),
    [
        (
            {"type": "river.linear_model.LogisticRegression", "params": {"l3": 1}},
            {},
            "estimator.params.l3",
            "LogisticRegression has no parameter 'l3'; closest: ",
        ),
        (
            {**LOGISTIC, "params": {"optimizer__lr": 1}},
            {},
            "estimator.params.optimizer__lr",
            "has no parameter 'optimizer__lr'",
        ),
        (LOGISTIC, {"weight": "exposure"}, "estimator.type", "takes no `sample_weight`"),
        ({"type": "river.optim.SGD"}, {}, "estimator.type", "Name a classifier"),
        ({"type": "river.naive_bayes.GaussianNB"}, {}, "", "cannot be read again"),
    ],
    ids=["parameter", "nested", "weights", "no model", "not storable"],
)
def test_what_cannot_be_is_refused_with_its_field(
    estimator: dict[str, Any], features: dict[str, str], field: str, fix: str
) -> None:
    error: SpecError
    [error, *_] = check_candidates(declared(estimator, [*TRUSTED, *OF_BAYES], **features))
    assert error.field == f"training.candidates.0{'.' + field if field else ''}"
    assert fix in error.fix
