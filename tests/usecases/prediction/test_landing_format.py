"""A file like those that land for a model is read as its landing declares."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.usecases.prediction.csv_text import CsvFlags, CsvText
from mlops_platform.usecases.prediction.landing_format import LandingFormat, landing_formats
from tests.usecases.prediction.conftest import FEATURES, Predict, csv_of, parquet_of

COLUMNS = {
    "flight_id": "Flug-Nr",
    "distance": "Größe km",
    "carrier": "Gesellschaft",
    "is_weekend": "Wochenende",
    "remark": "remark",
    "version": "Fassung",
}
LANDING = LandingFormat(
    name="landing_fluege",
    columns=COLUMNS,
    types={"distance": "DOUBLE", "is_weekend": "BOOLEAN"},
    csv=CsvDialect(delimiter=";", decimal=",", thousands=".", encoding="latin-1"),
    null_values=("", "k.A."),
)
GERMAN = {"sep": ";", "decimal": ",", "encoding": "latin-1", "na_rep": "k.A."}


@pytest.fixture
def predict(predict: Predict) -> Predict:
    """What is rolling is never in a file that lands."""
    return partial(predict, allow_missing=True)


@pytest.fixture
def rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Features as they can be of a landed row: the rolling one is not."""
    return rows.drop(columns="late_rate").assign(distance=rows["distance"] + 0.5)


def landed(path: Path, rows: pd.DataFrame, **options: str) -> Path:
    """As `csv_of`, under the names of the source, with a column that does not land."""
    given = csv_of(path, rows.assign(version="v2", email="a@example.org"), **options)
    text = given.read_text(encoding=options.get("encoding", "utf-8"))
    header, rest = text.split("\n", 1)
    separator = options.get("sep", ",")
    names = [COLUMNS.get(name, name) for name in header.split(separator)]
    given.write_text(separator.join(names) + "\n" + rest, encoding=options.get("encoding", "utf-8"))
    return given


def scores(path: Path | str) -> list[float]:
    values: list[float] = pq.read_table(path)["score"].to_pylist()
    return values


@pytest.fixture
def wanted(predict, rows, tmp_path: Path) -> list[float]:
    """What the same rows score under the names of the features."""
    rows.loc[3, "carrier"] = None
    return scores(predict(parquet_of(tmp_path / "wanted.parquet", rows)).output)


def test_names_and_text_are_those_of_the_landing(predict, rows, wanted, tmp_path: Path) -> None:
    source = landed(tmp_path / "new.csv", rows, **GERMAN)
    other = LandingFormat(name="landing_other", columns={"remark": "remark"}, csv=LANDING.csv)
    predicted = predict(source, landings=[other, LANDING])
    assert predicted.columns == ("flight_id", "email", "version", "release", "score", "decision")
    assert predicted.read_as == "landing_fluege"
    assert predicted.left_out == ("version",)
    assert predicted.notes == (
        "Read as landing_fluege declares it: delimiter ';', decimal ',', thousands '.', latin-1, "
        "missing is 'k.A.'.",
    )
    assert scores(predicted.output) == wanted


def test_flags_go_before_the_landing(predict, rows, wanted, tmp_path: Path) -> None:
    source = landed(tmp_path / "new.csv", rows, sep="\t", na_rep="?")
    flags = CsvFlags("\t", ".", "utf-8", ("?",))
    predicted = predict(source, flags=flags, landings=[LANDING])
    assert predicted.notes[0] == (
        "Read as landing_fluege declares it: delimiter '\\t', missing is 'k.A.', '?'."
    )
    assert scores(predicted.output) == wanted


def test_only_the_names_may_be_those_of_the_landing(predict, rows, wanted, tmp_path: Path) -> None:
    predicted = predict(landed(tmp_path / "new.csv", rows), landings=[LANDING])
    assert predicted.notes[0] == (
        "The columns are read as landing_fluege declares them, their text is not: "
        "the delimiter is ',', the decimal '.', the encoding utf-8."
    )
    assert scores(predicted.output) == wanted


def test_a_byte_order_mark_says_another_encoding(predict, rows, wanted, tmp_path: Path) -> None:
    source = landed(tmp_path / "new.csv", rows, **{**GERMAN, "encoding": "utf-8-sig"})
    predicted = predict(source, landings=[LANDING])
    assert predicted.notes[0].endswith("the delimiter is ';', the decimal ',', the encoding utf-8.")
    assert scores(predicted.output) == wanted


def test_a_parquet_file_has_the_names_of_the_landing(predict, rows, wanted, tmp_path: Path) -> None:
    source = parquet_of(tmp_path / "new.parquet", rows)
    table = pq.read_table(source)
    pq.write_table(table.rename_columns([COLUMNS[name] for name in table.column_names]), source)
    predicted = predict(source, landings=[LANDING])
    assert predicted.notes == ("Read as landing_fluege declares it.",)
    assert scores(predicted.output) == wanted


def test_a_file_of_features_stays_one(predict, rows, wanted, tmp_path: Path) -> None:
    source = csv_of(tmp_path / "new.csv", rows)
    predicted = predict(source, landings=[LANDING])
    assert predicted.read_as is None
    assert predicted.notes == ()
    assert scores(predicted.output) == wanted


def test_names_of_features_in_the_text_of_the_landing_are_read(
    predict, rows, wanted, tmp_path: Path
) -> None:
    predicted = predict(csv_of(tmp_path / "new.csv", rows, **GERMAN), landings=[LANDING])
    assert predicted.read_as == "landing_fluege"
    assert scores(predicted.output) == wanted


