"""Every task with every loss, and what it makes of a few rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import OneClassSVM

from mlops_platform.tasks import TASKS, Finished, Predictions, Rows, Task

LEAST_OPTIONS: dict[str, dict[str, Any]] = {
    "multiclass_classification": {
        "classes": ["low", "middle ones", 'the "highest"'],
        # With more, rows that are there twice would fill more of them.
        "calibration_bins": 5,
    },
    "anomaly_detection": {"budget": {"share": 0.1}},
    "forecasting": {"horizon": 7, "season": 7, "seasonal_naive": "naive_value"},
    "ranking": {"group": "group_number", "rule": "rule_value", "k": 2},
}
"""What a task of a type needs to be told, beside its type."""
OTHER_OPTIONS: dict[str, dict[str, Any]] = {"forecasting": {"target": "seasonal_difference"}}
"""Of tasks that another option makes another computation, once more for each type."""
ESTIMATORS = {
    "classifier": LogisticRegression,
    "regressor": LinearRegression,
    # Its solver stops where the weights of its rows let it, unless it has to be exact.
    "detector": partial(OneClassSVM, tol=1e-10),
    "clusterer": partial(KMeans, n_clusters=2, n_init=5, random_state=0, tol=0.0),
}
ROWS = 300
MOMENTS = np.datetime64("2024-01-01T00") + np.arange(ROWS) // 10 * np.timedelta64(24, "h")
"""Of the rows, ten each day."""


def task_named(name: str, **options: Any) -> Task:
    """A task of a type, with what it needs to be told."""
    return TASKS[name].model_validate({"type": name, **LEAST_OPTIONS.get(name, {}), **options})


def every_task() -> Iterator[Task]:
    """One of each type and loss, and of options that compute otherwise."""
    for name, task_type in TASKS.items():
        for loss in get_args(task_type.model_fields["loss"].annotation):
            yield task_named(name, loss=loss)
        if name in OTHER_OPTIONS:
            yield task_named(name, **OTHER_OPTIONS[name])


def labels_of(task: Task, targets: Any) -> list[Any]:
    """Targets as the column of a label table has them."""
    classes = getattr(task, "classes", None)
    return targets.tolist() if classes is None else [classes[code] for code in targets]


def adapting_tasks() -> Iterator[Task]:
    """One of each type whose constants may follow the outcomes."""
    for name, task_type in TASKS.items():
        if "adaptation" in task_type.model_fields:
            yield task_named(name, adaptation={})


@dataclass(frozen=True)
class Trained:
    """A task with a model that it finished.

    Args:
        targets, features: of rows that the model has not seen.
        numbers: what the model says of them, shape (rows, numbers).
    """

    task: Task
    finished: Finished
    targets: Any
    features: pd.DataFrame
    numbers: Any

    @property
    def predictions(self) -> Predictions:
        return self.task.predictions(self.numbers, self.finished.constants).at(MOMENTS)

    @property
    def baseline_predictions(self) -> Predictions:
        constants, baseline = self.finished.constants, self.finished.baseline
        rows = len(self.targets)
        return self.task.baseline_predictions(baseline, constants, rows, self.predictions)


def rows_of(task: Task, seed: int) -> Rows:
    random = np.random.default_rng(seed)
    features = pd.DataFrame(random.normal(size=(ROWS, 2)), columns=["a", "b"])
    signal = features["a"].to_numpy() + random.normal(size=ROWS)
    features["c"] = features["a"] + 0.2 * random.normal(size=ROWS)  # columns that belong together
    features = features.assign(**own_columns(task, ROWS, random))
    return Rows(features, task.synthetic_targets(signal))


def own_columns(task: Task, rows: int, random: np.random.Generator) -> dict[str, Any]:
    """Features that a task names itself, which tell nothing of the targets."""
    kinds = dict(task.feature_columns.values())
    drawn = {
        column: random.normal(size=rows) if kind == "numeric" else random.choice(["x", "y"], rows)
        for column, kind in kinds.items()
    }
    return {**drawn, **task.synthetic_columns(rows)}


def pipeline_of(task: Task) -> Pipeline:
    """One that can do the task, not fitted yet."""
    columns = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(sparse_output=False), make_column_selector(dtype_exclude="number")),
    )
    return make_pipeline(columns, ESTIMATORS[task.estimator_kind]())


@pytest.fixture(
    scope="session", params=[*every_task()], ids=lambda task: f"{task.type}-{task.loss}"
)
def task(request: pytest.FixtureRequest) -> Task:
    chosen: Task = request.param
    return chosen


def trained_as(task: Task) -> Trained:
    """A model of the task, and what it says of rows that it has not seen."""
    finished = task.fit(pipeline_of(task), rows_of(task, 0), rows_of(task, 1))
    features, targets, *_ = rows_of(task, 2)
    return Trained(task, finished, targets, features, task.numbers(finished.model, features))


@pytest.fixture(scope="session")
def trained(task: Task) -> Trained:
    return trained_as(task)
