"""Which models are explained exactly: the table of docs/explanations.md, proved row by row."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from pandas.api.types import is_numeric_dtype
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from mlops_platform.errors import ServingError
from mlops_platform.serving.explaining.class_explainer import ClassExplainer
from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.tasks import Rows, Task
from tests.serving.explaining.test_explainer import NAMES, ROWS, SCHEMA, coded, one_hot
from tests.tasks.anomaly_detection.conftest import detector
from tests.tasks.anomaly_detection.conftest import rows_with as unusual_rows
from tests.tasks.clustering.conftest import TASK as CLUSTERING
from tests.tasks.conftest import task_named
from tests.tasks.ranking.conftest import ranking
from tests.tasks.ranking.conftest import rows_with as ranked_rows

DOCUMENT = PROJECT_ROOT / "docs" / "explanations.md"
HEADER = "| model | finished by | contributions to |\n|---|---|---|"
LOG_ODDS, NUMBER = "the log-odds", "the prediction"
SCORES, SCORE = "the score of each class", "the score"


class Case(NamedTuple):
    """One row of the document.

    Args:
        told: what contributions add up to, or words of the refusal.
    """

    model: str
    finished: str
    told: str
    make: Callable[[], Any]

    @property
    def row(self) -> str:
        shown = self.told if self.is_exact else f"refused: `{self.told}`"
        return f"| {self.model} | {self.finished} | {shown} |"

    @property
    def is_exact(self) -> bool:
        return self.told in (LOG_ODDS, NUMBER, SCORES, SCORE)


def classifier(estimator: Any, columns: Any = None) -> Any:
    pipeline = Pipeline([("columns", columns or one_hot()), ("estimator", estimator)])
    return pipeline.fit(ROWS[NAMES], ROWS["is_late"])


def finished(pipeline: Any, method: str) -> Any:
    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method=method)
    return model.fit(ROWS[NAMES], ROWS["is_late"])


def regressor(estimator: Any, columns: Any = None) -> Any:
    """Two numbers, as a regression's heads: minutes, and half of them."""
    minutes = 5 + ROWS["rate"].fillna(0) ** 2 + 2 * ROWS["is_late"]
    heads = np.column_stack([minutes, minutes / 2])
    pipeline = Pipeline(
        [("columns", columns or one_hot()), ("estimator", MultiOutputRegressor(estimator))]
    )
    return pipeline.fit(ROWS[NAMES], heads)


def of_classes(estimator: Any, method: str, columns: Any = None) -> Any:
    """Late by how much, in three classes."""
    task = task_named(
        "multiclass_classification", classes=["early", "late", "very late"], calibration=method
    )
    targets = ROWS["is_late"] * (1 + (ROWS["delay"].fillna(0) > 0.5))
    rows = Rows(ROWS[NAMES], targets.to_numpy(dtype=np.int64))
    pipeline = Pipeline([("columns", columns or one_hot()), ("estimator", estimator)])
    return task.fit(pipeline, rows, rows).model


def boosting() -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=5, early_stopping=False, categorical_features=[0, 1]
    )


def hist_regressor(loss: str) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(max_iter=5, early_stopping=False, loss=loss)


