"""What becomes of files that are no plain table: the cases of `docs/refusals.md`."""

import gzip
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from tests.data.landing.files.file_case import FileCase, check_case, csv, row, typed
from tests.documents.cases import Case, refuse_undocumented

AT = datetime(2024, 3, 10, 12)  # noqa: DTZ001


def parquet(values: Any, **columns: Any) -> pa.Table:
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return pa.table(
        {"id": ["a", "b"][: len(array)], "at": [AT] * len(array), "value": array, **columns}
    )


NEW_YORK = {"timezone": "America/New_York"}
NOVEMBER = {**NEW_YORK, "day": date(2024, 11, 3)}
SPRING = csv(header="id,at,value\na,2024-03-10 02:30,1\n")
AUTUMN = csv(header="id,at,value\na,2024-11-03 01:30,1\n")
ROUNDED = "it was rounded in silence"
SQL = "refused with a query and without its line"
NOISE = "refused with the settings of DuckDB's sniffer"

FILES = [
    # The text of CSV files
    FileCase(
        Case(
            "a row with too few values",
            "refused as lacking columns: the sniffer had found a single one",
            "refused",
            "x.csv, line 3: 2 values",
        ),
        {"x.csv": "id,at,value\n" + row("1") + "b,2024-03-10 13:00\n"},
    ),
    FileCase(
        Case(
            "a row with too many values",
            "refused as lacking columns: the first row was taken for the header",
            "refused",
            "line 2: 4 values, and the header",
        ),
        {"x.csv": csv("1,5")},
    ),
    FileCase(
        Case(
            "a quote that is not closed",
            "landed, the quote in its value",
            "refused",
            "a quote in the record after line 2",
        ),
        {"x.csv": csv("1", '"2', "3")},
    ),
    FileCase(
        Case(
            "lines that end in two ways",
            NOISE,
            "refused",
            "line 3: it ends otherwise than the lines before it",
        ),
        {"x.csv": "id,at,value\r\n" + row("1").replace("\n", "\r\n") + row("2", "b")},
    ),
    FileCase(
        Case(
            "`;` between values",
            "landed by a guess at the first file",
            "refused until it is declared",
            "there is one column, 'id;at;value', by the delimiter ','",
        ),
        {"x.csv": csv("1").replace(",", ";")},
    ),
    FileCase(
        Case("`csv: {delimiter: ;, decimal: ',', thousands: .}`", "no such option", "lands", ""),
        {
            "x.csv": csv("1.234,5", "-12,0")
            .replace(",2024", ";2024")
            .replace("00,", "00;")
            .replace("id,at,", "id;at;")
        },
        typed("DOUBLE", dialect=CsvDialect(delimiter=";", decimal=",", thousands=".")),
        {"a": 1234.5, "b": -12.0},
    ),
    FileCase(
        Case(
            "a decimal point where a comma is declared",
            "no such option",
            "refused",
            "'1.2' is no DOUBLE",
        ),
        {"x.csv": csv("1.2")},
        typed("DOUBLE", dialect=CsvDialect(decimal=",", thousands="")),
    ),
    FileCase(
        Case(
            "`1,234` in a number",
            SQL,
            "refused, with the option",
            "line 2, column 'value': '1,234' is no BIGINT",
        ),
        {"x.csv": csv('"1,234"')},
        typed("BIGINT"),
    ),
    FileCase(
        Case(
            "Latin-1",
            NOISE,
            "refused with its line until it is declared",
            "line 3: 'Zürich' (read as latin-1) is no utf-8",
        ),
        {"x.csv": csv("1", "Zürich").encode("latin-1")},
    ),
    FileCase(
        Case("`csv: {encoding: latin-1}`", "no such option", "lands", ""),
        {"x.csv": csv("Zürich").encode("latin-1")},
        {"dialect": CsvDialect(encoding="latin-1")},
        {"a": "Zürich"},
    ),
    FileCase(
        Case(
            "UTF-16",
            NOISE,
            "refused until it is declared",
            "begins like utf-16, and is read as utf-8",
        ),
        {"x.csv": csv("1").encode("utf-16")},
    ),
    FileCase(
        Case("`csv: {encoding: utf-16}`, in `.csv.gz`", "no such option", "lands", ""),
        {"x.csv.gz": gzip.compress(csv("é").encode("utf-16"))},
        {"dialect": CsvDialect(encoding="utf-16")},
        {"a": "é"},
    ),
    FileCase(
        Case(
            "UTF-16, the high byte first",
            NOISE,
            "refused",
            "is UTF-16 with the high byte first. Convert it to UTF-8",
        ),
        {"x.csv": b"\xfe\xff" + csv("1").encode("utf-16-be")},
        {"dialect": CsvDialect(encoding="utf-16")},
    ),
    FileCase(
        Case("a byte order mark", "lands", "lands", ""),
        {"x.csv": csv("1").encode("utf-8-sig")},
        lands={"a": "1"},
    ),
    FileCase(
        Case("`.csv.gz` and `.csv.zst` beside each other", "refused", "lands", ""),
        {
            "x.csv.gz": gzip.compress(csv("1").encode()),
            "y.csv.zst": pa.compress(
                csv(header="id,at,value\n" + row("2", "b")).encode(), "zstd", asbytes=True
            ),
        },
        lands={"a": "1", "b": "2"},
    ),
    FileCase(
        Case("half of a `.csv.gz`", "no such option", "refused", "is damaged or not whole"),
        {"x.csv.gz": gzip.compress(csv("1").encode() * 20_000)[:-20]},
    ),
    FileCase(
        Case(
            "a NUL byte in a text",
            "landed",
            "refused",
            "line 3, column 'value': 'x\\x00y' has a NUL byte in it",
        ),
        {"x.csv": csv("x", "x\0y")},
    ),
    FileCase(
        Case(
            "an empty file beside good ones",
            "adds a column `column0`",
            "refused",
            "y.csv is empty, and not even a header says what is in it",
        ),
        {"x.csv": csv("1"), "y.csv": ""},
    ),
    FileCase(
        Case("a file with nothing but a header", "lands", "lands as no rows", ""),
        {"x.csv": csv("1"), "y.csv": csv()},
        lands={"a": "1"},
    ),
    # The names of columns
    FileCase(
        Case(
            "a name that repeats",
            "becomes `value_1`",
            "refused",
            "has columns ['value', 'value'], whose names are one",
        ),
        {"x.csv": csv("1,2", header="id,at,value,value\n")},
    ),
    FileCase(
        Case(
            "names that differ by case",
            "one becomes `Value_1`",
            "refused",
            "has columns ['value', 'Value'], whose names are one",
        ),
        {"x.csv": csv("1,2", header="id,at,value,Value\n")},
    ),
    FileCase(
        Case(
            "a name that another file spells otherwise",
            "lands as one column",
            "lands as one column",
            "",
        ),
        {"x.csv": csv("1"), "y.csv": "id,at,Value\n" + row("2", "b")},
        lands={"a": "1", "b": "2"},
    ),
    FileCase(
        Case(
            "a column without name",
            "becomes `column3`",
            "refused",
            "x.csv: column 4 of 4 has no name",
        ),
        {"x.csv": csv("1,2", header="id,at,value,\n")},
    ),
    FileCase(
        Case("a column without name that `columns` leaves out", "lands", "lands", ""),
        {"x.csv": csv("1,2", header="id,at,value,\n")},
        {"columns": {"id": "id", "at": "at", "value": "value"}},
        {"a": "1"},
    ),
    FileCase(
        Case(
            "a column that one file of a day lacks",
            "NULL in its rows",
            "refused with the file, and the line that allows it",
            "y.csv lacks ['value'], which another file of the same day has",
        ),
        {"x.csv": csv("1"), "y.csv": "id,at\nb,2024-03-10 12:00\n"},
    ),
    FileCase(
        Case(
            "a column of the key that one file of a day lacks",
            "NULL in its rows, and no later delivery of the day could land",
            "refused with the file",
            "y.csv lacks ['id'], which another file of the same day has",
        ),
        {"x.csv": csv("1"), "y.csv": "at,value\n2024-03-10 12:00,1\n"},
    ),
    FileCase(
        Case(
            "a column that one file of a day lacks, with `optional: [value]`",
            "NULL in its rows",
            "NULL in its rows",
            "",
        ),
        {"x.csv": csv("1"), "y.csv": "id,at\nb,2024-03-10 12:00\n"},
        {"optional": ("value",)},
        {"a": "1", "b": None},
    ),
    FileCase(
        Case("a column that a file lacks which has rows of other days only", "lands", "lands", ""),
        {"x.csv": csv("1"), "y.csv": "id,at\nb,2024-03-09 12:00\n"},
        lands={"a": "1"},
    ),
    FileCase(
        Case(
            "`renamed: {value: cost}` with `types: {value: BIGINT}`, and files with either name",
            "lands in that type under its new name",
            "lands in that type under its new name",
            "",
        ),
        {"x.csv": csv("1", header="id,at,cost\n"), "y.csv": "id,at,value\n" + row("2", "b")},
        typed("BIGINT", renamed={"value": "cost"}),
        {"a": 1, "b": 2},
    ),
    FileCase(
        Case(
            "the same where all files have the old name",
            "refused: the types named a column that was not landed",
            "lands in that type under its new name",
            "",
        ),
        {"x.csv": csv("1", header="id,at,cost\n")},
        typed("BIGINT", renamed={"value": "cost"}),
        {"a": 1},
    ),
    # Values
    FileCase(
        Case("`NA` in a text (Namibia)", "NULL", "lands, unless `null_values` lists it", ""),
        {"x.csv": csv("NA", "")},
        lands={"a": "NA", "b": None},
    ),
    FileCase(
        Case(
            "`1.6` for a BIGINT, in CSV",
            ROUNDED,
            "refused",
            "x.csv, line 3, column 'value': '1.6' is no BIGINT, and would be rounded",
        ),
        {"x.csv": csv("1", "1.6")},
        typed("BIGINT"),
    ),
    FileCase(
        Case(
            "1.6 for a BIGINT, in Parquet",
            ROUNDED,
            "refused with its row",
            "x.parquet, row 2, column 'value': '1.6' is no BIGINT",
        ),
        {"x.parquet": parquet([1.0, 1.6])},
        typed("BIGINT"),
    ),
    FileCase(
        Case("`5.0`, ` 5` and `+5` for a BIGINT", "land as 5", "land as 5", ""),
        {"x.csv": csv("5.0", " 5", "+5")},
        typed("BIGINT"),
        {"a": 5, "b": 5, "c": 5},
    ),
    FileCase(
        Case(
            "`0x1F`, `1_000` or `1e3` for a BIGINT",
            "31 and 1000",
            "refused",
            "'1_000' is no BIGINT",
        ),
        {"x.csv": csv("1_000")},
        typed("BIGINT"),
    ),
    FileCase(
        Case("`12abc` in a number", SQL, "refused", "line 3, column 'value': '12abc' is no DOUBLE"),
        {"x.csv": csv("1", "12abc")},
        typed("DOUBLE"),
    ),
    FileCase(
        Case(
            "more than the type holds",
            SQL,
            "refused",
            "line 2, column 'value': '300' is no TINYINT",
        ),
        {"x.csv": csv("300")},
        typed("TINYINT"),
    ),
    FileCase(
        Case("`1e400`", "infinity", "refused", "'1e400' is no DOUBLE"),
        {"x.csv": csv("1e400")},
        typed("DOUBLE"),
    ),
    FileCase(
        Case("`NaN` and `-inf`, by their names", "land", "land", ""),
        {"x.csv": csv("-inf", "1e308")},
        typed("DOUBLE"),
        {"a": float("-inf"), "b": 1e308},
    ),
    FileCase(
        Case(
            "a number of an account, of 17 digits, for a DOUBLE",
            "another number",
            "refused",
            "'12345678901234567' is no DOUBLE, and would lose digits",
        ),
        {"x.csv": csv("12345678901234567")},
        typed("DOUBLE"),
    ),
    FileCase(
        Case(
            "2^53 + 1 in Parquet for a DOUBLE",
            "another number",
            "refused",
            "'9007199254740993' is no DOUBLE",
        ),
        {"x.parquet": parquet([2**53 + 1])},
        typed("DOUBLE"),
    ),
    FileCase(
        Case("2 for a BOOLEAN, in Parquet", "true", "refused", "'2' is no BOOLEAN"),
        {"x.parquet": parquet([1, 2])},
        typed("BOOLEAN"),
    ),
    FileCase(
        Case(
            "a time of day for a DATE",
            "dropped",
            "refused",
            "Declare TIMESTAMP or TIMESTAMPTZ for 'value'",
        ),
        {"x.csv": csv("2024-03-10 05:00")},
        typed("DATE"),
    ),
    FileCase(
        Case("an offset for a TIMESTAMP", "dropped", "refused", "Declare TIMESTAMPTZ for 'value'"),
        {"x.csv": csv("2024-03-10T05:00:00+02:00")},
        typed("TIMESTAMP"),
    ),
    FileCase(
        Case("nanoseconds in a text", "dropped", "refused", "in whole microseconds"),
        {"x.csv": csv("2024-03-10T05:00:00.123456789")},
        typed("TIMESTAMP"),
    ),
    FileCase(
        Case(
            "nanoseconds in Parquet",
            "the whole landing refused, without the file",
            "refused",
            "x.parquet, row 2, column 'value'",
        ),
        {"x.parquet": parquet(pa.array([1_000, 1_001], pa.timestamp("ns", "UTC")))},
    ),
    FileCase(
        Case(
            "a Parquet file with other types than the one beside it",
            "the type that holds both: text, at worst",
            "refused",
            "BIGINT in",
        ),
        {"x.parquet": parquet([1]), "y.parquet": parquet(["x"])},
    ),
    # Types
    FileCase(
        Case(
            "a duration",
            "a number without unit",
            "refused with the cast",
            "column 'value' is DURATION, which cannot be landed. Declare BIGINT",
        ),
        {"x.parquet": parquet([timedelta(seconds=1)])},
    ),
    FileCase(
        Case(
            "a decimal",
            "refused, without the file",
            "refused with the cast",
            "is DECIMAL(5,2), which cannot be landed. Declare DOUBLE (rounded) or VARCHAR",
        ),
        {"x.parquet": parquet(pa.array([Decimal("1.10")], pa.decimal128(5, 2)))},
    ),
    FileCase(
        Case(
            "a decimal, a list, a struct, a map, bytes or a time of day as VARCHAR",
            "no such check",
            "lands as its text",
            "",
        ),
        {"x.parquet": parquet(pa.array([Decimal("1.10")], pa.decimal128(5, 2)))},
        typed("VARCHAR"),
        {"a": "1.10"},
    ),
    *(
        FileCase(
            Case(
                what,
                "refused, without the file",
                "refused with the cast",
                f"is {kind}, which cannot be landed. Declare VARCHAR (its text)",
            ),
            {"x.parquet": parquet(values)},
        )
        for what, kind, values in (
            ("a list", "BIGINT[]", [[1, 2]]),
            ("a struct", "STRUCT(a BIGINT)", [{"a": 1}]),
            ("a map", "MAP(VARCHAR, BIGINT)", pa.array([[("k", 1)]], pa.map_("string", "int64"))),
            ("a time of day", "TIME", [time(1, 2)]),
            ("bytes", "BLOB", [b"a"]),
        )
    ),
    FileCase(
        Case("unsigned numbers", "land", "land", ""),
        {"x.parquet": parquet(pa.array([2**64 - 1], pa.uint64()))},
        lands={"a": 2**64 - 1},
    ),
    FileCase(
        Case("a dictionary", "lands as its texts", "lands as its texts", ""),
        {"x.parquet": parquet(pa.array(["x", "y"]).dictionary_encode())},
        lands={"a": "x", "b": "y"},
    ),
    FileCase(
        Case("a UUID", "lands as its text", "lands as its text", ""),
        {"x.parquet": parquet(pa.array([b"0123456789abcdef"], pa.uuid()))},
        lands={"a": "30313233-3435-3637-3839-616263646566"},
    ),
    FileCase(
        Case(
            "a column without any value",
            "landed as type `null`; no build could read it",
            "refused until its type is declared",
            "x.parquet: column 'value' has no value and no type",
        ),
        {"x.parquet": parquet(pa.nulls(1))},
    ),
    FileCase(
        Case(
            "the same where its type is declared, or another file has one",
            "type `null`",
            "lands as NULL of that type",
            "",
        ),
        {"x.parquet": parquet(pa.nulls(1))},
        typed("DOUBLE"),
        {"a": None},
    ),
    # Times
    FileCase(
        Case(
            "a time that does not exist, as clocks go forward",
            "shifted by an hour in silence",
            "refused until `clock_change` is declared",
            "2024-03-10 02:30:00 does not exist in America/New_York: the clocks went forward "
            "from 02:00 to 03:00",
        ),
        {"x.csv": SPRING},
        NEW_YORK,
    ),
    FileCase(
        Case(
            "a time that exists twice, as clocks go back",
            "the second one, or the day refused for duplicates",
            "refused until `clock_change` is declared",
            "2024-11-03 01:30:00 exists twice in America/New_York: the clocks went back from "
            "02:00 to 01:00",
        ),
        {"x.csv": AUTUMN},
        NOVEMBER,
    ),
    FileCase(
        Case("a time with its offset in such an hour", "lands", "lands", ""),
        {"x.csv": AUTUMN.replace("01:30", "01:30:00-04:00")},
        NOVEMBER,
        {"a": "1"},
    ),
    FileCase(
        Case(
            "`infinity`, a year before 1 or after 9999",
            "its row never landed, in silence",
            "refused by name",
            "line 3, column 'at': 'infinity' is no time from the years 1 to",
        ),
        {"x.csv": "id,at,value\n" + row("1") + row("2", "b", "infinity")},
    ),
    FileCase(
        Case(
            "a time of the year 10000 in another column",
            "landed, and no Python could show it",
            "refused by name",
            "line 2, column 'value': '10000-01-01' is no TIMESTAMP WITH TIME",
        ),
        {"x.csv": csv("10000-01-01")},
        typed("TIMESTAMPTZ"),
    ),
    FileCase(
        Case(
            "a row without time",
            "refused without its line",
            "refused",
            "line 3, column 'at': there is no time (in 1 rows)",
        ),
        {"x.csv": "id,at,value\n" + row("1") + row("2", "b", "")},
    ),
    FileCase(
        Case(
            "the same with `without_time: leave_out`",
            "no such option",
            "left out and told",
            "1 row without time",
        ),
        {"x.csv": "id,at,value\n" + row("1") + row("2", "b", "")},
        {"without_time": "leave_out"},
        {"a": "1"},
        told=True,
    ),
    FileCase(
        Case(
            "rows outside `partitions.start` and `end`",
            "never land, in silence",
            "told in the log, the metadata of the run, and by `mlops land`",
            "2 rows from 2023-12-31 to 2025-01-01 outside the declared partitions",
        ),
        {"x.csv": csv("1") + row("2", "b", "2023-12-31") + row("3", "c", "2025-01-01")},
        {"partitions": (date(2024, 1, 1), date(2025, 1, 1))},
        {"a": "1"},
        told=True,
    ),
    FileCase(
        Case(
            "rows of the future",
            "wait in silence",
            "told as above",
            "1 row of moments after this arrival",
        ),
        {"x.csv": csv("1") + row("2", "b", "2024-12-31")},
        {"partitions": (date(2024, 1, 1), date(2025, 1, 1))},
        {"a": "1"},
        told=True,
    ),
]


@pytest.mark.parametrize("given", FILES, ids=lambda given: given.case.given)
def test_files(given: FileCase, tmp_path: Path) -> None:
    check_case(given, tmp_path)


def test_every_case_is_documented() -> None:
    refuse_undocumented("Files", [given.case for given in FILES])
