"""How files are written, and of which type their columns are."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.profiling.profile import Dialect
from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.errors import DataError

ROWS = [("a", 1.5), ("b", 1234.25), ("c", 20000.75)]


@pytest.mark.parametrize(
    ("header", "line", "expected"),
    [
        ("name,value", '{},"{}"', Dialect(decimal=".", thousands=",")),
        ("name;value", "{};{}", Dialect(delimiter=";", thousands=",")),
        ("name\tvalue", "{}\t{}", Dialect(delimiter="\t", thousands=",")),
        ("name|value", "'{}'|'{}'", Dialect(delimiter="|", quote="'", thousands=",")),
    ],
)
def test_the_delimiter_and_the_quote_are_found(profiled, header, line, expected):
    text = "\n".join([header, *(line.format(name, f"{value:,}") for name, value in ROWS)])
    profile = profiled(text)
    assert profile.dialect == expected
    assert [column.type for column in profile.columns] == ["VARCHAR", "DOUBLE"]
    assert profile.column("value").maximum == "20000.75"


def test_a_decimal_comma_is_found(profiled):
    profile = profiled("name;value\na;1,5\nb;1.234,25\nc;7\n")
    assert profile.dialect == Dialect(delimiter=";", decimal=",", thousands=".")
    assert profile.column("value").maximum == "1234.25"


def test_thousands_are_told_only_where_a_number_has_them(profiled):
    # The codes look like grouped numbers, and are none for their leading zeros.
    profile = profiled("code;value\n007.123;1,5\n008.456;2,25\n")
    assert profile.column("code").type == "VARCHAR"
    assert profile.dialect == Dialect(delimiter=";", decimal=",")


def test_points_alone_are_decimals(profiled):
    assert profiled("a,b\n1.234,x\n2.345,y\n").dialect == Dialect()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("latin-1", "latin-1"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_found(profiled, encoding, expected):
    profile = profiled("Straße,n\nKöln,1\nZürich,2\nKöln,2\n".encode(encoding))
    assert profile.dialect.encoding == expected
    assert profile.columns[0].name == "Straße"
    assert profile.columns[0].examples == ("Köln", "Zürich")


def test_a_file_that_stops_to_be_utf8_behind_its_head_is_latin1(profiled):
    text = "name,n\n" + "plain text,1\n" * 90_000 + "Köln,2\n"
    profile = profiled(text.encode("latin-1"))
    assert profile.dialect.encoding == "latin-1"
    assert profile.rows == 90_001


@pytest.mark.parametrize("lines", [1, 90_000])
def test_signs_of_windows_are_those_of_windows(profiled, lines):
    text = "name,n\n" + "plain text,1\n" * lines + "Köln,2\n5 € – “so”,3\n"
    profile = profiled(text.encode("windows-1252"))
    assert profile.dialect.encoding == "windows-1252"
    assert set(profile.column("name").examples) == {"plain text", "Köln", "5 € – “so”"}


def test_a_damaged_utf8_file_is_not_read_as_another_encoding(profiled):
    text = "name,n\nKöln,1\nZürich,2\n"
    with pytest.raises(DataError, match=r"line 4: .* is no utf-8"):
        profiled(text.encode() + b"M\xfcnchen,3\n")


def test_a_fraction_of_three_digits_is_no_group_of_thousands(profiled):
    profile = profiled("price;share\n3,14;0.123\n12,5;0.250\n7,25;0.375\n")
    assert profile.dialect.thousands == ""
    kinds = {column.name: column.type for column in profile.columns}
    assert kinds["share"] == "VARCHAR" or profile.column("share").maximum == "0.375"


def test_groups_are_exact_and_follow_no_zero(profiled):
    grouped = profiled("price;amount\n3,14;1.234\n12,5;12.345.678\n7,25;999\n")
    assert grouped.dialect.thousands == "."
    assert grouped.column("amount").maximum == "12345678"
    for odd in ("1.23", "0.123", "00.123", "1234.567"):
        profile = profiled(f"price;amount\n3,14;1.234\n12,5;{odd}\n7,25;2.345\n")
        assert profile.column("amount").type == "VARCHAR" or profile.dialect.decimal == "."


def test_a_packed_file_is_unpacked(profiled):
    assert profiled(gzip.compress(b"a,b\n1,2\n3,4\n"), "table.csv.gz").rows == 2


def test_texts_among_numbers_mean_null(profiled):
    profile = profiled(
        "a,b,c\n1,x,2024-01-01\nNA,none,?\nn.d.,NA,2024-01-03\nn.d.,y,2024-01-04\n3,z,?\n"
    )
    assert [column.type for column in profile.columns] == ["BIGINT", "VARCHAR", "DATE"]
    assert set(profile.null_values) == {"", "NA", "?", "n.d."}
    assert profile.null_values[0] == ""
    assert [column.missing for column in profile.columns] == [3, 1, 2]
    assert profile.column("b").examples == ("none", "x", "y", "z")


def test_na_among_codes_is_a_code(profiled):
    profile = profiled("country\nDE\nNA\nFR\nUS\nNA\n")
    assert profile.null_values == ("",)
    assert profile.column("country").missing == 0


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-2", "30"], "BIGINT"),
        (["1", "2.5", "1e3"], "DOUBLE"),
        (["007", "012", "100"], "VARCHAR"),
        (["0.5", "0.25", "0"], "DOUBLE"),
        (["9" * 30, "1", "2"], "VARCHAR"),
        (["true", "False", "TRUE"], "BOOLEAN"),
        (["yes", "no", "no"], "BOOLEAN"),
        (["0", "1", "1"], "BIGINT"),
        (["2024-01-31", "2024-02-01", "2024-02-02"], "DATE"),
        (["2024-01-31 10:00:00", "2024-02-01", "2024-02-02T11:30:00"], "TIMESTAMP"),
        (["2024-01-31 10:00:00Z", "2024-02-01 10:00:00+02:00"], "TIMESTAMP WITH TIME ZONE"),
        (["31.01.2024", "01.02.2024"], "DATE"),
        (["31.01.2024 10:30", "01.02.2024 00:00"], "TIMESTAMP"),
        (["31.01.2024", "01.02.2024 00:00"], "VARCHAR"),
        (["31.02.2024", "01.02.2024"], "VARCHAR"),
        (["12 kg", "13 kg"], "VARCHAR"),
    ],
)
def test_a_column_has_the_narrowest_type_without_loss(profiled, values, kind):
    assert profiled("\n".join(["value", *values]) + "\n").column("value").type == kind


def test_one_value_behind_the_sample_decides(profiled):
    profile = profiled("n\n" + "1\n" * 60_000 + "x1\n")
    assert profile.column("n").type == "VARCHAR"


def test_files_with_other_columns_are_one_table(tmp_path):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,c\n3,x\n4,y\n")
    (tmp_path / ".3.csv").write_text("still being written")
    with scan_files([tmp_path]) as table:
        profile = table.profile
        assert [(column.name, column.missing) for column in profile.columns] == [
            ("a", 2),
            ("b", 0),
            ("c", 1),
        ]
        assert list(table.sample({"b": "b"})["b"]) == [2, 3, 4]


def test_rows_of_parquet_files_are_numbered_through(tmp_path):
    for number in range(3):
        rows = pa.table({"n": [10 * number, 10 * number + 1]})
        pq.write_table(rows, tmp_path / f"{number}.parquet")
    with scan_files([tmp_path]) as table:
        assert table.query("SELECT row__number, n FROM scanned ORDER BY ALL") == [
            (0, 0),
            (1, 1),
            (2, 10),
            (3, 11),
            (4, 20),
            (5, 21),
        ]
        assert table.profile.dialect is None
        assert table.profile.column("n").is_monotone


def test_types_that_cannot_land_are_others(tmp_path):
    file = tmp_path / "table.parquet"
    columns = {
        "price": pa.array([Decimal("1.50"), Decimal("2.25")]),
        "tags": pa.array([["a"], ["b", "c"]]),
        "took": pa.array([timedelta(seconds=1), None]),
        "day": pa.array(["2024-01-01", "2024-01-02"]),
    }
    pq.write_table(pa.table(columns), file)
    with scan_files([file]) as table:
        types = {column.name: column.type for column in table.profile.columns}
    assert types == {"price": "DOUBLE", "tags": "VARCHAR", "took": "BIGINT", "day": "DATE"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "matches no file"),
        ({"a.csv": "a,b\n1,2\n", "b.parquet": "x"}, "matches .*csv"),
        ({"a.csv": "a,b\n"}, "has no rows"),
        ({"a.csv": ""}, "is empty"),
        ({"a.parquet": "no parquet"}, "cannot be read as Parquet"),
        ({"a.csv": "a,a\n1,2\n"}, "whose names are one"),
        ({"a.csv": "a,b\n1,2\n3,4,5\n"}, "line 3: 3 values"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        scan_files([tmp_path])


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_a_column_that_is_called_as_duckdb_calls_the_place_of_a_row_is_refused(tmp_path, name):
    file = tmp_path / name
    if name.endswith("csv"):
        file.write_text("price,File_Row_Number\n1.5,1\n2.5,2\n")
    else:
        pq.write_table(pa.table({"price": [1.5, 2.5], "File_Row_Number": [1, 2]}), file)
    with pytest.raises(
        DataError, match=rf"{name} has a column 'File_Row_Number', .* Call it otherwise"
    ):
        scan_files([file])


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        scan_files([tmp_path / "none.csv"])


def test_nothing_is_left_behind(tmp_path, home):
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n")
    with scan_files([file]):
        assert [*home.spill.glob("scan-*")]
    assert not [*home.spill.glob("scan-*")]
    file.write_text("a,b\n")
    with pytest.raises(DataError):
        scan_files([file])
    assert not [*home.spill.glob("scan-*")]


def test_names_become_identifiers_and_both_can_be_asked_for(
    scanned: Callable[..., object], tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text('DepDelay,Arr Delay,arr-delay,2nd,"q""x"\n1,2,3,4,5\n6,7,8,9,10\n')
    with scan_files([file]) as table:
        outputs = [column.output for column in table.profile.columns]
        assert outputs == ["dep_delay", "arr_delay", "arr_delay_2", "column_2nd", "q_x"]
        asked = {"one": "dep_delay + DepDelay", "two": '"Arr Delay" * 2'}
        assert table.sample(asked).to_numpy().tolist() == [[2, 4], [12, 14]]
        assert table.columns_in('"Arr Delay" > dep_delay + 1') == {"arr_delay", "dep_delay"}
        with pytest.raises(DataError, match=r"'delay > 3' cannot be computed.*arr_delay"):
            table.sample({"label": "delay > 3", "n": "dep_delay"})
        with pytest.raises(DataError, match="is no SQL expression"):
            table.columns_in("delay >")
