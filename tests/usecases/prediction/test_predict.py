"""A file is scored as its rows would be one by one, whatever it looks like."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.errors import DataError
from mlops_platform.ledger.records import WrittenAdjustment
from mlops_platform.serving.frames import rows_of
from mlops_platform.serving.scoring.rounding import TOLERANCE
from mlops_platform.serving.scoring.scorer import Scorer
from mlops_platform.usecases.prediction import feature_file
from mlops_platform.usecases.prediction.csv_text import CsvFlags
from mlops_platform.usecases.prediction.predict import default_output
from mlops_platform.usecases.prediction.record import AbsentFeature
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants
from tests.usecases.prediction.conftest import csv_of, parquet_of

OWN = ("version", "release", "score", "decision")


def expected(predictor, rows: pd.DataFrame) -> np.ndarray:
    return predictor.model.predict_proba(rows[list(predictor.schema.names)])[:, 1]


@pytest.mark.parametrize("write", [parquet_of, csv_of])
@pytest.mark.parametrize("batch_rows", [7, 65_536])
def test_every_row_gets_what_the_pipeline_says_in_the_order_of_the_file(
    predict, predictor, rows, tmp_path: Path, write, batch_rows: int, monkeypatch
) -> None:
    monkeypatch.setattr(feature_file, "BATCH_ROWS", batch_rows)
    ending = {parquet_of: "parquet", csv_of: "csv"}[write]
    source = write(tmp_path / f"new.{ending}", rows.assign(note=range(len(rows))))
    predicted = predict(source)
    stored = pq.read_table(tmp_path / "new.delay.predictions.parquet").to_pandas()
    assert list(stored) == ["flight_id", "note", *OWN] == list(predicted.columns)
    assert stored["flight_id"].tolist() == rows["flight_id"].tolist()
    np.testing.assert_allclose(stored["score"], expected(predictor, rows), rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(stored["decision"], stored["score"] >= 0.4)
    assert set(stored["version"]) == {3}
    assert set(stored["release"]) == {4}
    assert predicted.rows == len(rows)
    assert predicted.means["score"] == pytest.approx(stored["score"].mean())
    assert predicted.unseen == ()
    assert predicted.notes == predicted.warnings == ()


def test_the_service_would_answer_the_same(predict, predictor, rows, tmp_path: Path) -> None:
    predict(parquet_of(tmp_path / "new.parquet", rows))
    stored = pq.read_table(tmp_path / "new.delay.predictions.parquet")["score"].to_pylist()
    scorer = Scorer(predictor.schema, predictor.task, predictor.model)
    served = [scorer.numbers(row)[0] for row in rows_of(predictor.schema, rows)]
    assert max(abs(a - b) for a, b in zip(stored, served, strict=True)) <= TOLERANCE


def test_a_csv_is_written_where_one_is_asked_for(predict, rows, tmp_path: Path) -> None:
    output = tmp_path / "scored.csv"
    predict(parquet_of(tmp_path / "new.parquet", rows), output)
    stored = pd.read_csv(output)
    assert list(stored) == ["flight_id", *OWN]
    assert len(stored) == len(rows)
    assert [file.name for file in tmp_path.glob(".*.tmp")] == []


def test_another_dialect_is_read_as_it_is_said(predict, predictor, rows, tmp_path: Path) -> None:
    rows.loc[3, "late_rate"] = np.nan
    source = csv_of(
        tmp_path / "new.csv", rows, sep=";", decimal=",", na_rep="NA", encoding="latin-1"
    )
    with pytest.raises(DataError, match="--delimiter"):
        predict(source)
    flags = CsvFlags(";", ",", "latin-1")
    with pytest.raises(DataError, match=r"row 4, column 'late_rate': 'NA' is not a number.*--null"):
        predict(source, flags=flags)
    predict(source, flags=replace(flags, null_values=("NA",)))
    stored = pq.read_table(tmp_path / "new.delay.predictions.parquet").to_pandas()
    np.testing.assert_allclose(stored["score"], expected(predictor, rows), rtol=0, atol=TOLERANCE)


def test_columns_that_are_called_like_what_is_written_are_left_out_and_that_is_told(
    predict, rows, tmp_path: Path
) -> None:
    given = rows.assign(Score=9.0, version=9, note="kept")
    predicted = predict(parquet_of(tmp_path / "new.parquet", given))
    assert predicted.left_out == ("Score", "version")
    assert predicted.columns == ("flight_id", "note", *OWN)
    assert set(pq.read_table(predicted.output)["version"].to_pylist()) == {3}


def test_columns_are_found_whatever_their_order_and_case(
    predict, predictor, rows, tmp_path: Path
) -> None:
    shuffled = rows[[*reversed(list(rows))]].rename(columns={"carrier": "Carrier"})
    predicted = predict(parquet_of(tmp_path / "new.parquet", shuffled))
    assert predicted.absent == ()
    assert predicted.columns[0] == "flight_id"


def test_optional_features_may_be_absent_and_that_is_told(
    predict, predictor, rows, tmp_path: Path
) -> None:
    given = rows.drop(columns=["late_rate"]).assign(late_rates=0.5)
    predicted = predict(parquet_of(tmp_path / "new.parquet", given), allow_missing=True)
    assert predicted.absent == (AbsentFeature(column="late_rate", training_share=0.95),)
    assert predicted.warnings == (
        "1 of 5 features is absent: late_rate (95.0 % of the training rows had it). So scores are "
        "not those that the service would give: let the rows land and use `mlops watch delay`, or "
        "ask the service by entity. Did you mean 'late_rates' for 'late_rate'? Rename it.",
    )
    assert predicted.notes == ()
    stored = pq.read_table(tmp_path / "new.delay.predictions.parquet").to_pandas()
    as_missing = rows.assign(late_rate=np.nan)
    np.testing.assert_allclose(
        stored["score"], expected(predictor, as_missing), rtol=0, atol=TOLERANCE
    )


def test_a_file_without_the_entity_is_scored_and_that_is_told(
    predict, rows, tmp_path: Path
) -> None:
    predicted = predict(parquet_of(tmp_path / "new.parquet", rows.drop(columns="flight_id")))
    assert predicted.columns == OWN
    assert "no column 'flight_id'" in predicted.notes[0]


def test_constants_follow_the_moment_of_a_row(predict, predictor, rows, tmp_path: Path) -> None:
    adjusted = WrittenAdjustment.model_construct(
        number=1, valid_from=datetime(2013, 2, 1, tzinfo=UTC), constants={"threshold": 0.0}
    )
    constants = AdjustedConstants({"threshold": 1.1}, [adjusted])
    moments = ["2013-01-31T23:00:00Z", "2013-02-01T00:00:00Z"] * (len(rows) // 2)
    source = csv_of(tmp_path / "new.csv", rows.assign(event_time=moments))
    predict(source, constants=constants)
    stored = pq.read_table(tmp_path / "new.delay.predictions.parquet").to_pandas()
    assert stored["adjustment"].tolist() == [0, 1] * (len(rows) // 2)
    assert stored["decision"].tolist() == [False, True] * (len(rows) // 2)

    now = csv_of(tmp_path / "now.csv", rows)
    predict(now, constants=constants)
    stored = pq.read_table(tmp_path / "now.delay.predictions.parquet").to_pandas()
    assert set(stored["adjustment"]) == {1}

    odd = csv_of(tmp_path / "odd.csv", rows.assign(event_time="soon"))
    with pytest.raises(DataError, match="row 1, column 'event_time': no time is there"):
        predict(odd, constants=constants)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("new.csv", "new.delay.predictions.parquet"),
        ("new.csv.gz", "new.delay.predictions.parquet"),
        ("new.parquet", "new.delay.predictions.parquet"),
        ("a.b.CSV", "a.b.delay.predictions.parquet"),
    ],
)
def test_the_output_is_beside_the_input(name: str, output: str) -> None:
    assert default_output(Path("/in") / name, "delay") == Path("/in") / output


def test_predictions_of_another_model_stay(predict, predictor, rows, tmp_path: Path) -> None:
    source = parquet_of(tmp_path / "new.parquet", rows)
    other = predictor.schema.model_copy(update={"model": "cancellation"})
    outputs = {predict(source).output, predict(source, schema=other).output}
    assert outputs == {
        str(tmp_path / f"new.{model}.predictions.parquet") for model in ("delay", "cancellation")
    }


def test_nothing_is_left_of_what_failed_and_what_was_there_stays(
    predict, predictor, rows, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(feature_file, "BATCH_ROWS", 7)
    source = parquet_of(tmp_path / "new.parquet", rows)
    predict(source)
    before = default_output(source, "delay").read_bytes()
    rows.loc[30, "distance"] = np.inf
    parquet_of(source, rows)
    with pytest.raises(DataError, match="row 31"):
        predict(source)
    assert default_output(source, "delay").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2 + 1  # with the home


def test_many_columns_and_rows_keep_their_order(predict, predictor, tmp_path: Path) -> None:
    from tests.usecases.prediction.conftest import training_rows

    rows = training_rows(150_000)
    source = csv_of(tmp_path / "many.csv", rows)
    predict(source)
    stored = pq.read_table(default_output(source, "delay"), columns=["flight_id", "score"])
    assert stored["flight_id"].to_pylist() == rows["flight_id"].tolist()
    np.testing.assert_allclose(
        stored["score"].to_numpy(), expected(predictor, rows), rtol=0, atol=TOLERANCE
    )


def test_an_adjusted_release_says_which_adjustment(predictor) -> None:
    assert not predictor.is_adjusted
    constants = AdjustedConstants({"threshold": 1.0}, [WrittenAdjustment.model_construct(number=1)])
    assert replace(predictor, constants=constants).is_adjusted


def test_types_of_other_columns_stay(predict, rows, tmp_path: Path) -> None:
    given = rows.assign(day=pd.Timestamp("2013-01-01"), count=range(len(rows)))
    predict(parquet_of(tmp_path / "new.parquet", given))
    schema = pq.read_schema(tmp_path / "new.delay.predictions.parquet")
    assert pa.types.is_timestamp(schema.field("day").type)
    assert pa.types.is_int64(schema.field("count").type)
