"""A file of a ranking says the rank of each row among those of its group."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlops_platform.errors import DataError
from mlops_platform.serving.schema import describe_features
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Rows
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.usecases.prediction import feature_file
from mlops_platform.usecases.prediction.predict import predict_file
from mlops_platform.usecases.prediction.predictor import Predictor
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants
from tests.usecases.prediction.conftest import parquet_of

SPEC = ModelSpec.model_validate(
    {
        "name": "offers",
        "description": "What does a customer buy?",
        "owners": ["team:tests"],
        "task": {"type": "ranking", "group": "customer", "k": 2, "rule": "usual"},
        "features": {
            "table": "offer_features",
            "entity": "offer_id",
            "numeric": ["customer", "usual", "price"],
            "required": ["customer", "usual", "price"],
        },
        "label": {"table": "offer_labels", "column": "bought"},
        "window": {"start": date(2024, 1, 1)},
        "training": {
            "candidates": [
                {
                    "name": "linear",
                    "preprocessing": [{"columns": "numeric"}],
                    "estimator": {"type": "sklearn.linear_model.LinearRegression"},
                }
            ]
        },
        "card": {"intended_use": "Tests.", "out_of_scope": "People."},
    }
)


@pytest.fixture(scope="module")
def offers() -> pd.DataFrame:
    """Eight customers, whose offers do not stand beside one another; two offers are alike."""
    price = np.random.default_rng(0).permutation(40.0 + np.arange(40))
    usual = np.arange(40.0)
    price[9], usual[9] = price[1], usual[1]
    return pd.DataFrame(
        {
            "offer_id": [f"o{at}" for at in range(40)],
            "customer": np.arange(40.0) % 8,
            "usual": usual,
            "price": price,
            "rank": 0,
            "file_row_number": 1,
            "position": 1,
        }
    )


@pytest.fixture(scope="module")
def predictor(offers: pd.DataFrame) -> Predictor:
    features = offers[list(SPEC.features.names)]
    rows = Rows(features, (offers["price"] < 60).to_numpy(dtype=float))
    pipeline = build_pipeline(SPEC, candidate_named(SPEC, "linear"), {})
    finished = SPEC.task.fit(pipeline, rows, rows)
    return Predictor(
        version=1,
        release=1,
        schema=describe_features(SPEC, features, finished.model),
        task=SPEC.task,
        model=finished.model,
        constants=AdjustedConstants(finished.constants),
        missing=dict.fromkeys(SPEC.features.names, 0.0),
        moment=datetime(2024, 4, 1, tzinfo=UTC),
        event_time=SPEC.features.event_time,
        table=SPEC.features.table,
    )


@pytest.mark.parametrize("written", ["parquet", "csv"])
@pytest.mark.parametrize("batch_rows", [7, 65_536])
def test_rows_are_ranked_within_their_group_over_all_batches(
    predictor: Predictor,
    offers: pd.DataFrame,
    tmp_path: Path,
    written: str,
    batch_rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feature_file, "BATCH_ROWS", batch_rows)
    source = tmp_path / "offers.csv"
    offers.to_csv(source, index=False)
    output = tmp_path / f"scored.{written}"
    predicted = predict_file(predictor, source, output)
    stored = pd.read_csv(output) if written == "csv" else pq.read_table(output).to_pandas()
    assert list(stored) == list(predicted.columns)
    assert predicted.left_out == ("rank",)
    assert stored["offer_id"].tolist() == offers["offer_id"].tolist()
    expected = stored.groupby("group_key")["score"].rank(method="min", ascending=False)
    assert stored["rank"].tolist() == expected.astype(int).tolist()
    assert stored["rank"][1] == stored["rank"][9]


def test_what_cannot_be_scored_leaves_no_file(
    predictor: Predictor, offers: pd.DataFrame, tmp_path: Path
) -> None:
    source = parquet_of(tmp_path / "offers.parquet", offers[:0].drop(columns="file_row_number"))
    with pytest.raises(DataError, match="no row to score"):
        predict_file(predictor, source, tmp_path / "scored.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["offers.parquet"]
