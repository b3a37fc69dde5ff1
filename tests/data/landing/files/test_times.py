"""Times of CSV files that are not written as ISO 8601 has them: what lands, and what is refused."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.landing.files.csv_dialect import CsvDialect
from mlops_platform.errors import DataError
from tests.data.landing.files.file_case import FileCase, check_case, typed
from tests.documents.cases import Case, refuse_undocumented

NONE = "no such option"
GERMAN = "%d.%m.%Y %H:%M"
NEW_YORK = {"timezone": "America/New_York"}


def times(*values: str, at: str = "2024-03-10 12:00") -> Mapping[str, str]:
    """A file of values beside an ISO time."""
    rows = (f"{name},{at},{value}\n" for name, value in zip("abc", values, strict=False))
    return {"x.csv": "id,at,value\n" + "".join(rows)}


def at(*moments: str) -> Mapping[str, str]:
    """A file of moments."""
    rows = (f"{name},{moment},{name}\n" for name, moment in zip("abc", moments, strict=False))
    return {"x.csv": "id,at,value\n" + "".join(rows)}


def of_value(kind: str, form: str, **csv: Any) -> dict[str, Any]:
    return typed(kind, dialect=CsvDialect(formats={"value": form}, **csv))


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


US = "%m/%d/%Y %I:%M %p"
TIMES = [
    FileCase(
        Case(
            "`10.03.2024 12:00` as the time of a row",
            "refused",
            "refused, with the line that lets it land",
            "{timestamp_format: '%d.%m.%Y %H:%M' or '%m.%d.%Y %H:%M'}",
        ),
        at("10.03.2024 12:00"),
    ),
    FileCase(
        Case("the same with `csv: {timestamp_format: '%d.%m.%Y %H:%M'}`", NONE, "lands", ""),
        at("10.03.2024 00:02", "10.3.2024 23:59"),
        {"dialect": CsvDialect(timestamp_format=GERMAN)},
        {"a": "a", "b": "b"},
    ),
    FileCase(
        Case(
            "an ISO time among them",
            NONE,
            "refused",
            "line 3, column 'at': '2024-03-10 12:00' is no time as '%d.%m.%Y %H:%M' has it (such "
            "as 28.12.2031 23:59)",
        ),
        at("10.03.2024 12:00", "2024-03-10 12:00"),
        {"dialect": CsvDialect(timestamp_format=GERMAN)},
    ),
    FileCase(
        Case(
            "`10/03/2024` where the month is first: another day",
            NONE,
            "is that other day, and a day that is none is refused",
            "'10/13/2024' is no DATE as '%d/%m/%Y' has it (such as 28/12/2031)",
        ),
        times("10/03/2024", "10/13/2024"),
        of_value("DATE", "%d/%m/%Y"),
    ),
    FileCase(
        Case("`1/8/2024 10:30 AM` with `%m/%d/%Y %I:%M %p`", NONE, "lands", ""),
        times("1/8/2024 10:30 AM", "12/31/2024 12:00 am", "01/08/2024 12:00 PM"),
        of_value("TIMESTAMP", US),
        {"a": local(2024, 1, 8, 10, 30), "b": local(2024, 12, 31), "c": local(2024, 1, 8, 12)},
    ),
    FileCase(
        Case("an hour 13 in the afternoon", NONE, "refused", "'1/8/2024 13:30 PM' is no TIMESTAMP"),
        times("1/8/2024 13:30 PM"),
        of_value("TIMESTAMP", US),
    ),
    FileCase(
        Case("`1/8/90` and `1/8/68` with `%y`", NONE, "1990 and 2068, as POSIX has it", ""),
        times("1/8/90", "1/8/68", "1/8/69"),
        of_value("DATE", "%m/%d/%y"),
        {"a": date(1990, 1, 8), "b": date(2068, 1, 8), "c": date(1969, 1, 8)},
    ),
    FileCase(
        Case("the same with `two_digit_century_start: 1930`", NONE, "1990 and 1968", ""),
        times("1/8/90", "1/8/68", "2/29/00"),
        of_value("DATE", "%m/%d/%y", two_digit_century_start=1930),
        {"a": date(1990, 1, 8), "b": date(1968, 1, 8), "c": date(2000, 2, 29)},
    ),
    FileCase(
        Case(
            "29 February of a year of two digits that is no leap year in its century",
            NONE,
            "refused",
            "'2/29/00' is no DATE",
        ),
        times("2/29/00"),
        of_value("DATE", "%m/%d/%y", two_digit_century_start=1899),
    ),
    FileCase(
        Case(
            "a year of two digits where four are declared",
            NONE,
            "refused, and not of the first century",
            "'1.8.24' is no DATE",
        ),
        times("1.8.24"),
        of_value("DATE", "%d.%m.%Y"),
    ),
    FileCase(
        Case("`8-Jan-2024` with `%d-%b-%Y`", NONE, "lands", ""),
        times("8-Jan-2024", "08-DEC-2024"),
        of_value("DATE", "%d-%b-%Y"),
        {"a": date(2024, 1, 8), "b": date(2024, 12, 8)},
    ),
    FileCase(
        Case(
            "`20240108` with `%Y%m%d`, and `2024018`",
            NONE,
            "the second is refused",
            "'2024018' is no DATE as '%Y%m%d' has it",
        ),
        times("20240108", "2024018"),
        of_value("DATE", "%Y%m%d"),
    ),
    FileCase(
        Case(
            "`epoch`, which DuckDB's strptime takes for a day of 1900",
            NONE,
            "refused",
            "'epoch' is no DATE",
        ),
        times("epoch"),
        of_value("DATE", "%d.%m.%Y"),
    ),
    FileCase(
        Case("31 February", NONE, "refused", "'31.02.2024' is no DATE"),
        times("31.02.2024"),
        of_value("DATE", "%d.%m.%Y"),
    ),
    FileCase(
        Case(
            "a time of day in a column that lands as DATE",
            NONE,
            "midnight lands, another is refused",
            "'8.1.2024 00:01' is no DATE",
        ),
        times("8.1.2024 00:00", "8.1.2024 00:01"),
        of_value("DATE", GERMAN),
    ),
    FileCase(
        Case("a fraction with `%f`", NONE, "lands to the microsecond", ""),
        times("8.1.2024 10:30:15.5", "8.1.2024 10:30:15.123456000"),
        of_value("TIMESTAMP", "%d.%m.%Y %H:%M:%S.%f"),
        {"a": local(2024, 1, 8, 10, 30, 15, 500000), "b": local(2024, 1, 8, 10, 30, 15, 123456)},
    ),
    FileCase(
        Case(
            "a fraction finer than a microsecond",
            NONE,
            "refused",
            "'8.1.2024 10:30:15.1234567' is no TIMESTAMP",
        ),
        times("8.1.2024 10:30:15.1234567"),
        of_value("TIMESTAMP", "%d.%m.%Y %H:%M:%S.%f"),
    ),
    FileCase(
        Case("an offset with `%z`", NONE, "is that moment, whatever zone is declared", ""),
        times("8.1.2024 10:30 +02:00", "8.1.2024 10:30 Z", "8.1.2024 10:30 -0500"),
        {**of_value("TIMESTAMPTZ", "%d.%m.%Y %H:%M %z"), **NEW_YORK},
        {
            "a": datetime(2024, 1, 8, 8, 30, tzinfo=UTC),
            "b": datetime(2024, 1, 8, 10, 30, tzinfo=UTC),
            "c": datetime(2024, 1, 8, 15, 30, tzinfo=UTC),
        },
    ),
    FileCase(
        Case(
            "`%z` of a column that lands as TIMESTAMP",
            NONE,
            "refused",
            "'%d.%m.%Y %H:%M %z' says a moment, and 'value' lands as TIMESTAMP",
        ),
        times("8.1.2024 10:30 +02:00"),
        of_value("TIMESTAMP", "%d.%m.%Y %H:%M %z"),
    ),
    FileCase(
        Case("`epoch`, `epoch_ms` and `epoch_us`", NONE, "land as moments", ""),
        times("1704709800", "1704709800.5", "-1"),
        of_value("TIMESTAMPTZ", "epoch"),
        {
            "a": datetime(2024, 1, 8, 10, 30, tzinfo=UTC),
            "b": datetime(2024, 1, 8, 10, 30, 0, 500000, tzinfo=UTC),
            "c": datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        },
    ),
    FileCase(
        Case(
            "a number since 1970 that is of no year",
            NONE,
            "refused",
            "'999999999999' is no TIMESTAMP WITH TIME ZONE",
        ),
        times("999999999999"),
        of_value("TIMESTAMPTZ", "epoch"),
    ),
    FileCase(
        Case(
            "a time that the clocks take away, in a format",
            NONE,
            "refused",
            "2024-03-10 02:30:00 does not exist in America/New_York",
        ),
        at("10.03.2024 02:30"),
        {"dialect": CsvDialect(timestamp_format=GERMAN), **NEW_YORK},
    ),
    FileCase(
        Case("the same with `clock_change: later`", NONE, "lands", ""),
        at("10.03.2024 02:30"),
        {"dialect": CsvDialect(timestamp_format=GERMAN), **NEW_YORK, "clock_change": "later"},
        {"a": "a"},
    ),
    FileCase(
        Case(
            "a format of a column that does not land",
            NONE,
            "refused",
            "csv.formats: 'vlaue' is no column that lands. Did you mean 'value'?",
        ),
        times("8.1.2024"),
        typed("DATE", dialect=CsvDialect(formats={"vlaue": "%d.%m.%Y"})),
    ),
    FileCase(
        Case(
            "a format of a column that lands as text",
            NONE,
            "refused",
            "csv.formats.value: '%d.%m.%Y' is of times, and the column lands as VARCHAR",
        ),
        times("8.1.2024"),
        {"dialect": CsvDialect(formats={"value": "%d.%m.%Y"})},
    ),
    FileCase(
        Case(
            "a euro sign of Windows in `csv: {encoding: latin-1}`",
            "refused with DuckDB's words",
            "refused with its line",
            "line 2: '5 €' (read as windows-1252) is no latin-1",
        ),
        {"x.csv": "id,at,value\na,2024-03-10 12:00,5 €\n".encode("windows-1252")},
        {"dialect": CsvDialect(encoding="latin-1")},
    ),
    FileCase(
        Case("`csv: {encoding: windows-1252}`", NONE, "lands", ""),
        {"x.csv": "id,at,value\na,2024-03-10 12:00,5 €\n".encode("windows-1252")},
        {"dialect": CsvDialect(encoding="windows-1252")},
        {"a": "5 €"},
    ),
    FileCase(
        Case(
            "a byte that is no character of windows-1252",
            NONE,
            "refused with its line",
            "line 2: 'x\\x81' is no windows-1252",
        ),
        {"x.csv": b"id,at,value\na,2024-03-10 12:00,x\x81\n"},
        {"dialect": CsvDialect(encoding="windows-1252")},
    ),
    FileCase(
        Case(
            "`0.123` where `.` is declared between thousands",
            "landed as 123",
            "refused",
            "'0.123' is no DOUBLE",
        ),
        times("1.234", "0.123"),
        typed("DOUBLE", dialect=CsvDialect(decimal="_", thousands=".")),
    ),
]


@pytest.mark.parametrize("given", TIMES, ids=lambda given: given.case.given)
def test_times(given: FileCase, tmp_path: Path) -> None:
    check_case(given, tmp_path)


def test_every_case_is_documented() -> None:
    refuse_undocumented("Times of files", [given.case for given in TIMES])


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"timestamp_format": "DD.MM.YYYY HH:mm"}, "csv.timestamp_format: .* Write '%d.%m.%Y %H:"),
        ({"date_format": "%d.%m"}, "csv.date_format: '%d.%m' has no year"),
        ({"date_format": "%d.%m.%Y %H:%M %z"}, "csv.date_format: .* says a moment"),
        ({"formats": {"paid": "%d/%M/%Y"}}, "csv.formats.paid: .* %M is the minute"),
        ({"two_digit_century_start": 0}, "csv.two_digit_century_start: 0 is not within 1 and 9900"),
    ],
)
def test_what_is_no_format_is_refused_before_any_file_is_read(
    declared: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        CsvDialect(**declared)


def test_formats_of_columns_go_before_those_of_all() -> None:
    dialect = CsvDialect(
        timestamp_format=GERMAN, date_format="%d.%m.%Y", formats={"paid_at": "epoch"}
    )
    moment = "TIMESTAMP WITH TIME ZONE"
    assert str(dialect.time_format("PAID_AT", moment)) == "epoch"
    assert str(dialect.time_format("ordered_at", moment)) == GERMAN
    assert str(dialect.time_format("day", "DATE")) == "%d.%m.%Y"
    assert dialect.time_format("name", "VARCHAR") is None