LINEAR = "linear models (logistic regression, SGD, ridge)"
BOOSTED = "gradient boosting, of histograms or not"
FOREST = "random forests, extra trees, one tree"
CASES = [
    Case(
        LINEAR, "sigmoid", LOG_ODDS, lambda: finished(classifier(LogisticRegression()), "sigmoid")
    ),
    Case(
        LINEAR,
        "temperature",
        LOG_ODDS,
        lambda: finished(classifier(LogisticRegression()), "temperature"),
    ),
    Case(
        BOOSTED, "sigmoid", LOG_ODDS, lambda: finished(classifier(boosting(), coded()), "sigmoid")
    ),
    Case(
        BOOSTED,
        "temperature",
        LOG_ODDS,
        lambda: finished(classifier(boosting(), coded()), "temperature"),
    ),
    Case(
        FOREST,
        "sigmoid",
        LOG_ODDS,
        lambda: finished(classifier(RandomForestClassifier(5, max_depth=4)), "sigmoid"),
    ),
    Case(
        FOREST,
        "temperature",
        "nor to log-odds of averaged probabilities",
        lambda: finished(classifier(DecisionTreeClassifier(max_depth=4)), "temperature"),
    ),
    Case(
        "any classifier",
        "isotonic",
        "nothing adds up to the steps of isotonic calibration",
        lambda: finished(classifier(LogisticRegression()), "isotonic"),
    ),
    Case(
        "neural networks",
        "any",
        "MLPClassifier has no exact contributions",
        lambda: finished(classifier(MLPClassifier((2,), max_iter=5)), "sigmoid"),
    ),
    Case(
        "naive Bayes",
        "any",
        "GaussianNB has no exact contributions",
        lambda: finished(
            classifier(GaussianNB(), one_hot().set_params(sparse_threshold=0)), "sigmoid"
        ),
    ),
    Case(
        "other ensembles, as AdaBoost",
        "any",
        "AdaBoostClassifier has no exact contributions",
        lambda: finished(classifier(AdaBoostClassifier(n_estimators=3)), "sigmoid"),
    ),
    Case("linear regressions", "", NUMBER, lambda: regressor(Ridge())),
    Case(
        f"{BOOSTED}, squared, absolute or quantile loss",
        "",
        NUMBER,
        lambda: regressor(hist_regressor("absolute_error"), coded()),
    ),
    Case(
        f"{BOOSTED}, Poisson or gamma loss",
        "",
        "is a logarithm",
        lambda: regressor(hist_regressor("poisson"), coded()),
    ),
    Case(
        f"{FOREST}, for numbers",
        "",
        NUMBER,
        lambda: regressor(RandomForestRegressor(4, max_depth=4)),
    ),
    Case(
        "nearest neighbours",
        "",
        "KNeighborsRegressor has no exact contributions",
        lambda: regressor(KNeighborsRegressor()),
    ),
]


SEVERAL = "of several classes"
CLASS_CASES = [
    Case(
        f"{LINEAR}, {SEVERAL}",
        "temperature",
        SCORES,
        lambda: of_classes(LogisticRegression(max_iter=300), "temperature"),
    ),
    Case(
        f"gradient boosting of histograms, {SEVERAL}",
        "temperature",
        SCORES,
        lambda: of_classes(boosting(), "bias_corrected_temperature", coded()),
    ),
    Case(
        f"gradient boosting not of histograms, {SEVERAL}",
        "any",
        "GradientBoostingClassifier of several classes has no compiled form",
        lambda: of_classes(GradientBoostingClassifier(n_estimators=2), "temperature"),
    ),
    Case(
        f"{FOREST}, {SEVERAL}",
        "any",
        "logarithms of the averaged probabilities of RandomForestClassifier",
        lambda: of_classes(RandomForestClassifier(5, max_depth=4), "temperature"),
    ),
    Case(
        f"any classifier, {SEVERAL}",
        "sigmoid, isotonic",
        "nothing adds up to what makes them add up to 1",
        lambda: of_classes(LogisticRegression(max_iter=300), "sigmoid"),
    ),
    Case(
        f"neural networks, {SEVERAL}",
        "any",
        "logarithms of the averaged probabilities of MLPClassifier",
        lambda: of_classes(MLPClassifier((2,), max_iter=5), "temperature"),
    ),
]


OF_ALL_ESTIMATORS = "has no exact contributions"
OTHER_CASES = [
    Case(
        f"{what}, that order rows (ranking)",
        "",
        SCORE,
        lambda estimator=estimator: of_ranking(estimator),
    )
    for what, estimator in {
        "linear regressions": Ridge(),
        BOOSTED: hist_regressor("squared_error"),
        FOREST: RandomForestRegressor(4, max_depth=3),
    }.items()
] + [
    Case(
        "isolation forests, whatever else finds anomalies",
        "",
        f"IsolationForest {OF_ALL_ESTIMATORS}",
        lambda: of_anomalies(IsolationForest(n_estimators=5)),
    ),
    Case(
        "clusters of centres",
        "",
        "a distance from a centre is no sum over features",
        lambda: of_clusters(KMeans(3, n_init=1, random_state=0)),
    ),
    Case(
        "whatever else finds clusters, as mixtures",
        "",
        f"GaussianMixture {OF_ALL_ESTIMATORS}",
        lambda: of_clusters(GaussianMixture(3, random_state=0)),
    ),
]


