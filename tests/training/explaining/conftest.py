"""A regression and a classifier on rows of every kind of column, fitted once."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished, Predictions
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.rows import features_of
from mlops_platform.training.split import Split, split_by_time
from tests.training.conftest import DECLARED


class Explained(NamedTuple):
    """A fitted candidate with what it says of its test rows."""

    spec: ModelSpec
    candidate: Finished
    rows: pd.DataFrame
    predictions: Predictions
    fitted: pd.DataFrame

    def weighted(self) -> "Explained":
        """The same with a weight of each row."""
        weights = np.random.default_rng(2).uniform(0.1, 4, len(self.rows))
        return self._replace(predictions=self.predictions.weighted(weights))


@pytest.fixture(scope="session")
def explain() -> Callable[..., Explained]:
    """Fit the tiny model, declared otherwise, on rows that were edited."""

    def fitted(
        rows: pd.DataFrame,
        edit: Callable[[dict[str, Any]], object] = lambda plain: None,
        candidate: str = "boosting",
    ) -> Explained:
        from mlops_platform.training.search.search import Recipe

        plain = deepcopy(DECLARED)
        edit(plain)
        spec = ModelSpec.model_validate(plain)
        split: Split = split_by_time(rows, spec)
        loss = spec.task.loss
        recipe = Recipe(
            candidate=candidate,
            params={},
            metric=loss,
            greater_is_better=False,
            score=0.5,
            trials=(),
        )
        model = fit_candidate(spec, recipe, split)
        features = features_of(split.test, spec)
        stated = spec.task.predict(model.model, model.constants, features)
        return Explained(spec, model, split.test.reset_index(drop=True), stated, split.train)

    return fitted


@pytest.fixture(scope="session")
def tiny(explain: Callable[..., Explained], rows: pd.DataFrame) -> Explained:
    return explain(rows)


def regressing(plain: dict[str, Any]) -> None:
    """Minutes instead of a flag, by a line."""
    plain["task"] = {"type": "regression", "loss": "squared_error", "coverage": 0.8}
    plain["label"]["column"] = "minutes"
    plain["monitoring"] = {"performance": {"loss_increase": {"warn": 1.0, "error": 2.0}}}
    plain["retraining"] = {"policy": {"rule": "performance", "loss_increase": 1.0}}
    plain["release"] = {"probation": {"loss_increase": 2.0}}
    linear = deepcopy(plain["training"]["candidates"][0])
    linear["estimator"] = {"type": "sklearn.linear_model.LinearRegression"}
    plain["training"]["candidates"] = [linear]


@pytest.fixture(scope="session")
def line(explain: Callable[..., Explained], rows: pd.DataFrame) -> Explained:
    """A regression whose prediction is a sum over features."""
    random = np.random.default_rng(5)
    colour = (rows["colour"] == "red").to_numpy(dtype=float)
    minutes = 3 * rows["signal"].fillna(0.0) + 2 * colour + random.normal(size=len(rows))
    return explain(rows.assign(minutes=minutes), regressing, "linear")
