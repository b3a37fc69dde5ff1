"""Contributions add up to what is answered, and are the Shapley values they claim to be."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import factorial, log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from mlops_platform.errors import ServingError
from mlops_platform.serving.explaining import tree_shap as tree_shap_module
from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.explaining.tree_shap import tree_shap
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.parity import why_not_explained
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.serving.scoring.compiled.ensemble import Ensemble, Tree
from mlops_platform.serving.scoring.compiled.sklearn_ensembles import ensemble_of
from mlops_platform.serving.scoring.compiled.tree_code import compile_reader
from mlops_platform.serving.scoring.compiled.unpacked import unpack
from mlops_platform.serving.scoring.explanation import TOLERANCE, NotExplainable
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.binary_classification.calibration import positive_scores

NUMERIC = ("rate", "noise", "delay", "unused")
TEXT = ("carrier", "origin")
COUNT = 800
SCHEMA = FeatureSchema(
    model="explained",
    entity="key",
    label="is_late",
    columns=(
        *(NumericColumn(name=n, missing_allowed=True, minimum=0, maximum=1) for n in NUMERIC),
        *(CategoricalColumn(name=n, missing_allowed=True, categories=("AA",)) for n in TEXT),
    ),
)


def make_rows() -> pd.DataFrame:
    random = np.random.default_rng(5)
    numbers = {name: random.normal(size=COUNT) for name in NUMERIC}
    for values in numbers.values():
        values[random.random(COUNT) < 0.1] = np.nan
    carrier = random.choice(np.array(["AA", "B6", "UA", "DL", None], dtype=object), COUNT)
    origin = random.choice(np.array(["EWR", "JFK", None], dtype=object), COUNT)
    rows = pd.DataFrame({**numbers, "carrier": carrier, "origin": origin})
    risk = rows["rate"].fillna(1) * (rows["carrier"] == "B6") + rows["delay"].fillna(0)
    rows["is_late"] = risk + (rows["origin"] == "JFK") + random.normal(size=COUNT) > 0.5
    rows["key"] = [f"row-{at}" for at in range(COUNT)]
    return rows


ROWS = make_rows()
NAMES = [*NUMERIC, *TEXT]


def calibrated(columns: Any, estimator: Any, method: str = "sigmoid") -> Any:
    pipeline = Pipeline([("columns", columns), ("estimator", estimator)])
    pipeline.fit(ROWS[NAMES], ROWS["is_late"])
    model = CalibratedClassifierCV(FrozenEstimator(pipeline), method=method)
    return model.fit(ROWS[NAMES], ROWS["is_late"])


def one_hot() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    text = OneHotEncoder(handle_unknown="infrequent_if_exist")
    # `unused` does not reach the estimator.
    return ColumnTransformer([("n", numbers, list(NUMERIC[:3])), ("t", text, list(TEXT))])


def coded() -> ColumnTransformer:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    return ColumnTransformer([("t", codes, list(TEXT)), ("n", "passthrough", list(NUMERIC[:3]))])


def histogram(**options: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        early_stopping=False, categorical_features=[0, 1], min_samples_leaf=5, **options
    )


MAKERS: dict[str, Callable[[], Any]] = {
    "logistic": lambda: calibrated(one_hot(), LogisticRegression()),
    "histogram": lambda: calibrated(coded(), histogram(max_iter=10, max_leaf_nodes=12)),
    "histogram, temperature": lambda: calibrated(coded(), histogram(max_iter=10), "temperature"),
    "gradient": lambda: calibrated(one_hot(), GradientBoostingClassifier(n_estimators=8)),
    "forest": lambda: calibrated(
        coded(), RandomForestClassifier(8, max_depth=7, bootstrap=False, random_state=0)
    ),
    "extra trees": lambda: calibrated(
        one_hot(), ExtraTreesClassifier(5, max_depth=6, random_state=0)
    ),
}
TREES = [name for name in MAKERS if name != "logistic"]


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    """Each model, fitted once."""
    models: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in models:
            models[name] = MAKERS[name]()
        return models[name]

    return make


def ensemble(model: Any) -> Ensemble:
    parts = unpack(model, SCHEMA)
    found = ensemble_of(parts.heads[0].estimator, parts.heads[0].columns)
    assert found is not None
    return found


def expected_value(tree: Tree, known: frozenset[int], values: Any, node: int = 0) -> float:
    """The path-dependent expectation, as Algorithm 1 of Lundberg et al. (2018) has it.

    Args:
        known: columns whose values are known.
    """
    if tree.left[node] < 0:
        return float(tree.value[node])
    left, right = int(tree.left[node]), int(tree.right[node])
    column = int(tree.feature[node])
    if column not in known:
        return float(
            sum(
                tree.cover[child] / tree.cover[node] * expected_value(tree, known, values, child)
                for child in (left, right)
            )
        )
    value = values[column]
    if np.isnan(value):
        goes_left = bool(tree.missing_left[node])
    elif node in tree.categories:
        goes_left = int(value) in tree.categories[node]
    else:
        goes_left = bool(value <= tree.threshold[node])
    return expected_value(tree, known, values, left if goes_left else right)


def brute_force(found: Ensemble, row: dict[str, Any]) -> dict[str, float]:
    """Shapley values by their definition, over all coalitions of features."""
    values = compile_reader(found.columns)(row)
    sources = [column.source for column in found.columns]
    players = list(dict.fromkeys(sources))

    def worth(coalition: frozenset[str]) -> float:
        known = frozenset(at for at, source in enumerate(sources) if source in coalition)
        return sum(expected_value(tree, known, values) for tree in found.trees)

    size = len(players)
    worths = {
        frozenset(chosen): worth(frozenset(chosen))
        for count in range(size + 1)
        for chosen in combinations(players, count)
    }
    return {
        player: sum(
            factorial(len(others))
            * factorial(size - len(others) - 1)
            / factorial(size)
            * (worths[others | {player}] - without)
            for others, without in worths.items()
            if player not in others
        )
        for player in players
    }


UNUSUAL = (
    {},
    {"carrier": "ZZ"},
    {"carrier": None, "rate": None},
    {"origin": None, "delay": None, "noise": 1e30},
)


@pytest.mark.parametrize("name", TREES)
def test_tree_contributions_are_the_shapley_values(made: Callable[[str], Any], name: str):
    found = ensemble(made(name))
    explained = tree_shap(found)
    for row, change in zip(rows_of(SCHEMA, ROWS[:4]), UNUSUAL, strict=True):
        expected = brute_force(found, row | change)
        assert explained.by_source(row | change) == pytest.approx(expected, abs=1e-12)
        assert max(map(abs, expected.values())) > 1e-3


@pytest.mark.parametrize("name", ["histogram", "gradient", "forest"])
def test_the_base_of_trees_is_their_mean_over_the_training_rows(
    made: Callable[[str], Any], name: str
):
    pipeline = made(name).calibrated_classifiers_[0].estimator.estimator
    if name == "forest":
        raw = pipeline.predict_proba(ROWS[NAMES])[:, 1]
    else:
        raw = pipeline.decision_function(ROWS[NAMES])
    assert tree_shap(ensemble(made(name))).base == pytest.approx(raw.mean(), abs=1e-9)


@pytest.mark.parametrize("name", MAKERS)
def test_contributions_add_up_to_the_answer(made: Callable[[str], Any], name: str):
    model, rows = made(name), rows_of(SCHEMA, ROWS[:60])
    rows += [row | change for row in rows[:10] for change in UNUSUAL]
    offline = positive_scores(model, frame_of(SCHEMA, rows)).tolist()
    explainer = Explainer.of(model, SCHEMA, rows[:20])
    assert explainer.verify(rows, offline) <= 1e-9
    for row, probability in zip(rows, offline, strict=True):
        found = explainer.explain(row)
        total = found.base + sum(found.contributions.values())
        assert total == pytest.approx(found.total, abs=TOLERANCE)
        assert found.number == pytest.approx(probability, abs=1e-12)
        if 1e-9 < probability < 1 - 1e-9:
            assert total == pytest.approx(log(probability / (1 - probability)), abs=TOLERANCE)


@pytest.mark.parametrize("name", MAKERS)
def test_every_feature_is_told_in_order_and_an_unused_one_gets_nothing(
    made: Callable[[str], Any], name: str
):
    explainer = Explainer.of(made(name), SCHEMA)
    found = explainer.explain(rows_of(SCHEMA, ROWS[:1])[0])
    assert list(found.contributions) == NAMES
    assert found.contributions["unused"] == 0.0
    assert found.contributions["delay"] != 0.0


def test_linear_contributions_are_relative_to_the_background(made: Callable[[str], Any]):
    rows = rows_of(SCHEMA, ROWS[:50])
    explainer = Explainer.of(made("logistic"), SCHEMA, rows)
    explanations = [explainer.explain(row) for row in rows]
    for name in NAMES:
        mean = sum(found.contributions[name] for found in explanations) / len(rows)
        assert mean == pytest.approx(0.0, abs=1e-12)
    assert explanations[0].base == pytest.approx(
        sum(found.total for found in explanations) / len(rows), abs=1e-12
    )


def test_many_leaves_are_taken_in_pieces(
    made: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
):
    (row,) = rows_of(SCHEMA, ROWS[:1])
    whole = tree_shap(ensemble(made("forest"))).by_source(row)
    monkeypatch.setattr(tree_shap_module, "LEAVES_AT_ONCE", 7)
    assert tree_shap(ensemble(made("forest"))).by_source(row) == pytest.approx(whole, abs=1e-14)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: calibrated(one_hot(), LogisticRegression(), "isotonic"), "calibrate by sigmoid"),
        (lambda: calibrated(coded(), RandomForestClassifier(3), "temperature"), "by sigmoid"),
        (lambda: calibrated(one_hot(), MLPClassifier((2,), max_iter=5)), "MLPClassifier has no"),
    ],
)
def test_what_has_no_exact_contributions_says_why(make: Callable[[], Any], reason: str):
    model = make()
    golden = choose_golden_rows(SCHEMA, DEFAULT_TASK, model, ROWS, 5)
    with pytest.raises(ServingError, match=reason):
        Explainer.of(model, SCHEMA)
    assert reason in str(why_not_explained(SCHEMA, DEFAULT_TASK, model, golden, ROWS))


def test_trees_without_a_split_are_not_explained():
    stump = HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=COUNT)
    model = calibrated(coded(), stump)
    with pytest.raises(ServingError, match="no tree has a split"):
        Explainer.of(model, SCHEMA)


def test_a_tree_without_a_split_belongs_to_the_base(made: Callable[[str], Any]):
    found = ensemble(made("forest"))
    alone = replace(
        found.trees[0],
        **{name: getattr(found.trees[0], name)[-1:] for name in ("left", "right", "value")},
        **{name: getattr(found.trees[0], name)[-1:] for name in ("feature", "threshold")},
        **{name: getattr(found.trees[0], name)[-1:] for name in ("missing_left", "cover")},
    )
    (row,) = rows_of(SCHEMA, ROWS[:1])
    before, after = tree_shap(found), tree_shap(replace(found, trees=(*found.trees, alone)))
    assert after.base == pytest.approx(before.base + alone.value[0])
    assert after.by_source(row) == before.by_source(row)


@pytest.mark.parametrize("name", MAKERS)
def test_packaging_proves_explanations_on_golden_and_changed_rows(
    made: Callable[[str], Any], name: str
):
    golden = choose_golden_rows(SCHEMA, DEFAULT_TASK, made(name), ROWS, 10)
    assert why_not_explained(SCHEMA, DEFAULT_TASK, made(name), golden, ROWS) is None


def test_explanations_that_do_not_add_up_are_refused(made: Callable[[str], Any]):
    model, rows = made("histogram"), rows_of(SCHEMA, ROWS[:3])
    explainer = Explainer.of(model, SCHEMA)
    offline = positive_scores(model, frame_of(SCHEMA, rows)).tolist()
    with pytest.raises(NotExplainable, match="beside the answer"):
        explainer.verify(rows, [*offline[:2], offline[2] + 2e-6])
    with pytest.raises(NotExplainable):
        explainer.verify(rows, [*offline[:2], float("nan")])
