"""What training never saw is told, and what is usual is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.serving.schema import CategoricalColumn, FeatureSchema, NumericColumn
from mlops_platform.usecases.prediction.feature_file import feature
from mlops_platform.usecases.prediction.unseen import UnseenCounts
from tests.usecases.prediction.conftest import parquet_of

NUMBERS = st.none() | st.floats(-10, 10)
CATEGORIES = st.none() | st.sampled_from(["a", "b", "x", "y"])
SCHEMA = FeatureSchema(
    model="delay",
    entity="flight_id",
    label="is_late",
    columns=(
        NumericColumn(name="distance", missing_allowed=True, minimum=-5.0, maximum=5.0),
        CategoricalColumn(name="carrier", missing_allowed=True, categories=("a", "b")),
    ),
)


def _batches(rows: list[tuple[float | None, str | None]], size: int) -> list[pa.RecordBatch]:
    table = pa.table(
        {
            feature("distance"): pa.array([number for number, _ in rows], pa.float64()),
            feature("carrier"): pa.array([category for _, category in rows], pa.string()),
        }
    )
    return table.to_batches(max_chunksize=size)


@given(
    rows=st.lists(st.tuples(NUMBERS, CATEGORIES), min_size=1, max_size=60),
    size=st.integers(1, 60),
)
def test_every_strange_value_is_counted_whatever_the_batches(
    rows: list[tuple[float | None, str | None]], size: int
) -> None:
    counts = UnseenCounts(SCHEMA, {})
    for batch in _batches(rows, size):
        counts.add(batch)
    told = {unseen.column: unseen for unseen in counts.unseen()}
    outside = [number for number, _ in rows if number is not None and abs(number) > 5]
    strange = [category for _, category in rows if category in ("x", "y")]
    assert (told["distance"].rows if outside else "distance" not in told) == (
        len(outside) if outside else True
    )
    assert (told["carrier"].rows if strange else "carrier" not in told) == (
        len(strange) if strange else True
    )
    assert counts.rows == len(rows)
    assert counts.unseen_rows == sum(
        (number is not None and abs(number) > 5) or category in ("x", "y")
        for number, category in rows
    )


def test_categories_and_numbers_are_told_with_counts_and_examples(
    predict, rows: pd.DataFrame, tmp_path: Path
) -> None:
    rows.loc[:3, "carrier"] = "ZZ"
    rows.loc[4, "carrier"] = "QX"
    rows.loc[[0, 9], "distance"] = [5000.0, 7000.0]
    predicted = predict(parquet_of(tmp_path / "new.parquet", rows))
    distance, carrier = predicted.unseen
    assert carrier.text == (
        "carrier: 5 rows (12.5 %) hold categories that training never saw, "
        "such as 'ZZ' (4), 'QX' (1)"
    )
    assert distance.text.startswith("distance: 2 rows (5.0 %) are outside of what training saw")
    assert distance.text.endswith(": 5000 to 7000")
    assert predicted.unseen_rows == 6


def test_more_missing_than_in_training_is_told_and_the_usual_is_not(
    predict, rows: pd.DataFrame, tmp_path: Path
) -> None:
    rows["late_rate"] = 0.5
    rows.loc[:1, "late_rate"] = np.nan  # 5 %, as in training
    assert predict(parquet_of(tmp_path / "usual.parquet", rows)).unseen == ()
    rows.loc[:19, "late_rate"] = np.nan
    rows["carrier"] = None
    late_rate, carrier = predict(parquet_of(tmp_path / "new.parquet", rows)).unseen
    assert late_rate.kind == "more_missing"
    assert late_rate.text == (
        "late_rate: 20 rows (50.0 %) have no value; in training 5.0 % lacked one"
    )
    assert carrier.text == "carrier: no row has a value; in training 0.0 % lacked one"


def test_an_absent_column_is_told_once(predict, rows: pd.DataFrame, tmp_path: Path) -> None:
    given = parquet_of(tmp_path / "new.parquet", rows.drop(columns="carrier"))
    predicted = predict(given, allow_missing=True)
    assert [feature.column for feature in predicted.absent] == ["carrier"]
    assert predicted.unseen == ()


@pytest.mark.parametrize(("rows", "told"), [(1, 0), (2, 0), (4, 1)])
def test_a_few_rows_lack_a_value_by_chance(rows: int, told: int) -> None:
    counts = UnseenCounts(SCHEMA, {"distance": 0.3})
    for batch in _batches([(None, "a")] * rows, 10):
        counts.add(batch)
    assert len(list(counts.unseen())) == told


def test_a_column_of_ids_keeps_no_more_than_its_share(monkeypatch) -> None:
    monkeypatch.setattr("mlops_platform.usecases.prediction.unseen.MOST_KEPT", 10)
    counts = UnseenCounts(SCHEMA, {})
    for batch in _batches([(0.0, f"id{at}") for at in range(500)], 50):
        counts.add(batch)
    (ids,) = counts.unseen()
    assert ids.rows == 500
    assert len(ids.examples) == 5