class Told(NamedTuple):
    """A finished model of a task, and rows that it is asked about."""

    task: Task
    model: Any
    features: Any

    @property
    def schema(self) -> FeatureSchema:
        columns = [
            NumericColumn(name=name, missing_allowed=False, minimum=None, maximum=None)
            if is_numeric_dtype(values)
            else CategoricalColumn(
                name=name, missing_allowed=False, categories=tuple(sorted(set(values)))
            )
            for name, values in self.features.items()
        ]
        return FeatureSchema(model="m", entity="key", label="label", columns=tuple(columns))


def of_ranking(estimator: Any) -> Told:
    columns = make_column_transformer((StandardScaler(), ["signal", "usual"]))
    seen, unseen = (ranked_rows(60, seed) for seed in (0, 1))
    task = ranking()
    model = task.fit(make_pipeline(columns, estimator), seen, unseen).model
    return Told(task, model, seen.features.head(20))


def of_anomalies(estimator: Any) -> Told:
    seen, unseen = (unusual_rows(20, seed) for seed in (0, 1))
    task = detector()
    model = task.fit(make_pipeline(StandardScaler(), estimator), seen, unseen).model
    return Told(task, model, seen.features.head(20))


def of_clusters(estimator: Any) -> Told:
    rows = unusual_rows(20, 0)
    model = CLUSTERING.fit(make_pipeline(StandardScaler(), estimator), rows, rows).model
    return Told(CLUSTERING, model, rows.features.head(20))


@pytest.mark.parametrize("case", OTHER_CASES, ids=lambda case: case.model)
def test_what_has_no_label_or_an_order_is_explained_exactly_or_refused(case: Case) -> None:
    task, model, features = told = case.make()
    rows = rows_of(told.schema, features)
    if not case.is_exact:
        with pytest.raises(ServingError, match=case.told):
            Explainer.of(model, told.schema, rows)
        return
    numbers = task.numbers(model, frame_of(told.schema, rows))
    explainer = Explainer.of(model, told.schema, rows)
    assert explainer.verify(rows, numbers[:, 0].tolist()) <= 1e-9


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", CLASS_CASES, ids=lambda case: f"{case.model}, {case.finished}")
def test_every_class_is_explained_exactly_or_refused_in_words(case: Case) -> None:
    model, rows = case.make(), rows_of(SCHEMA, ROWS[:30])
    if not case.is_exact:
        with pytest.raises(ServingError, match=case.told):
            ClassExplainer.of(model, SCHEMA, rows)
        return
    stated = model.predict_proba(frame_of(SCHEMA, rows))
    assert ClassExplainer.of(model, SCHEMA, rows).prove(rows, stated.tolist()) <= 1e-9


def said(model: Any, rows: list[Any]) -> Any:
    """What a model says of rows, shape (rows, numbers)."""
    frame = frame_of(SCHEMA, rows)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(frame)[:, 1:]
    return model.predict(frame)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.model}, {case.finished}")
def test_a_model_is_explained_exactly_or_refused_in_words(case: Case) -> None:
    model, rows = case.make(), rows_of(SCHEMA, ROWS[:30])
    if not case.is_exact:
        with pytest.raises(ServingError, match=case.told):
            Explainer.of(model, SCHEMA, rows)
        return
    numbers = said(model, rows)
    for number in range(numbers.shape[1]):
        explainer = Explainer.of(model, SCHEMA, rows, number)
        assert explainer.verify(rows, numbers[:, number].tolist()) <= 1e-9


@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeRegressor(max_depth=5),
        ExtraTreesRegressor(3, max_depth=5),
        GradientBoostingRegressor(n_estimators=4),
        hist_regressor("squared_error"),
        hist_regressor("quantile").set_params(quantile=0.9),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_every_head_of_a_regression_is_explained(estimator: Any) -> None:
    model, rows = regressor(estimator), rows_of(SCHEMA, ROWS[:20])
    for number, numbers in enumerate(said(model, rows).T):
        explainer = Explainer.of(model, SCHEMA, number=number)
        assert explainer.verify(rows, numbers.tolist()) <= 1e-9


def test_the_document_shows_these_models_and_no_other() -> None:
    table = "\n".join([HEADER, *(case.row for case in (*CASES, *CLASS_CASES, *OTHER_CASES))])
    assert table in DOCUMENT.read_text(encoding="utf-8").split("\n\n"), table