def test_where_names_tell_nothing_apart_the_text_is_the_landings(
    predict, rows, wanted, tmp_path: Path
) -> None:
    own = {name: name for name in FEATURES if name != "late_rate"}
    landing = LandingFormat(name="landing_own", columns=own, null_values=("", "k.A."))
    predicted = predict(csv_of(tmp_path / "new.csv", rows, na_rep="k.A."), landings=[landing])
    assert predicted.read_as == "landing_own"
    assert scores(predicted.output) == wanted
    # A rolling feature never lands: this is a file of features.
    features = csv_of(tmp_path / "features.csv", rows.assign(late_rate=0.5))
    assert predict(features, landings=[landing]).read_as is None


def test_names_that_change_their_meaning_are_not_confused(
    predict, rows, wanted, tmp_path: Path
) -> None:
    swapped = LandingFormat(
        name="landing_swapped", columns={"carrier": "remark", "remark": "carrier"}
    )
    assert predict(csv_of(tmp_path / "new.csv", rows), landings=[swapped]).read_as is None


@pytest.mark.parametrize(("kind", "text"), [("BIGINT", "007"), ("varchar", "7")])
def test_a_category_is_the_text_of_what_lands(
    predict, rows, tmp_path: Path, kind: str, text: str
) -> None:
    landing = LANDING.model_copy(update={"types": {"carrier": kind}})
    source = landed(tmp_path / "new.csv", rows.assign(carrier=text), **GERMAN)
    (unseen,) = predict(source, landings=[landing]).unseen
    assert unseen.examples == (f"'7' ({len(rows)})",)
    source = landed(tmp_path / "odd.csv", rows.assign(carrier="x"), **GERMAN)
    if kind == "BIGINT":
        with pytest.raises(DataError, match="column 'carrier': 'x' is not of the type that lands"):
            predict(source, landings=[landing])


@pytest.mark.parametrize("csv", [{"date_format": "%d.%m.%Y"}, {"formats": {"CARRIER": "%d.%m.%Y"}}])
def test_a_day_is_read_as_the_landing_declares_it(
    predict, rows, tmp_path: Path, csv: dict[str, object]
) -> None:
    dialect = replace(LANDING.csv, **csv)
    landing = LANDING.model_copy(update={"types": {"carrier": "DATE"}, "csv": dialect})
    source = landed(tmp_path / "new.csv", rows.assign(carrier="08.01.2024"), **GERMAN)
    told = predict(source, landings=[landing])
    assert told.unseen[0].examples == (f"'2024-01-08' ({len(rows)})",)
    assert any("like '%d.%m.%Y'" in note for note in told.notes)
    source = landed(tmp_path / "odd.csv", rows.assign(carrier="01/08/2024"), **GERMAN)
    with pytest.raises(DataError, match="column 'carrier': '01/08/2024' is not of the type"):
        predict(source, landings=[landing])


def test_two_columns_that_are_one_of_the_landing_are_refused(predict, rows, tmp_path: Path) -> None:
    source = landed(tmp_path / "new.csv", rows.assign(Carrier="AA"), **GERMAN)
    with pytest.raises(DataError, match="'Gesellschaft' and 'Carrier' are both the column"):
        predict(source, landings=[LANDING])


def test_a_file_of_nobody_is_told_as_it_stands(predict, tmp_path: Path) -> None:
    source = tmp_path / "new.csv"
    source.write_text("a|b\n1|2\n")
    with pytest.raises(DataError, match=r"delimiter ','.*--delimiter"):
        predict(source, landings=[LANDING])


def test_a_decimal_that_is_said_has_no_groups_of_another() -> None:
    text = CsvFlags(decimal=".").over(LANDING.text)
    assert (text.dialect.decimal, text.dialect.thousands) == (".", "")
    assert CsvFlags().over(CsvText()) == CsvText()


MODEL_YAML = """
type: mlops_platform.components.ModelLifecycleComponent
attributes: {name: delay}
"""
LANDING_YAML = """
type: mlops_platform.components.FolderLandingComponent
attributes:
  table: fluege
  folder: "{{ env.NOBODY_SETS_THIS }}"
  columns: {distance: Strecke}
  types: {distance: DOUBLE}
  csv: {delimiter: "{{ env('NOBODY_SETS_THIS', ';') }}", encoding: latin-1}
"""


def test_landings_are_those_of_the_domain_of_the_model(tmp_path: Path) -> None:
    write_text(tmp_path / "fluege" / "delay" / "defs.yaml", MODEL_YAML)
    write_text(tmp_path / "fluege" / "landing_fluege" / "defs.yaml", LANDING_YAML)
    write_text(tmp_path / "other" / "landing_other" / "defs.yaml", LANDING_YAML)
    assert landing_formats(tmp_path, "delay") == [
        LandingFormat(
            name="landing_fluege",
            columns={"distance": "Strecke"},
            types={"distance": "DOUBLE"},
            csv=CsvDialect(delimiter=";", encoding="latin-1"),
        )
    ]
    assert landing_formats(tmp_path, "gone") == []


@pytest.mark.parametrize(
    "text",
    [
        "type: [",
        "type: somebody.elses.Component\n",
        LANDING_YAML.replace("latin-1", "ebcdic"),
        LANDING_YAML.replace("{distance: Strecke}", "[distance]"),
        LANDING_YAML.replace("encoding: latin-1", "decimal: '12'"),
        LANDING_YAML.replace("latin-1", "'{{ env.NOBODY_SETS_THIS }}'"),
        LANDING_YAML.replace("FolderLanding", "DatabaseLanding"),
    ],
)
def test_a_landing_that_cannot_be_read_plainly_is_passed_over(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "fluege" / "delay" / "defs.yaml", MODEL_YAML)
    write_text(tmp_path / "fluege" / "landing_fluege" / "defs.yaml", text)
    assert landing_formats(tmp_path, "delay") == []
