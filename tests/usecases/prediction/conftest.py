"""A small fitted model, and files of its features."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.serving.schema import describe_features
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.usecases.prediction.csv_text import CsvFlags
from mlops_platform.usecases.prediction.landing_format import LandingFormat
from mlops_platform.usecases.prediction.predict import default_output, predict_file
from mlops_platform.usecases.prediction.predictor import Predictor
from mlops_platform.usecases.prediction.record import PredictedFile
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants

FEATURES = ("distance", "late_rate", "carrier", "is_weekend", "remark")


def spec_of() -> ModelSpec:
    return ModelSpec.model_validate(
        {
            "name": "delay",
            "description": "Will it be late?",
            "owners": ["team:flights"],
            "features": {
                "table": "flight_features",
                "entity": "flight_id",
                "numeric": ["distance", "late_rate"],
                "categorical": ["carrier"],
                "boolean": ["is_weekend"],
                "text": ["remark"],
                "required": ["distance"],
            },
            "label": {"table": "flight_labels", "column": "is_late"},
            "window": {"start": date(2013, 1, 7)},
            "training": {
                "history": {"split": {"validation_days": 7, "test_days": 7}},
                "candidates": [
                    {
                        "name": "linear",
                        "preprocessing": [{"columns": "numeric"}],
                        "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                    }
                ],
            },
            "card": {"intended_use": "Tests.", "out_of_scope": "People."},
        }
    )


def training_rows(rows: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(7)
    late_rate = generator.uniform(0, 1, rows)
    return pd.DataFrame(
        {
            "flight_id": [f"f{at}" for at in range(rows)],
            "distance": generator.integers(80, 3000, rows).astype(float),
            "late_rate": np.where(generator.uniform(size=rows) < 0.05, np.nan, late_rate),
            "carrier": pd.Series(generator.choice(["AA", "UA", "B6"], rows), dtype=object),
            "is_weekend": generator.integers(0, 2, rows).astype(float),
            "remark": pd.Series(generator.choice(["fog", "clear sky"], rows), dtype=object),
        }
    )


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    rows, generator = training_rows(), np.random.default_rng(1)
    labels = rows["distance"] / 3000 + generator.normal(0, 0.3, len(rows)) > 0.5
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    texts = make_pipeline(FunctionTransformer(_filled), HashingVectorizer(n_features=8))
    model = make_pipeline(
        ColumnTransformer(
            [
                ("numbers", numbers, ["distance", "late_rate", "is_weekend"]),
                ("categories", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
                ("texts", texts, "remark"),
            ]
        ),
        LogisticRegression(),
    ).fit(rows[list(spec_of().features.names)], labels)
    spec = spec_of()
    return Predictor(
        version=3,
        release=4,
        schema=describe_features(spec, rows, model),
        task=DEFAULT_TASK,
        model=model,
        constants=AdjustedConstants({"threshold": 0.4}),
        missing={"distance": 0.0, "late_rate": 0.05, "carrier": 0.0, "is_weekend": 0.0},
        moment=datetime(2013, 4, 1, tzinfo=UTC),
        event_time=spec.features.event_time,
        table=spec.features.table,
    )


def _filled(column: Any) -> Any:
    return column.fillna("")


@pytest.fixture
def rows() -> pd.DataFrame:
    return training_rows(40)


Predict = Callable[..., PredictedFile]


@pytest.fixture
def predict(predictor: Predictor, home: Settings) -> Predict:
    """Score a file, by default beside it."""

    def run(
        source: Path,
        output: Path | None = None,
        flags: CsvFlags | None = None,
        landings: Sequence[LandingFormat] = (),
        allow_missing: bool = False,
        **changes: Any,
    ) -> PredictedFile:
        changed = replace(predictor, **changes)
        target = output or default_output(source, changed.schema.model)
        return predict_file(changed, source, target, flags, landings, allow_missing)

    return run


def parquet_of(path: Path, rows: pd.DataFrame) -> Path:
    """A file as somebody else would write it: booleans are booleans."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    if "is_weekend" in rows:
        at = table.schema.get_field_index("is_weekend")
        table = table.set_column(at, "is_weekend", table["is_weekend"].cast(pa.bool_()))
    pq.write_table(table, path)
    return path


def csv_of(path: Path, rows: pd.DataFrame, **options: Any) -> Path:
    written = rows.assign(
        is_weekend=rows["is_weekend"].map({1.0: "true", 0.0: "false", 2.0: "maybe"})
    )
    written.to_csv(path, index=False, **options)
    return path
