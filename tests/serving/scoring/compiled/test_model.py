"""The compiled model answers what the pipeline answers, or says why it cannot be had."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.packing.parity import check_parity
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.serving.scoring.compiled import trees
from mlops_platform.serving.scoring.compiled.links import Isotonic, expit
from mlops_platform.serving.scoring.compiled.model import (
    CompiledModel,
    NotCompilable,
    compile_model,
)
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import _unrounded
from mlops_platform.serving.scoring.compiled.tree_predictors import TreePredictors
from mlops_platform.serving.scoring.compiled.trees import CompiledTrees, TreeliteTrees
from mlops_platform.serving.scoring.rounding import TOLERANCE
from mlops_platform.serving.scoring.scorer import Scorer, UnscorableRow
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.binary_classification.calibration import positive_scores

# A name may be anything: none of it may end up as code.
HOSTILE = "year'] or exit()\n#\"\\"
NUMERIC = ("distance", "rate", HOSTILE, "day")
TEXT = ("carrier", "origin")
NAMES = [*NUMERIC, *TEXT]
COUNT = 1500

SCHEMA = FeatureSchema(
    model="compiled",
    entity="key",
    label="is_late",
    columns=(
        NumericColumn(name="distance", missing_allowed=False, minimum=0, maximum=1),
        NumericColumn(name="rate", missing_allowed=True, minimum=0, maximum=1),
        NumericColumn(name=HOSTILE, missing_allowed=False, minimum=0, maximum=1),
        NumericColumn(name="day", missing_allowed=True, minimum=1, maximum=7),
        CategoricalColumn(name="carrier", missing_allowed=True, categories=("AA",)),
        CategoricalColumn(name="origin", missing_allowed=False, categories=("EWR",)),
    ),
)


def make_rows() -> pd.DataFrame:
    random = np.random.default_rng(3)
    rate, day = random.random(COUNT), random.integers(1, 8, COUNT).astype(float)
    rate[random.random(COUNT) < 0.1] = np.nan
    day[random.random(COUNT) < 0.1] = np.nan
    carriers = np.array(["AA", "B6", "UA", "DL", "rare", "nan", "None"], dtype=object)
    carrier = random.choice(carriers, COUNT, p=[0.3, 0.3, 0.2, 0.15, 0.01, 0.02, 0.02])
    carrier[random.random(COUNT) < 0.1] = None
    rows = pd.DataFrame(
        {
            "distance": random.normal(1000, 300, COUNT),
            "rate": rate,
            # Far from zero, with a small deviation: `factor * value + constant` would cancel.
            HOSTILE: 1e9 + random.normal(size=COUNT),
            "day": day,
            "carrier": carrier,
            "origin": random.choice(np.array(["EWR", "JFK", "LGA"], dtype=object), COUNT),
        }
    )
    risk = rows["rate"].fillna(0.7) * 3 + (rows["carrier"] == "B6") - (rows["origin"] == "JFK")
    rows["is_late"] = risk + (rows[HOSTILE] - 1e9) + random.normal(size=COUNT) > 2
    return rows


ROWS = make_rows()


def fit(columns: Any, estimator: Any, *steps: Any, method: str = "sigmoid") -> Any:
    named = [(f"step_{at}", step) for at, step in enumerate(steps)]
    pipeline = Pipeline([("columns", columns), *named, ("estimator", estimator)])
    pipeline.fit(ROWS[NAMES], ROWS["is_late"])
    calibrated = CalibratedClassifierCV(FrozenEstimator(pipeline), method=method)
    return calibrated.fit(ROWS[NAMES], ROWS["is_late"])


def scaled(scaler: Any, encoder: Any, numeric: tuple[str, ...] = NUMERIC) -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), scaler)
    return ColumnTransformer([("numeric", numbers, list(numeric)), ("text", encoder, list(TEXT))])


def one_hot(**options: Any) -> OneHotEncoder:
    return OneHotEncoder(**{"handle_unknown": "ignore", **options})


def ordinal(missing: float = -1) -> OrdinalEncoder:
    return OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        encoded_missing_value=missing,
        max_categories=5,
    )


def coded() -> ColumnTransformer:
    """As the flights do it for trees: categories first."""
    return ColumnTransformer(
        [("text", ordinal(), list(TEXT)), ("numeric", "passthrough", list(NUMERIC))]
    )


def logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=500)


def forest(**options: Any) -> RandomForestClassifier:
    return RandomForestClassifier(20, min_samples_leaf=5, random_state=0, **options)


def histogram(**options: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(max_iter=20, early_stopping=False, **options)


RARE = {"handle_unknown": "infrequent_if_exist", "min_frequency": 60}
MAKERS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: fit(scaled(StandardScaler(), one_hot(**RARE)), logistic()),
    "logistic, min-max": lambda: fit(
        # `value * scale + minimum` cancels far from zero, in scikit-learn as well.
        scaled(MinMaxScaler(), one_hot(drop="first"), ("distance", "rate", "day")),
        logistic(),
    ),
    "logistic, robust": lambda: fit(scaled(RobustScaler(), one_hot(max_categories=3)), logistic()),
    "logistic, max-abs": lambda: fit(
        scaled(MaxAbsScaler(), one_hot(sparse_output=False)), logistic()
    ),
    "logistic, target": lambda: fit(
        scaled(StandardScaler(), TargetEncoder(random_state=0)), logistic()
    ),
    "logistic, scaled codes": lambda: fit(
        scaled(StandardScaler(), make_pipeline(ordinal(-2), StandardScaler())), logistic()
    ),
    "logistic, selected": lambda: fit(
        scaled(StandardScaler(), one_hot()), logistic(), SelectKBest(k=7), MinMaxScaler()
    ),
    "logistic, isotonic": lambda: fit(
        scaled(StandardScaler(), one_hot()), logistic(), method="isotonic"
    ),
    "logistic, temperature": lambda: fit(
        scaled(StandardScaler(), one_hot()), logistic(), method="temperature"
    ),
    "stochastic gradient": lambda: fit(
        scaled(StandardScaler(), one_hot()), SGDClassifier(random_state=0)
    ),
    "text imputed, number encoded, rest dropped": lambda: fit(
        ColumnTransformer(
            [
                ("a", make_pipeline(_known("missing"), one_hot()), ["carrier"]),
                ("b", one_hot(), ["day"]),
                ("c", "passthrough", ["distance"]),
            ]
        ),
        logistic(),
    ),
    "rest passed through": lambda: fit(
        ColumnTransformer([("a", ordinal(), list(TEXT))], remainder="passthrough"), histogram()
    ),
    "histogram": lambda: fit(coded(), histogram(categorical_features=[0, 1])),
    "histogram, numbers as categories": lambda: fit(
        coded(), histogram(categorical_features=[0, 5], max_leaf_nodes=None, min_samples_leaf=3)
    ),
    "histogram, temperature": lambda: fit(coded(), histogram(), method="temperature"),
    "forest, temperature": lambda: fit(coded(), forest(), method="temperature"),
    "gradient": lambda: fit(
        scaled(StandardScaler(), one_hot()), GradientBoostingClassifier(n_estimators=20)
    ),
    "forest": lambda: fit(coded(), forest()),
    "extra trees": lambda: fit(coded(), ExtraTreesClassifier(10, random_state=0)),
}


def _known(fill: str) -> SimpleImputer:
    return SimpleImputer(missing_values=None, strategy="constant", fill_value=fill)


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    """Each model, fitted once."""
    models: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in models:
            models[name] = MAKERS[name]()
        return models[name]

    return make


def strange() -> list[dict[str, Any]]:
    """Rows as requests may bring them: at the edges, missing, never seen."""
    rows = rows_of(SCHEMA, ROWS[:40])
    changes = [
        *({"carrier": text} for text in ("ZZ", "", "nan", "None", None, "é\u2028", "A" * 256)),
        *({"origin": "ZZ", "rate": None, "day": None}, {"day": 8.0}, {"day": 2.5}),
        *({"distance": number} for number in (-0.0, 1e30, -1e30, 5e-324, 1000.0000001)),
    ]
    return [row | change for row in rows for change in changes]


@pytest.mark.parametrize("name", MAKERS)
def test_the_compiled_model_answers_what_the_pipeline_answers(
    made: Callable[[str], Any], name: str
):
    model = made(name)
    rows = rows_of(SCHEMA, ROWS) + strange()
    compiled, offline = (
        compile_model(model, SCHEMA),
        positive_scores(model, frame_of(SCHEMA, rows)),
    )
    assert np.ptp(offline) > 0.1
    alone = [compiled.numbers(row) for row in rows]
    assert abs(offline[:, None] - alone).max() <= TOLERANCE
    by_position = compiled.by_position(NAMES)
    assert [by_position.numbers([row[name] for name in NAMES]) for row in rows] == alone
    assert compiled.numbers_of(rows) == alone
    columns = [[row[name] for row in rows] for name in NAMES]
    assert by_position.numbers_by_column(columns, len(rows)) == alone


@pytest.mark.parametrize("name", ["histogram", "gradient", "forest", "extra trees"])
def test_too_many_trees_go_through_treelite(
    made: Callable[[str], Any], name: str, monkeypatch: pytest.MonkeyPatch
):
    model, rows = made(name), rows_of(SCHEMA, ROWS) + strange()
    assert isinstance(compile_model(model, SCHEMA).heads[0].score, CompiledTrees)
    monkeypatch.setattr(trees, "MAX_NODES", 10)
    compiled, offline = (
        compile_model(model, SCHEMA),
        positive_scores(model, frame_of(SCHEMA, rows)),
    )
    assert isinstance(compiled.heads[0].score, TreeliteTrees)
    assert abs(offline[:, None] - compiled.numbers_of(rows)).max() <= TOLERANCE
    assert compiled.numbers(rows[3]) == pytest.approx((offline[3],), abs=TOLERANCE)
    by_column = compiled.numbers_by_column(
        {name: [row[name] for row in rows] for name in NAMES}, len(rows)
    )
    assert abs(offline[:, None] - by_column).max() <= TOLERANCE


NUMBERS = st.floats(-1e30, 1e30) | st.sampled_from(ROWS["distance"].tolist())


@pytest.fixture(scope="module")
def compiled_models(made: Callable[[str], Any]) -> list[tuple[Any, CompiledModel]]:
    models = [made(name) for name in ("histogram", "forest", "logistic")]
    return [(model, compile_model(model, SCHEMA)) for model in models]


@settings(max_examples=60)
@given(NUMBERS, NUMBERS | st.none(), NUMBERS | st.none(), st.text(max_size=5) | st.none())
def test_any_row_is_answered_alike(
    compiled_models: list[tuple[Any, CompiledModel]],
    distance: float,
    rate: float | None,
    day: float | None,
    carrier: str | None,
):
    change = {"distance": distance, "rate": rate, "day": day, "carrier": carrier}
    row = rows_of(SCHEMA, ROWS[:1])[0] | change
    for model, compiled in compiled_models:
        (offline,) = positive_scores(model, frame_of(SCHEMA, [row]))
        assert abs(compiled.numbers(row)[0] - offline) <= TOLERANCE
        columns = {name: [value] for name, value in row.items()}
        assert compiled.numbers_by_column(columns, 1) == [compiled.numbers(row)]


@given(st.floats(-1e37, 1e37), st.floats(-1e37, 1e37), st.integers(-3, 3))
def test_a_moved_threshold_splits_numbers_as_if_they_were_rounded(
    threshold: float, number: float, steps: int
):
    (moved,) = _unrounded(np.array([threshold]))
    for value in (number, moved, threshold):
        for _ in range(abs(steps)):
            value = np.nextafter(value, np.inf if steps > 0 else -np.inf)
        assert (value <= moved) == (float(np.float32(value)) <= threshold)


def test_isotonic_steps_are_those_of_scikit_learn():
    from sklearn.isotonic import IsotonicRegression

    random = np.random.default_rng(0)
    raw = random.normal(size=300)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(raw, raw + random.normal(size=300) > 0)
    steps = Isotonic(tuple(fitted.X_thresholds_), tuple(fitted.y_thresholds_))
    asked = np.concatenate([raw, random.normal(0, 3, 300), fitted.X_thresholds_, [-9, 9]])
    expected = fitted.predict(asked)
    assert np.allclose([steps.number(value) for value in asked], expected, rtol=0, atol=1e-14)
    assert np.isnan(steps.number(float("nan")))


def test_log_odds_of_any_size_have_a_probability():
    assert [expit(value) for value in (-1e4, 0.0, 1e4)] == [0.0, 0.5, 1.0]
    assert expit(-30.0) == pytest.approx(np.exp(-30.0), rel=1e-12)


class Doubled(TransformerMixin, BaseEstimator):
    """A transformer that nobody knows."""

    def fit(self, features: Any, labels: Any = None) -> "Doubled":
        """Remember nothing."""
        self.fitted_ = True
        return self

    def transform(self, features: Any) -> Any:
        """Twice as much."""
        return np.asarray(features) * 2


class Subclass(LogisticRegression):
    """May do anything in its methods."""


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: fit(scaled(PCA(2), one_hot()), logistic()), "PCA has no compiled form"),
        (lambda: fit(scaled(Doubled(), one_hot()), logistic()), "Doubled has no compiled form"),
        (lambda: fit(scaled(StandardScaler(), one_hot()), Subclass()), "Subclass has no compiled"),
        (
            lambda: fit(scaled(StandardScaler(), one_hot()), MLPClassifier((2,), max_iter=5)),
            "MLPClassifier has no compiled form",
        ),
        (
            lambda: fit(scaled(StandardScaler(), one_hot(handle_unknown="error")), logistic()),
            "OneHotEncoder refuses unseen values",
        ),
        (lambda: fit(scaled(MinMaxScaler(clip=True), one_hot()), logistic()), "clip"),
        (lambda: logistic().fit([[0], [1]], [False, True]), "one calibrator"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_cannot_be_compiled_is_named_and_served_by_the_pipeline(
    make: Callable[[], Any], reason: str
):
    model = make()
    with pytest.raises(NotCompilable, match=reason):
        compile_model(model, SCHEMA)
    scorer = Scorer(SCHEMA, DEFAULT_TASK, model)
    assert not scorer.compiled
    assert reason in str(scorer.reason)
    if isinstance(model, CalibratedClassifierCV):
        (row,) = rows_of(SCHEMA, ROWS[:1])
        (offline,) = positive_scores(model, ROWS[NAMES][:1])
        assert scorer.numbers(row) == (offline,)


def test_columns_in_another_order_are_not_compiled(made: Callable[[str], Any]):
    turned = SCHEMA.model_copy(update={"columns": SCHEMA.columns[::-1]})
    with pytest.raises(NotCompilable, match="another order"):
        compile_model(made("histogram"), turned)


def test_parity_covers_missing_and_unseen_values_and_tells_the_compiled_difference(
    made: Callable[[str], Any],
):
    parity = check_parity(SCHEMA, DEFAULT_TASK, made("histogram"), ROWS)
    assert (parity.rows, parity.changed_rows) == (COUNT, 1000)
    assert parity.compiled
    assert parity.fallback_reason is None
    assert parity.compiled_max_difference is not None
    assert parity.compiled_max_difference <= TOLERANCE
    assert parity.max_difference <= TOLERANCE


def test_a_compiled_model_that_differs_does_not_serve():
    model = fit(scaled(StandardScaler(), one_hot()), logistic())
    estimator = model.calibrated_classifiers_[0].estimator.estimator[-1]
    honest = estimator.decision_function
    # What compiling reads of an estimator is not always what it does.
    estimator.decision_function = lambda features: honest(features) + 1e-9
    parity = check_parity(SCHEMA, DEFAULT_TASK, model, ROWS)
    assert not parity.compiled
    assert parity.max_difference == 0.0
    assert parity.compiled_max_difference is not None
    assert parity.compiled_max_difference > TOLERANCE
    assert "differs by" in str(parity.fallback_reason)


def test_a_pipeline_that_refuses_unseen_categories_is_refused():
    from mlops_platform.errors import ServingError

    model = fit(scaled(StandardScaler(), one_hot(handle_unknown="error")), logistic())
    with pytest.raises(ServingError, match="handle_unknown"):
        check_parity(SCHEMA, DEFAULT_TASK, model, ROWS)


@pytest.mark.parametrize("name", ["forest", "histogram", "logistic"])
def test_a_row_is_answered_alike_in_batches_of_any_size(made: Callable[[str], Any], name: str):
    rows = rows_of(SCHEMA, ROWS)
    scorer = Scorer(SCHEMA, DEFAULT_TASK, made(name))
    alone = [scorer.numbers(row) for row in rows]
    for count in (1, 20, 50, 51, 200, len(rows)):
        assert scorer.numbers_of(rows[:count]) == alone[:count]


def test_where_scoring_by_columns_differs_the_pipeline_scores_batches(
    made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    rows, model = rows_of(SCHEMA, ROWS), made("histogram")
    honest = TreePredictors.raws
    monkeypatch.setattr(TreePredictors, "raws", lambda *asked: honest(*asked) + 1e-9)
    scorer = Scorer(SCHEMA, DEFAULT_TASK, model)
    plain = Scorer(SCHEMA, DEFAULT_TASK, model, compiled=False)
    for _ in range(2):
        assert scorer.numbers_of(rows) == plain.numbers_of(rows)
    (record,) = caplog.records
    assert "batches go through the pipeline" in record.message
    assert "differs by" in record.message


def test_numbers_beyond_the_model_are_an_error_that_can_be_answered(made: Callable[[str], Any]):
    (row,) = rows_of(SCHEMA, ROWS[:1])
    plain = Scorer(SCHEMA, DEFAULT_TASK, made("forest"), compiled=False)
    with pytest.raises(UnscorableRow, match="too large for dtype"):
        plain.numbers(row | {"distance": 1e308})
    compiled = Scorer(SCHEMA, DEFAULT_TASK, made("stochastic gradient"))
    for score in (compiled.numbers, lambda row: compiled.numbers_of([row])):
        with pytest.raises(UnscorableRow, match="cannot score"):
            score(row | {"distance": float("nan")})
