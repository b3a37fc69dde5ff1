"""Booleans are compiled and explained as the numbers that they are; text is neither."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlops_platform.serving.explaining.explainer import Explainer
from mlops_platform.serving.frames import frame_of, rows_of
from mlops_platform.serving.golden import choose_golden_rows
from mlops_platform.serving.http.request import request_types
from mlops_platform.serving.packing.parity import check_parity, why_not_explained
from mlops_platform.serving.schema import (
    BooleanColumn,
    FeatureSchema,
    NumericColumn,
    TextColumn,
)
from mlops_platform.serving.scoring.compiled.model import NotCompilable, compile_model
from mlops_platform.tasks import DEFAULT_TASK

COUNT = 1200
SCHEMA = FeatureSchema(
    model="kinds",
    entity="key",
    label="is_late",
    columns=(
        NumericColumn(name="rate", missing_allowed=True, minimum=0, maximum=1),
        BooleanColumn(name="full", missing_allowed=True),
        BooleanColumn(name="direct", missing_allowed=False),
    ),
)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    random = np.random.default_rng(7)
    rate, full = random.random(COUNT), random.integers(0, 2, COUNT).astype(float)
    for values in (rate, full):
        values[random.random(COUNT) < 0.1] = np.nan
    frame = pd.DataFrame(
        {
            "key": [f"k{number}" for number in range(COUNT)],
            "rate": rate,
            "full": full,
            "direct": random.integers(0, 2, COUNT).astype(float),
        }
    )
    risk = np.nan_to_num(rate, nan=0.5) + np.nan_to_num(full, nan=0.7) - frame["direct"]
    frame["is_late"] = risk + random.normal(size=COUNT) > 0.5
    return frame


def calibrated(transformer: Any, estimator: Any, rows: pd.DataFrame, schema: FeatureSchema) -> Any:
    features = rows[list(schema.names)]
    pipeline = Pipeline([("columns", transformer), ("estimator", estimator)])
    pipeline.fit(features, rows["is_late"])
    return CalibratedClassifierCV(FrozenEstimator(pipeline)).fit(features, rows["is_late"])


def imputed() -> ColumnTransformer:
    imputer = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    return ColumnTransformer([("all", imputer, list(SCHEMA.names))])


def one_hot() -> ColumnTransformer:
    return ColumnTransformer(
        [
            ("number", SimpleImputer(), ["rate"]),
            ("flags", OneHotEncoder(handle_unknown="ignore"), ["full", "direct"]),
        ]
    )


def passed_on() -> ColumnTransformer:
    return ColumnTransformer([("all", "passthrough", list(SCHEMA.names))])


MODELS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "imputed, logistic": lambda: (imputed(), LogisticRegression()),
    "one-hot, logistic": lambda: (one_hot(), LogisticRegression()),
    "imputed, forest": lambda: (imputed(), RandomForestClassifier(8, max_depth=5, random_state=0)),
    "as they are, boosting": lambda: (passed_on(), HistGradientBoostingClassifier(max_iter=8)),
    "categories, boosting": lambda: (
        passed_on(),
        HistGradientBoostingClassifier(max_iter=8, categorical_features=[1, 2]),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_true_and_false_are_compiled_and_explained_as_one_and_zero(
    name: str, rows: pd.DataFrame
) -> None:
    model = calibrated(*MODELS[name](), rows, SCHEMA)
    parity = check_parity(SCHEMA, DEFAULT_TASK, model, rows)
    assert parity.max_difference <= 1e-12
    assert parity.compiled, parity.fallback_reason
    golden = choose_golden_rows(SCHEMA, DEFAULT_TASK, model, rows, 30)
    assert {type(row.features["direct"]) for row in golden.rows} == {bool}
    assert why_not_explained(SCHEMA, DEFAULT_TASK, model, golden, rows) is None
    compiled = compile_model(model, SCHEMA)
    sent = json.dumps({"rate": 0.3, "full": None, "direct": True})
    taken = request_types(SCHEMA, 1).row.validate_json(sent)
    (offline,) = DEFAULT_TASK.numbers(model, frame_of(SCHEMA, [taken])).tolist()
    assert compiled.numbers(taken) == pytest.approx(offline, abs=1e-12)
    assert compiled.numbers_of([taken])[0] == pytest.approx(offline, abs=1e-12)


def test_a_text_is_left_to_the_pipeline_with_a_plain_reason(rows: pd.DataFrame) -> None:
    remark = TextColumn(name="remark", missing_allowed=False, max_characters=100)
    schema = SCHEMA.model_copy(update={"columns": (*SCHEMA.columns, remark)})
    known = rows.assign(remark=np.where(rows["is_late"], "too late", "in time").astype(object))
    columns = ColumnTransformer(
        [("all", SimpleImputer(), list(SCHEMA.names)), ("text", CountVectorizer(), "remark")]
    )
    model = calibrated(columns, LogisticRegression(), known, schema)
    reason = "remark: is free text, which only the pipeline itself reads"
    with pytest.raises(NotCompilable, match=reason):
        compile_model(model, schema)
    with pytest.raises(NotCompilable, match=reason):
        Explainer.of(model, schema, rows_of(schema, known.head(5)))
    parity = check_parity(schema, DEFAULT_TASK, model, known)
    assert (parity.compiled, parity.rows, parity.max_difference) == (False, COUNT, 0.0)
    assert parity.fallback_reason is not None
    assert parity.fallback_reason.startswith(reason)
