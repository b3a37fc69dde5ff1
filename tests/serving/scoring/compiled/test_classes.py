"""Compiled classifiers of several classes answer what their pipelines answer."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.serving.packing.parity import check_parity
from mlops_platform.serving.scoring.compiled import trees
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.tasks import Rows
from tests.serving.scoring.compiled.test_model import NAMES, ROWS, SCHEMA, one_hot, ordinal, scaled
from tests.tasks.conftest import task_named

CLASSES = ["early", "on time", "late", "never"]


def outcomes_of(rows: pd.DataFrame) -> Any:
    """Codes of three of the four classes."""
    score = rows["rate"].fillna(0.7) * 3 + (rows["carrier"] == "B6") - (rows["origin"] == "JFK")
    noise = np.random.default_rng(1).normal(size=len(rows))
    return np.digitize(score + noise, [0.5, 1.8]).astype(np.int64)


def finished(estimator: Any, columns: Any, method: str, outcomes: Any = None) -> Any:
    task = task_named("multiclass_classification", classes=CLASSES, calibration=method)
    targets = outcomes_of(ROWS) if outcomes is None else outcomes
    pipeline = Pipeline([("columns", columns), ("estimator", estimator)])
    rows = Rows(ROWS[NAMES], targets)
    return task, task.fit(pipeline, rows, rows).model


LINEAR = LogisticRegression(max_iter=500)
HISTOGRAM = HistGradientBoostingClassifier(max_iter=6, max_leaf_nodes=7, early_stopping=False)


@pytest.mark.parametrize("method", ["temperature", "sigmoid", "isotonic"])
@pytest.mark.parametrize(
    "estimator",
    [
        LINEAR,
        HISTOGRAM,
        RandomForestClassifier(6, max_depth=4, random_state=0),
        ExtraTreesClassifier(6, max_depth=4, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_class_gets_what_the_pipeline_gives_it(estimator: Any, method: str) -> None:
    columns = scaled(StandardScaler(), one_hot(sparse_output=False))
    task, model = finished(estimator, columns, method)

    parity = check_parity(SCHEMA, task, model, ROWS)

    assert parity.compiled, parity.fallback_reason
    assert parity.compiled_max_difference is not None
    assert parity.compiled_max_difference <= 1e-12


def test_of_classes_of_which_two_are_known_both_get_a_probability() -> None:
    columns, two = scaled(StandardScaler(), one_hot()), np.minimum(outcomes_of(ROWS), 1)
    task, model = finished(LINEAR, columns, "temperature", two)

    parity = check_parity(SCHEMA, task, model, ROWS)

    assert parity.compiled, parity.fallback_reason
    assert len(Scorer(SCHEMA, task, model).numbers(ROWS.to_dict("records")[0] | {"rate": 1.0})) == 2


def test_what_is_not_compiled_is_served_by_the_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = scaled(StandardScaler(), ordinal())
    boosting = GradientBoostingClassifier(n_estimators=3)
    task, model = finished(boosting, columns, "temperature")

    parity = check_parity(SCHEMA, task, model, ROWS)

    assert not parity.compiled
    assert "several classes" in str(parity.fallback_reason)
    task, model = finished(HISTOGRAM, columns, "temperature")
    monkeypatch.setattr(trees, "MAX_NODES_OF_CLASSES", 50)
    assert "3 classes are too many" in str(Scorer(SCHEMA, task, model).reason)
