"""Contributions to the probability of each class, proved row by row."""

from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import Pipeline

from mlops_platform.serving.explaining.class_explainer import ClassExplainer
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.answers import answer_types, explained_answer
from mlops_platform.serving.packing.parity import why_not_explained
from mlops_platform.serving.scoring.explanation import NotExplainable
from mlops_platform.tasks import Rows, Task
from tests.serving.explaining.test_explainer import NAMES, ROWS, SCHEMA, coded, one_hot
from tests.tasks.conftest import task_named

CLASSES = ["early", "on time", "late", "never"]
ROW_OF_EACH = rows_of(SCHEMA, ROWS[:40])


def outcomes_of(rows: pd.DataFrame) -> Any:
    """Codes of three of the four classes."""
    noise = np.random.default_rng(1).normal(size=len(rows))
    score = rows["rate"].fillna(0.7) * 3 + rows["is_late"] + noise
    return np.digitize(score, [0.7, 2.0]).astype(np.int64)


def finished(estimator: Any, columns: Any, method: str, outcomes: Any = None) -> tuple[Task, Any]:
    task = task_named("multiclass_classification", classes=CLASSES, calibration=method)
    targets = outcomes_of(ROWS) if outcomes is None else outcomes
    pipeline = Pipeline([("columns", columns), ("estimator", estimator)])
    rows = Rows(ROWS[NAMES], targets)
    return task, task.fit(pipeline, rows, rows).model


def boosting() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=6, max_leaf_nodes=7, early_stopping=False, categorical_features=[0, 1]
    )


MODELS = {
    "logistic": lambda: finished(LogisticRegression(max_iter=300), one_hot(), "temperature"),
    "sgd": lambda: finished(SGDClassifier(random_state=0), one_hot(), "temperature"),
    "boosting": lambda: finished(boosting(), coded(), "temperature"),
    "two known": lambda: finished(
        LogisticRegression(), one_hot(), "temperature", np.minimum(outcomes_of(ROWS), 1)
    ),
}


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    return {name: make()[1] for name, make in MODELS.items()}


@pytest.mark.parametrize("name", MODELS)
def test_contributions_add_up_to_the_logarithm_of_each_probability(
    name: str, models: dict[str, Any]
) -> None:
    model = models[name]
    explainer = ClassExplainer.of(model, SCHEMA, ROW_OF_EACH)
    stated = model.predict_proba(frame_of(SCHEMA, ROW_OF_EACH))

    assert explainer.prove(ROW_OF_EACH, stated.tolist()) <= 1e-9
    for row, probabilities in zip(ROW_OF_EACH, stated, strict=True):
        centred = np.log(probabilities) - np.log(probabilities).mean()
        for explanation, expected in zip(explainer.explanations(row), centred, strict=True):
            assert list(explanation.contributions) == list(SCHEMA.names)
            summed = explanation.base + sum(explanation.contributions.values())
            assert summed == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["logistic", "boosting"])
def test_they_are_the_raw_scores_of_the_estimator_by_class(
    name: str, models: dict[str, Any]
) -> None:
    model = models[name]
    pipeline = model.calibrated_classifiers_[0].estimator.estimator
    factor = model.calibrated_classifiers_[0].calibrators[0].beta_
    raw = factor * pipeline.decision_function(frame_of(SCHEMA, ROW_OF_EACH))
    explainer = ClassExplainer.of(model, SCHEMA, ROW_OF_EACH)

    totals = np.array([[part.total for part in explainer.explanations(row)] for row in ROW_OF_EACH])

    np.testing.assert_allclose(totals, raw - raw.mean(axis=1, keepdims=True), atol=1e-9)


def test_what_constants_add_to_a_class_is_in_its_base_and_in_the_answer(
    models: dict[str, Any],
) -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    constants = {"known_4": 0.0, "factor_1": 0.5, "factor_2": 1.0, "factor_3": 3.0}
    classes = task.explained_classes(constants)
    explainer = ClassExplainer.of(models["boosting"], SCHEMA, ROW_OF_EACH)
    plain = explainer.explanations(ROW_OF_EACH[0])

    moved = explainer.explanations(ROW_OF_EACH[0], tuple(classes.values()))

    assert classes == {"early": log(0.5), "on time": 0.0, "late": pytest.approx(log(3))}
    assert [part.contributions for part in moved] == [part.contributions for part in plain]
    numbers = models["boosting"].predict_proba(frame_of(SCHEMA, ROW_OF_EACH[:1]))[0]
    answer = task.shown(task.answer(numbers.tolist(), constants))["probabilities"]
    for name, explanation in zip(classes, moved, strict=True):
        assert explanation.number == pytest.approx(answer[name], abs=4e-6)  # of what has a floor


def test_classes_that_no_tree_splits_for_have_their_bases_alone() -> None:
    constant = boosting().set_params(min_samples_leaf=len(ROWS))
    _, model = finished(constant, coded(), "temperature")
    explainer = ClassExplainer.of(model, SCHEMA, ROW_OF_EACH)
    stated = model.predict_proba(frame_of(SCHEMA, ROW_OF_EACH))

    assert explainer.prove(ROW_OF_EACH, stated.tolist()) <= 1e-9

    explanations = explainer.explanations(ROW_OF_EACH[0])
    assert {value for part in explanations for value in part.contributions.values()} == {0.0}


def test_what_does_not_add_up_is_refused(models: dict[str, Any]) -> None:
    explainer = ClassExplainer.of(models["logistic"], SCHEMA, ROW_OF_EACH)
    stated = models["logistic"].predict_proba(frame_of(SCHEMA, ROW_OF_EACH[:1])).tolist()
    swapped = [[stated[0][1], stated[0][0], stated[0][2]]]
    with pytest.raises(NotExplainable, match="beside the answer"):
        explainer.prove(ROW_OF_EACH[:1], swapped)
    with pytest.raises(NotExplainable):
        explainer.prove(ROW_OF_EACH[:1], [[float("nan"), 0.5, 0.5]])
    assert explainer.prove(ROW_OF_EACH[:0], []) == 0.0


def test_packaging_proves_every_class_also_with_missing_and_unseen_values(
    models: dict[str, Any],
) -> None:
    rows = ROWS.assign(key="k")
    for name in ("logistic", "boosting"):
        task, model = task_named("multiclass_classification", classes=CLASSES), models[name]
        golden = choose_golden_rows(SCHEMA, task, model, rows, 5)
        assert why_not_explained(SCHEMA, task, model, golden, rows) is None


def test_the_answer_has_the_contributions_of_each_class_by_its_name(
    models: dict[str, Any],
) -> None:
    task = task_named("multiclass_classification", classes=CLASSES)
    explainer = ClassExplainer.of(models["logistic"], SCHEMA, ROW_OF_EACH)
    classes = task.explained_classes({"known_4": 0.0})

    answer = explained_answer(task, classes, explainer.explanations(ROW_OF_EACH[0]))

    assert list(answer["classes"]) == CLASSES[:3]
    documented = answer_types(task).explained.model_fields["classes"].annotation
    (_, of_class) = documented.__args__
    for name in CLASSES[:3]:
        told = of_class.model_validate(answer["classes"][name])
        assert told.base + sum(told.contributions.values()) == pytest.approx(told.explained_score)
