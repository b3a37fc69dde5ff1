"""What the service would refuse is refused, with column, row and fix."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mlops_platform.errors import DataError
from mlops_platform.usecases.prediction.predict import default_output
from tests.usecases.prediction.conftest import csv_of, parquet_of


def test_a_column_without_which_no_row_is_scored_is_named_with_a_near_one(
    predict, rows, tmp_path: Path
) -> None:
    given = parquet_of(tmp_path / "new.parquet", rows.rename(columns={"distance": "distances"}))
    with pytest.raises(DataError) as refusal:
        predict(given)
    assert "lacks the column ['distance']" in str(refusal.value)
    assert "Did you mean 'distances' for 'distance'? Rename it." in str(refusal.value)
    assert "`mlops watch delay`" in str(refusal.value)


def test_a_raw_file_is_told_how_features_come_about(predict, tmp_path: Path) -> None:
    raw = tmp_path / "flights.csv"
    raw.write_text("year,month,tailnum\n2013,1,N14228\n")
    with pytest.raises(DataError) as refusal:
        predict(raw)
    assert "has none of the 5 features of delay, such as 'distance'" in str(refusal.value)
    assert "columns of flight_features: of what has landed `mlops watch delay` makes them" in str(
        refusal.value
    )


def test_a_file_without_what_most_of_training_had_is_scored_only_where_that_is_allowed(
    predict, rows, tmp_path: Path
) -> None:
    given = parquet_of(tmp_path / "new.parquet", rows[["flight_id", "distance", "carrier"]])
    told = (
        "3 of 5 features are absent: late_rate (40.0 % of the training rows had it), is_weekend "
        "(99.8 % of the training rows had it), remark (how many training rows had it is not known)."
        " So scores are not those that the service would give: let the rows land and use "
        "`mlops watch delay`, or ask the service by entity."
    )
    missing = {"late_rate": 0.6, "is_weekend": 0.002}
    with pytest.raises(DataError) as refusal:
        predict(given, missing=missing)
    assert str(refusal.value).startswith(f"{given}: {told} With --allow-missing")
    assert not default_output(given, "delay").exists()
    assert predict(given, missing=missing, allow_missing=True).warnings == (told,)


@pytest.mark.parametrize(("missing", "is_refused"), [(0.5, True), (0.501, False), (1.0, False)])
def test_half_of_the_training_rows_make_a_feature_usual(
    predict, rows, tmp_path: Path, missing: float, is_refused: bool
) -> None:
    given = parquet_of(tmp_path / "new.parquet", rows.drop(columns="late_rate"))
    if is_refused:
        with pytest.raises(DataError, match="--allow-missing"):
            predict(given, missing={"late_rate": missing})
    else:
        (warning,) = predict(given, missing={"late_rate": missing}).warnings
        assert "So scores may not be those that the service would give" in warning


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("distance", "far", "row 3, column 'distance': 'far' is not a number"),
        ("distance", "1_000", "row 3, column 'distance': '1_000' is not a number"),
        ("distance", "inf", "row 3, column 'distance': inf is not within"),
        ("late_rate", "-Infinity", "row 3, column 'late_rate': -inf is not within"),
        ("late_rate", "1e31", "row 3, column 'late_rate': 1e+31 is not within"),
        ("distance", "", "row 3, column 'distance': no value, and no row is scored"),
        ("distance", "nan", "row 3, column 'distance': no value, and no row is scored"),
    ],
)
def test_a_value_that_no_row_may_have_is_named_with_its_row(
    predict, rows, tmp_path: Path, column: str, value: str, told: str
) -> None:
    given = rows.astype({column: object})
    given.loc[2, column] = value
    source = csv_of(tmp_path / "new.csv", given)
    with pytest.raises(DataError) as refusal:
        predict(source)
    assert f"{source}, {told}" in str(refusal.value)
    assert not (tmp_path / "new.delay.predictions.parquet").exists()


def test_a_boolean_that_is_none_is_named(predict, rows, tmp_path: Path) -> None:
    rows.loc[0, "is_weekend"] = 2.0
    with pytest.raises(DataError, match="row 1, column 'is_weekend': 'maybe' is not true or false"):
        predict(csv_of(tmp_path / "new.csv", rows))


def test_each_column_is_named_once_and_not_too_many(predict, rows, tmp_path: Path) -> None:
    rows.loc[5:, "distance"] = np.inf
    rows.loc[7:, "late_rate"] = -np.inf
    with pytest.raises(DataError) as refusal:
        predict(parquet_of(tmp_path / "new.parquet", rows))
    first, second = str(refusal.value).splitlines()
    assert "row 6, column 'distance'" in first
    assert "row 8, column 'late_rate'" in second


@pytest.mark.parametrize(
    ("column", "values", "told"),
    [
        ("distance", "text", "column 'distance' is VARCHAR, and a number is needed"),
        ("is_weekend", 1.5, "column 'is_weekend' is DOUBLE, and true or false is needed"),
        ("carrier", pd.Timestamp("2013-01-01"), "column 'carrier' is TIMESTAMP"),
        ("remark", 7, "column 'remark' is BIGINT, and a string is needed"),
    ],
)
def test_a_column_of_another_type_is_refused(
    predict, rows, tmp_path: Path, column: str, values: object, told: str
) -> None:
    source = tmp_path / "new.parquet"
    rows.assign(is_weekend=rows["is_weekend"].astype(bool)).assign(**{column: values}).to_parquet(
        source
    )
    with pytest.raises(DataError, match=told):
        predict(source)


def test_an_entity_that_is_called_like_what_is_written_is_refused(
    predict, predictor, rows, tmp_path: Path
) -> None:
    schema = predictor.schema.model_copy(update={"entity": "version"})
    given = parquet_of(tmp_path / "new.parquet", rows.assign(Version=range(len(rows))))
    with pytest.raises(DataError, match="its entity in the column 'version', as predictions"):
        predict(given, schema=schema)


def test_a_column_of_the_name_that_duckdb_keeps_is_refused(predict, rows, tmp_path: Path) -> None:
    given = parquet_of(tmp_path / "new.parquet", rows.assign(file_row_number=1))
    with pytest.raises(DataError, match="a column 'file_row_number', a name that DuckDB keeps"):
        predict(given)


def test_the_input_is_never_overwritten(predict, rows, tmp_path: Path) -> None:
    source = parquet_of(tmp_path / "new.parquet", rows)
    with pytest.raises(DataError, match="is the file that is scored"):
        predict(source, tmp_path / "." / "new.parquet")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("gone.csv", None, "is no file"),
        ("empty.csv", b"", "is empty"),
        ("rows.csv", b"flight_id,distance\n", "has no row to score"),
        ("broken.parquet", b"PAR1", "cannot be read as Parquet"),
        ("rows.txt", b"x", r"predict reads .csv, .csv.gz, .csv.zst and .parquet\.$"),
        ("wide.csv", b"distance;carrier\n1;AA\n", "Say `--delimiter ';'` if it is written so"),
        ("tabbed.csv", b"distance\tcarrier\n1\tAA\n", "Say `--delimiter tab` if"),
        ("old.csv", "distance,größe\n1,2\n".encode("latin-1"), "Say `--encoding latin-1` if"),
        ("old.csv", "distance,carrier\n1,ö\n".encode("latin-1"), "line 2: .* `--encoding latin-1`"),
        ("marked.csv", "distance\n1\n".encode("utf-16"), "Say `--encoding utf-16` if"),
        ("quoted.csv", b'distance,carrier\n1,"AA\n', "a quote in the record after line 1"),
        ("unnamed.csv", b"distance,\n1,2\n", "column 2 of 2 has no name"),
        ("twice.csv", b"distance,Distance\n1,2\n", "whose names are one"),
        (
            "ragged.csv",
            b"distance,carrier\n1,AA\n2\n",
            "line 3: 1 values, .* Correct the file, or write it",
        ),
    ],
)
def test_what_is_no_table_is_refused(
    predict, tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    source = tmp_path / name
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(DataError, match=told) as refusal:
        predict(source, allow_missing=True)
    of_landings = ("Declare", "declare", "`columns`", "pattern", "dot in front", "Deliver")
    assert not [word for word in of_landings if word in str(refusal.value)]


@pytest.mark.parametrize(
    ("output", "told"),
    [("out.xlsx", "ends in .parquet or .csv"), ("no/such/out.csv", "does not exist")],
)
def test_an_output_that_cannot_be_written_is_refused(
    predict, rows, tmp_path: Path, output: str, told: str
) -> None:
    source = parquet_of(tmp_path / "new.parquet", rows)
    with pytest.raises(DataError, match=told):
        predict(source, tmp_path / output)


def test_a_number_that_the_model_makes_of_it_must_be_usable(
    predict, predictor, rows, tmp_path: Path, monkeypatch
) -> None:
    class Overflowing(type(predictor.task)):
        def numbers(self, model, features):
            numbers = super().numbers(model, features)
            numbers[1] = np.nan
            return numbers

    with pytest.raises(DataError, match="row 2: delay cannot score it: the model says"):
        predict(
            parquet_of(tmp_path / "new.parquet", rows),
            task=Overflowing(**predictor.task.model_dump()),
        )
