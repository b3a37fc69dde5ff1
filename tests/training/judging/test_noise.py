"""What has no signal does not pass the gate, whatever the task."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import TASKS
from mlops_platform.training.fitting import fit_candidate
from mlops_platform.training.judging.criteria import Criterion, all_criteria
from mlops_platform.training.judging.evaluation import Evaluation, evaluate
from mlops_platform.training.split import split_by_time
from tests.tasks.conftest import labels_of, own_columns, task_named

TRIES = 12
MOST_BY_LUCK = 3
"""Of so many tries at 95 % confidence; the bootstrap over eight days is a little too sure."""
OUTCOME = "outcome"
REGRESSOR = {
    "type": "sklearn.ensemble.HistGradientBoostingRegressor",
    "params": {"categorical_features": [0, 1], "max_iter": 15},
}
DETECTOR = {"type": "sklearn.ensemble.IsolationForest", "params": {"n_estimators": 30}}
CLUSTERER = {"type": "sklearn.cluster.KMeans", "params": {"n_clusters": 3, "n_init": 3}}
ESTIMATORS = {"regressor": REGRESSOR, "detector": DETECTOR, "clusterer": CLUSTERER}


def _declared_as(name: str) -> Callable[[dict[str, Any]], None]:
    def edit(plain: dict[str, Any]) -> None:
        if not issubclass(TASKS[name], type(ModelSpec.model_fields["task"].default)):
            task = task_named(name)
            plain["task"] = task.model_dump()
            for column, kind in task.feature_columns.values():
                plain["features"][kind] = [*plain["features"][kind], column]
            plain["label"]["column"] = OUTCOME
            if not task.has_classes:
                linear, candidate = plain["training"]["candidates"]
                candidate["estimator"] = ESTIMATORS[task.estimator_kind]
                if task.judges_unlabelled:
                    candidate["preprocessing"] = linear["preprocessing"]
        plain["training"]["candidates"] = plain["training"]["candidates"][1:]
        plain["evaluation"] = {"permutation_rows": 100}

    return edit


def _with_outcomes(rows: pd.DataFrame, spec: ModelSpec, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    noise = random.normal(size=len(rows))
    signal = 5 * rows["signal"].fillna(0.0).to_numpy() + noise
    outcomes = labels_of(spec.task, spec.task.synthetic_targets(signal))
    if spec.task.judges_unlabelled:  # what there is to learn is which columns belong together
        rows = rows.assign(noise=signal)
    return rows.assign(**{OUTCOME: outcomes}, **own_columns(spec.task, len(rows), random))


def _shuffled(rows: pd.DataFrame, spec: ModelSpec, seed: int) -> pd.DataFrame:
    """The same with nothing left to learn."""
    column = "noise" if spec.task.judges_unlabelled else spec.label.column
    values = np.random.default_rng(seed).permutation(rows[column].to_numpy())
    return rows.assign(**{column: values})


def _better_than_baseline(spec: ModelSpec, evaluation: Evaluation) -> Criterion:
    criteria = all_criteria(spec, evaluation, None, round_trip=True, serving_fault=None)
    return next(criterion for criterion in criteria if criterion.name == "better_than_baseline")


def _evaluated(spec: ModelSpec, rows: pd.DataFrame, recipe: Any) -> Evaluation:
    """As a fit of the past: what decides here needs no permutations and no timing."""
    split = split_by_time(rows, spec)
    return evaluate(spec, fit_candidate(spec, recipe, split), split, artifact_bytes=None)


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_a_model_of_shuffled_labels_is_not_better_than_the_baseline(
    task: str, declare: Any, make_rows: Any, recipe_for: Any
) -> None:
    spec, recipe = declare(_declared_as(task)), recipe_for("boosting")
    passed = []
    for seed in range(TRIES):
        shuffled = _shuffled(_with_outcomes(make_rows(seed=seed), spec, seed), spec, seed)
        passed.append(_better_than_baseline(spec, _evaluated(spec, shuffled, recipe)).passed)
    assert sum(passed) <= MOST_BY_LUCK


@pytest.mark.parametrize("task", TASKS)
def test_a_model_of_a_signal_is_and_the_baseline_itself_is_not(
    task: str, declare: Any, make_rows: Any, recipe_for: Any
) -> None:
    spec = declare(_declared_as(task))
    evaluation = _evaluated(spec, _with_outcomes(make_rows(), spec, 0), recipe_for("boosting"))
    assert evaluation.baseline_margin is not None
    assert 0 < evaluation.baseline_margin < evaluation.baseline_loss - evaluation.loss
    assert _better_than_baseline(spec, evaluation).passed is True
    itself = evaluation.model_copy(
        update={"loss": evaluation.baseline_loss, "baseline_margin": 0.0}
    )
    refused = _better_than_baseline(spec, itself)
    assert refused.passed is False
    assert refused.description.endswith(
        ": +0.0000 is saved, at 95% confidence more than +0.0000, and must exceed 0"
    )


def test_with_two_test_days_the_mean_alone_decides(
    declare: Any, make_rows: Any, recipe_for: Any
) -> None:
    def two_days(plain: dict[str, Any]) -> None:
        _declared_as("binary_classification")(plain)
        plain["training"]["history"]["split"]["test_days"] = 2

    spec = declare(two_days)
    evaluation = _evaluated(spec, make_rows(), recipe_for("boosting"))
    assert evaluation.baseline_margin is None
    assert _better_than_baseline(spec, evaluation).passed is True
