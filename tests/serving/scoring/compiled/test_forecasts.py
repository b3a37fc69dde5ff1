"""A forecast passes on its step, naive and series, compiled or not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder

from mlops_platform.artifacts.model_store import load_model, save_model
from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.packing.parity import check_parity
from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.serving.scoring.compiled.model import compile_model
from mlops_platform.serving.scoring.rounding import TOLERANCE, largest_difference
from mlops_platform.serving.scoring.scorer import Scorer, UnscorableRow
from mlops_platform.tasks.forecasting.columns import PASSED
from tests.tasks.forecasting.conftest import (
    CATEGORICAL,
    FEATURES,
    NUMERIC,
    SERIES,
    TASK,
    TEST,
    TRAIN,
    UNSEEN,
    demand,
    pipeline,
)
from tests.tasks.forecasting.conftest import rows_of as fitted_on

SCHEMA = FeatureSchema(
    model="demand",
    entity="forecast_id",
    label="value",
    columns=(
        *(
            NumericColumn(name=n, missing_allowed=n != "step", minimum=0, maximum=1)
            for n in NUMERIC
        ),
        *(CategoricalColumn(name=n, missing_allowed=True, categories=SERIES) for n in CATEGORICAL),
    ),
)


def boosting() -> Pipeline:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
    )
    columns = ColumnTransformer([("c", codes, CATEGORICAL), ("n", "passthrough", NUMERIC)])
    trees = HistGradientBoostingRegressor(
        max_iter=15, loss="absolute_error", categorical_features=[0], early_stopping=False
    )
    return Pipeline([("columns", columns), ("estimator", trees)])


@pytest.fixture(scope="module")
def made() -> Callable[[str], Any]:
    """Each model, fitted once."""
    makers, models = {"linear": pipeline, "trees": boosting}, dict[str, Any]()

    def make(name: str) -> Any:
        if name not in models:
            models[name] = TASK.fit(makers[name](), fitted_on(TRAIN), fitted_on(UNSEEN)).model
        return models[name]

    return make


def asked() -> list[dict[str, Any]]:
    new = demand(range(97, 100), "NEW").assign(value_7d_ago=np.nan)
    rows = pd.concat([TEST, new, new.assign(series=None)], ignore_index=True)
    return rows_of(SCHEMA, rows)


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_every_number_is_what_the_pipeline_answers(made: Callable[[str], Any], name: str) -> None:
    model, rows = made(name), asked()
    compiled, offline = compile_model(model, SCHEMA), TASK.numbers(model, frame_of(SCHEMA, rows))

    alone = np.array([compiled.numbers(row) for row in rows])

    assert len(compiled.heads) == offline.shape[1] == TASK.answers_of_model[1]
    assert largest_difference(offline, alone) <= TOLERANCE
    assert (offline[:, -len(PASSED) :] == alone[:, -len(PASSED) :]).all()


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_packaging_proves_it(made: Callable[[str], Any], name: str) -> None:
    rows = TEST.assign(forecast_id=[f"row-{at}" for at in range(len(TEST))])

    parity = check_parity(SCHEMA, TASK, made(name), rows)

    assert parity.compiled
    assert parity.fallback_reason is None


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_a_stored_model_says_the_same(made: Callable[[str], Any], name: str, tmp_path: Any) -> None:
    digests = save_model(made(name), tmp_path / name)

    loaded = load_model(tmp_path / name, digests)

    numbers = TASK.numbers(made(name), TEST[FEATURES])
    assert (TASK.numbers(loaded, TEST[FEATURES]) == numbers).all()


@pytest.mark.parametrize("compiled", [True, False])
def test_a_step_outside_the_horizon_is_refused_in_words(
    made: Callable[[str], Any], compiled: bool
) -> None:
    scorer = Scorer(SCHEMA, TASK, made("linear"), compiled=compiled)
    rows = rows_of(SCHEMA, TEST.head(2).assign(step=[2.0, 9.0]))
    told = "its `step` is 9, and steps are whole numbers from 1 to 7"

    assert scorer.numbers(rows[0])[TASK.answers_of_model[1] - len(PASSED)] == 2.0
    with pytest.raises(UnscorableRow, match=f"demand cannot score these values: .*{told}"):
        scorer.numbers(rows[1])
    with pytest.raises(UnscorableRow, match=f"of rows.1 {told}") as refused:
        scorer.numbers_of(rows)
    # As a canary scores it: as the second of the rows that one version answers.
    assert f"of rows.7 {told}" in str(refused.value.among([4, 7]))
    with pytest.raises(UnscorableRow, match=f"values: {told}"):
        scorer.numbers_of(rows[1:])


def test_the_prediction_is_explained_by_the_features_of_the_row(
    made: Callable[[str], Any],
) -> None:
    rows = asked()
    explainer = Explainer.of(made("linear"), SCHEMA, rows[:50])

    explained = explainer.explain(rows[0])

    assert set(explained.contributions) == set(FEATURES)
    total = explained.base + sum(explained.contributions.values())
    assert total == pytest.approx(compile_model(made("linear"), SCHEMA).numbers(rows[0])[0])
