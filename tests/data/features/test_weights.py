"""The weight of a row, from the published features to the rows that are trained on and scored."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.features.features import (
    latest_feature_batches,
    read_feature_rows,
    read_outcomes,
    read_training_rows,
)
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.data import SAMPLE_WEIGHT
from tests.data.conftest import MODEL

AS_OF = datetime(2024, 3, 31, tzinfo=UTC)
DAYS = [date(2024, 3, day) for day in range(1, 12)]
WEIGHTED = MODEL | {"features": MODEL["features"] | {"weight": "exposure"}}


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec.model_validate(WEIGHTED)


@pytest.fixture
def exposed(run_sql: Callable[..., None]) -> Callable[..., None]:
    """Every visit counts by a number of its own, and some as a statement says."""
    run_sql(
        "ALTER TABLE visits ADD COLUMN exposure DOUBLE",
        "UPDATE visits SET exposure = 1 + age",
    )
    return run_sql


def test_a_weight_is_read_with_the_features_and_is_none_of_them(
    spec: ModelSpec, exposed: Any, published: Path
) -> None:
    for rows in (
        read_training_rows(spec, published, AS_OF),
        read_feature_rows(spec, published, DAYS),
    ):
        assert rows.schema.field("exposure").type == pa.float64()
        assert rows["exposure"].to_pylist() == [1 + age for age in rows["age"].to_pylist()]
    assert "exposure" not in spec.features.names
    # What a service looks up holds no weight.
    [batch] = latest_feature_batches(spec, published, datetime(2024, 3, 1, tzinfo=UTC))
    assert "exposure" not in batch.schema.names


@pytest.mark.parametrize(
    ("value", "told"),
    [("NULL", "NULL"), ("0", "0.0"), ("-2", "-2.0"), ("'inf'", "inf"), ("'nan'", "nan")],
)
def test_a_row_that_weighs_nothing_is_refused_by_name(
    spec: ModelSpec, exposed: Any, publish: Any, lake: Path, value: str, told: str
) -> None:
    exposed(f"UPDATE visits SET exposure = {value}::DOUBLE WHERE visit_id IN ('v3', 'v7')")
    publish()
    for read in (
        lambda: read_training_rows(spec, lake / "features", AS_OF),
        lambda: read_feature_rows(spec, lake / "features", DAYS),
    ):
        with pytest.raises(DataError) as refused:
            read()
        assert str(refused.value) == (
            "2 rows of visits have a 'exposure' that weighs nothing, for example "
            f"{told} for visit_id 'v3' of 2024-03-02, and `features.weight` needs a positive, "
            "finite number. Correct the dbt model; leave rows out of it that are not to count."
        )


def test_a_weight_that_is_no_number_or_no_column_is_refused(
    spec: ModelSpec, run_sql: Any, publish: Any, lake: Path
) -> None:
    publish()
    with pytest.raises(DataError, match=r"lacks the columns \['exposure'\]"):
        read_training_rows(spec, lake / "features", AS_OF)
    run_sql("ALTER TABLE visits ADD COLUMN exposure VARCHAR DEFAULT 'much'")
    publish()
    with pytest.raises(DataError, match="'exposure' of visits is VARCHAR"):
        read_training_rows(spec, lake / "features", AS_OF)


def test_a_training_set_tells_what_its_weights_are_like(
    spec: ModelSpec, exposed: Any, published: Path, lake: Path
) -> None:
    training_set = snapshot_training_set(spec, published, lake / "sets", AS_OF)
    rows = read_training_rows(spec, published, AS_OF)
    weights, returned = rows["exposure"].to_numpy(), rows["returned"].to_numpy()
    assert training_set.weights is not None
    assert training_set.weights.sum == weights.sum()
    assert training_set.targets["positive_rate"] == pytest.approx(
        weights[returned].sum() / weights.sum()
    )
    plain = snapshot_training_set(ModelSpec.model_validate(MODEL), published, lake / "sets", AS_OF)
    assert plain.weights is None
    assert "weights" not in plain.to_stored()
    assert plain.hash != training_set.hash


def test_outcomes_have_the_weights_of_their_predictions(
    spec: ModelSpec, published: Path, tmp_path: Path
) -> None:
    """A file of before the model had weights leaves its rows without any."""
    keys = {
        "event_time": pa.array([datetime(2024, 3, 4, 9, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        "local_date": [date(2024, 3, 4)],
        "score": [0.5],
        "decision": [True],
    }
    files = [tmp_path / "former.parquet", tmp_path / "now.parquet", tmp_path / "then.parquet"]
    write_parquet(pa.table({"visit_id": ["v12"], **keys}), files[0])
    write_parquet(pa.table({"visit_id": ["v13"], **keys, SAMPLE_WEIGHT: [2.5]}), files[1])
    write_parquet(pa.table({"visit_id": ["v14"], **keys, SAMPLE_WEIGHT: [7.5]}), files[2])

    outcomes = read_outcomes(spec, published, files, DAYS, AS_OF)
    former = read_outcomes(spec, published, files[:1], DAYS, AS_OF)

    assert outcomes[SAMPLE_WEIGHT].to_pylist() == [None, 2.5, 7.5]
    predictions = predictions_in(outcomes, spec.task.outputs, SAMPLE_WEIGHT)
    assert predictions.weights is not None
    assert predictions.weights.tolist() == [0.0, 0.75, 2.25]
    assert SAMPLE_WEIGHT not in former.column_names
    assert predictions_in(former, spec.task.outputs, SAMPLE_WEIGHT).weights is None
