"""A regression's heads are compiled one by one, and answer what the pipeline answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import HuberRegressor, LinearRegression, QuantileRegressor, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.packing.parity import check_parity, why_not_explained
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.serving.scoring.compiled.model import NotCompilable, compile_model
from mlops_platform.serving.scoring.explanation import TOLERANCE as EXPLAINED_TOLERANCE
from mlops_platform.serving.scoring.rounding import TOLERANCE, largest_difference
from mlops_platform.serving.scoring.scorer import Scorer, UnscorableRow
from mlops_platform.tasks import Rows
from mlops_platform.tasks.regression.task import Regression

COUNT = 900
NUMERIC, TEXT = ("distance", "wind"), ("carrier",)
NAMES = [*NUMERIC, *TEXT]
SCHEMA = FeatureSchema(
    model="minutes",
    entity="key",
    label="delay",
    columns=(
        *(NumericColumn(name=n, missing_allowed=True, minimum=0, maximum=1) for n in NUMERIC),
        CategoricalColumn(name="carrier", missing_allowed=True, categories=("AA", "B6", "UA")),
    ),
)
TASK = Regression()


def make_rows() -> pd.DataFrame:
    random = np.random.default_rng(11)
    carrier = random.choice(np.array(["AA", "B6", "UA", None], dtype=object), COUNT)
    rows = pd.DataFrame(
        {
            "distance": random.normal(1000, 300, COUNT),
            "wind": np.where(random.random(COUNT) < 0.1, np.nan, random.random(COUNT)),
            "carrier": carrier,
        }
    )
    level = 5e3 + rows["distance"] + 900 * rows["wind"].fillna(0) * (rows["carrier"] == "B6")
    rows["delay"] = level + 100 * random.normal(size=COUNT)
    rows["key"] = [f"row-{at}" for at in range(COUNT)]
    return rows


ROWS = make_rows()


def fit(estimator: Any) -> Any:
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    text = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    columns = ColumnTransformer([("n", numbers, list(NUMERIC)), ("t", text, list(TEXT))])
    pipeline = Pipeline([("columns", columns), ("estimator", estimator)])
    train, unseen = (Rows(part[NAMES], part["delay"].to_numpy()) for part in halves())
    return TASK.fit(pipeline, train, unseen).model


def halves() -> tuple[pd.DataFrame, pd.DataFrame]:
    return ROWS[: COUNT // 2], ROWS[COUNT // 2 :]


MAKERS: dict[str, Callable[[], Any]] = {
    "linear": LinearRegression,
    "ridge": Ridge,
    "huber": lambda: HuberRegressor(max_iter=500),
    "quantile": lambda: QuantileRegressor(alpha=0.0),
    "histogram": lambda: HistGradientBoostingRegressor(max_iter=15, early_stopping=False),
    "histogram, absolute": lambda: HistGradientBoostingRegressor(
        max_iter=15, loss="absolute_error", early_stopping=False
    ),
    "histogram, of a logarithm": lambda: HistGradientBoostingRegressor(
        max_iter=15, loss="poisson", early_stopping=False
    ),
    "gradient": lambda: GradientBoostingRegressor(n_estimators=15, random_state=0),
    "gradient, from zero": lambda: GradientBoostingRegressor(
        n_estimators=15, init="zero", random_state=0
    ),
    "forest": lambda: RandomForestRegressor(10, max_depth=6, random_state=0),
    "extra trees": lambda: ExtraTreesRegressor(10, max_depth=6, random_state=0),
}


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    """Each model, fitted once."""
    models: dict[str, Any] = {}

    def make(name: str) -> Any:
        if name not in models:
            models[name] = fit(MAKERS[name]())
        return models[name]

    return make


def asked() -> list[dict[str, Any]]:
    rows = rows_of(SCHEMA, ROWS)
    changes = ({"carrier": "ZZ"}, {"carrier": None, "wind": None}, {"distance": -1e6})
    return rows + [row | change for row in rows[:20] for change in changes]


@pytest.mark.parametrize("name", MAKERS)
def test_every_head_answers_what_the_pipeline_answers(made: Callable[[str], Any], name: str):
    model, rows = made(name), asked()
    compiled, offline = compile_model(model, SCHEMA), TASK.numbers(model, frame_of(SCHEMA, rows))
    assert len(compiled.heads) == offline.shape[1] == TASK.answers_of_model[1]
    assert np.ptp(offline[:, 0]) > 100
    alone = np.array([compiled.numbers(row) for row in rows])
    by_position = compiled.by_position(NAMES)
    assert (alone == [by_position.numbers([row[name] for name in NAMES]) for row in rows]).all()
    assert largest_difference(offline, alone) <= TOLERANCE
    assert largest_difference(offline, np.array(compiled.numbers_of(rows))) <= TOLERANCE


@pytest.mark.parametrize("name", MAKERS)
def test_packaging_proves_it_on_changed_rows_as_well(made: Callable[[str], Any], name: str):
    parity = check_parity(SCHEMA, TASK, made(name), ROWS)
    assert (parity.rows, parity.changed_rows) == (COUNT, COUNT)
    assert parity.fallback_reason is None
    assert parity.compiled


def test_a_regressor_without_a_compiled_form_is_named_and_served_by_the_pipeline():
    model = fit(KNeighborsRegressor())
    with pytest.raises(NotCompilable, match="KNeighborsRegressor has no compiled form"):
        compile_model(model, SCHEMA)
    scorer = Scorer(SCHEMA, TASK, model)
    (row,) = rows_of(SCHEMA, ROWS[:1])
    assert not scorer.compiled
    assert scorer.numbers(row) == tuple(TASK.numbers(model, ROWS[NAMES][:1])[0].tolist())


def test_numbers_that_are_not_finite_are_not_answered(made: Callable[[str], Any]):
    (row,) = rows_of(SCHEMA, ROWS[:1])
    scorer = Scorer(SCHEMA, TASK, made("linear"))
    for score in (scorer.numbers, lambda one: scorer.numbers_of([one])):
        with pytest.raises(UnscorableRow, match="cannot score"):
            score(row | {"distance": float("inf")})


@pytest.mark.parametrize("name", [name for name in MAKERS if "logarithm" not in name])
def test_contributions_add_up_to_the_prediction(made: Callable[[str], Any], name: str):
    model, rows = made(name), asked()[:200]
    offline = TASK.numbers(model, frame_of(SCHEMA, rows))[:, 0]
    explainer = Explainer.of(model, SCHEMA, rows[:20])
    assert explainer.verify(rows, offline.tolist()) <= EXPLAINED_TOLERANCE
    for row, predicted in zip(rows[:20], offline, strict=False):
        explanation = explainer.explain(row)
        total = explanation.base + sum(explanation.contributions.values())
        assert total == pytest.approx(predicted, rel=EXPLAINED_TOLERANCE)
        assert explanation.number == pytest.approx(predicted, rel=EXPLAINED_TOLERANCE)


def test_what_adds_up_to_a_logarithm_only_is_not_explained(made: Callable[[str], Any]):
    model = made("histogram, of a logarithm")
    golden = choose_golden_rows(SCHEMA, TASK, model, ROWS, 5)
    reason = str(why_not_explained(SCHEMA, TASK, model, golden, ROWS))
    assert "loss poisson of HistGradientBoostingRegressor is a logarithm" in reason
