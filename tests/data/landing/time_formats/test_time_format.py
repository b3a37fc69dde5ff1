"""Formats of times: which are read, and that what is read is what is written."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_platform.data.engine import literal, private_duckdb
from mlops_platform.data.landing.time_formats.recognition import epoch_format, possible_formats
from mlops_platform.data.landing.time_formats.time_format import (
    CENTURY_START,
    EPOCHS,
    TimeFormat,
    time_format,
)
from mlops_platform.errors import DataError


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with private_duckdb() as connection:
        yield connection


def read(engine: duckdb.DuckDBPyConnection, form: TimeFormat, text: str) -> Any:
    [(value,)] = engine.execute(f"SELECT {form.time(literal(text))}").fetchall()
    return value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("DD.MM.YYYY", "Write '%d.%m.%Y' for it"),
        ("dd.MM.yyyy HH:mm:ss", "Write '%d.%m.%Y %H:%M:%S' for it"),
        ("MM/DD/YYYY hh:mm AM", "Write '%m/%d/%Y %I:%M %p' for it"),
        ("YYYY-MM-DD HH24:MI", "Write '%Y-%m-%d %H:%M' for it"),
        ("D-MON-YY", "Write '%d-%b-%y' for it"),
        ("%d.%m.%Y %T", "Write '%d.%m.%Y %H:%M:%S' for it"),
        ("%-d/%-m/%Y", "Write '%d/%m/%Y' for it"),
        ("", "is no format. Write one of strptime"),
        ("iso", "is no format. Write one of strptime, .* epoch, epoch_ms, epoch_us"),
        ("epoch_s", "is no format"),
        ("%d.%m", "has no year"),
        ("%m.%Y", "has no day"),
        ("%d/%M/%Y", "has no month.* %M is the minute"),
        ("%d %d.%m.%Y", "has more than one day"),
        ("%d.%m.%Y %y", "has more than one year"),
        ("%d.%m.%Y %H:%M %H", "has %H twice"),
        ("%d.%m.%Y %I:%M", "%p"),
        ("%d.%m.%Y %H:%M %p", "%p"),
        ("%d.%m.%Y %M", "has %M without %H or %I"),
        ("%d.%m.%Y %H:%S", "has %S without %M"),
        ("%d.%m.%Y %H:%M:%S%f", "has %f without a"),
        ("%H:%M %z %d.%m.%Y", "%z elsewhere than at the end"),
        ("%d.%m.%Y %z", "%z elsewhere than at the end"),
        ("%d.%m.%Y %H:%MZ", "ends with the offset of UTC. Write %z"),
        ("%d.%m.20%y", "digits or line breaks of its own"),
        ("%A %d.%m.%Y", "has '%A', which is not read. Read are %d"),
        ("%d.%m.%Y %", "has '%', which is not read"),
    ],
)
def test_what_is_no_format_is_refused_with_what_it_may_be(text: str, message: str) -> None:
    with pytest.raises(DataError, match=f"^csv.date_format: {re.escape(repr(text))} .*{message}"):
        time_format("csv.date_format", text)


SIGNS = (".", "/", "-", " ")
DAYS = (
    *(f"%d{sign}%m{sign}{year}" for sign in SIGNS for year in ("%Y", "%y")),
    *(f"%m{sign}%d{sign}{year}" for sign in SIGNS for year in ("%Y", "%y")),
    *(f"%Y{sign}%m{sign}%d" for sign in SIGNS),
    *("%d-%b-%Y", "%d %B %Y", "%d%b%Y", "%b %d, %Y", "%B %d, %y", "%Y%m%d", "%d%m%Y", "%y%m%d"),
)
CLOCKS = (
    *("", " %H:%M", " %H:%M:%S", "T%H:%M:%S.%f", ", %H:%M:%S,%f", " %H h %M Uhr", ":%H:%M:%S"),
    *(" %I:%M %p", " %I:%M:%S%p", "  %I:%M:%S.%f %p", " %H:%M%z", " %H:%M:%S.%f %z"),
)
FORMATS = st.builds(
    TimeFormat,
    st.builds(str.__add__, st.sampled_from(DAYS), st.sampled_from(CLOCKS)),
    st.sampled_from((CENTURY_START, 1900, 1930, 1999, 2000)),
)
OFFSETS = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001


def said(form: TimeFormat, moment: datetime) -> datetime:
    """What is left of a moment in a format."""
    fields = {"hour": "%H %I", "minute": "%M", "second": "%S", "microsecond": "%f"}
    left = moment.replace(
        **{
            name: 0
            for name, ways in fields.items()
            if not any(way in form.text for way in ways.split())
        }
    )
    if form.has_short_year:
        start = form.century_start
        left = left.replace(year=start + (left.year - start) % 100)
    return left if form.has_zone else left.replace(tzinfo=None)


def written(form: TimeFormat, moment: datetime, is_short: bool = False) -> str:
    """As Python writes it."""
    text = re.sub("%(?=[dmHI])", "%-", form.text) if is_short else form.text
    return moment.strftime(text)


@given(FORMATS, MOMENTS, st.booleans())
def test_what_is_written_in_a_format_is_what_is_read(
    engine: duckdb.DuckDBPyConnection, form: TimeFormat, moment: datetime, is_short: bool
) -> None:
    if form.has_short_year and (moment.month, moment.day) == (2, 29):
        moment = moment.replace(day=28)
    expected = said(form, moment)
    # A day, a month and an hour may be without their zero, where something stands between them.
    is_short = is_short and not re.search("%m%[^%]|%[dY]%m", form.text)
    text = written(form, moment, is_short)
    value = read(engine, form, text)
    assert value == expected, (form, text)


@given(FORMATS, FORMATS, MOMENTS, st.integers(0, 40), st.sampled_from("0129 ./-:APMZ+xé"))
def test_a_text_of_another_format_is_none_or_says_what_it_is_read_as(
    engine: duckdb.DuckDBPyConnection,
    form: TimeFormat,
    other: TimeFormat,
    moment: datetime,
    at: int,
    character: str,
) -> None:
    text = written(form, moment)
    for changed in (text, text[:at] + character + text[at:], text[:at] + text[at + 1 :]):
        value = read(engine, other, changed)
        if value is not None:
            assert _plain(_rewritten(other, value, changed)) == _plain(changed), (other, changed)


def _rewritten(form: TimeFormat, value: datetime, text: str) -> str:
    """A value as the format writes it, in the offset that the text has."""
    if form.has_zone:
        minutes = re.search(r"([+-])(\d\d):?(\d\d)?\s*$", text)
        if minutes:
            size = timedelta(hours=int(minutes[2]), minutes=int(minutes[3] or 0))
            value = value.astimezone(timezone(-size if minutes[1] == "-" else size))
        else:
            value = value.astimezone(UTC)
    return written(form, value)


def _plain(text: str) -> str:
    """Without what a format leaves open: case, zeros around numbers, and spaces around all."""
    text = re.sub(r"(Z|UTC|GMT|[+-]00(:?00)?)\s*$", "+0000", text.strip())
    text = re.sub(r"([+-]\d\d):?(\d\d)$", r"\1\2", text)
    text = re.sub(r"([+-]\d\d)$", r"\g<1>00", text)
    text = re.sub(r"(:\d\d[.,]\d+?)0+(?!\d)", r"\1", text)
    return re.sub(r"(?<![\d.,])0(?=\d)|(?<=[./ -])0(?=\d)", "", text).lower()


@given(st.sampled_from([*EPOCHS]), MOMENTS)
def test_a_number_since_1970_is_its_moment(
    engine: duckdb.DuckDBPyConnection, word: str, moment: datetime
) -> None:
    digits = EPOCHS[word]
    whole = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    sign, size = ("-" if whole < 0 else ""), abs(whole)
    number, fraction = divmod(size, 10**digits)
    text = f"{sign}{number}" + (f".{fraction:0{digits}}" if digits else "")
    assert read(engine, TimeFormat(word), text) == moment


@pytest.mark.parametrize("text", ["1.7e9", "nan", "", "12:30", "1704709800.1234567", "--1"])
def test_what_is_no_such_number_is_none(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    assert read(engine, TimeFormat("epoch"), text) is None


@pytest.mark.parametrize(
    ("text", "formats"),
    [
        ("01.01.2026 00:02", ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M"]),
        ("1/8/2024 10:30 AM", ["%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p"]),
        ("1/8/90 0:00", ["%m/%d/%y %H:%M", "%d/%m/%y %H:%M"]),
        ("24-01-08", ["%d-%m-%y", "%m-%d-%y", "%y-%m-%d"]),
        ("31.12.24", ["%d.%m.%y", "%m.%d.%y"]),
        ("8-Jan-2024", ["%d-%b-%Y"]),
        ("08JAN2024:10:30:15", ["%d%b%Y:%H:%M:%S"]),
        ("8 January 2024", ["%d %B %Y"]),
        ("Jan 8, 2024", ["%b %d, %Y"]),
        ("2024.01.08", ["%Y.%m.%d"]),
        ("2024/01/08 10:30 pm", ["%Y/%m/%d %I:%M %p"]),
        ("20240108", ["%Y%m%d"]),
        ("20240108103015", ["%Y%m%d%H%M%S"]),
        ("08.01.2024 10:30:15,5 +02:00", ["%d.%m.%Y %H:%M:%S,%f %z", "%m.%d.%Y %H:%M:%S,%f %z"]),
        *((text, []) for text in ("", "x", "1.234", "192.168.1.1", "1.2.3", "12/24", "1/8/2024x")),
    ],
)
def test_the_formats_that_a_text_could_have(text: str, formats: list[str]) -> None:
    assert [str(form) for form in possible_formats(text)] == formats


@given(FORMATS, MOMENTS)
def test_a_format_that_is_recognised_is_one(form: TimeFormat, moment: datetime) -> None:
    for recognised in possible_formats(written(form, moment)):
        assert TimeFormat(recognised.text).example


@given(st.text(max_size=30))
def test_whatever_a_text_is_it_has_formats_or_none(text: str) -> None:
    assert len(possible_formats(text)) <= 3


@pytest.mark.parametrize(
    ("text", "word"),
    [("1704709800", "epoch"), ("1704709800123", "epoch_ms"), ("1704709800123456", "epoch_us")],
)
def test_a_number_of_the_size_of_the_present_is_one_since_1970(text: str, word: str) -> None:
    assert str(epoch_format(text)) == word
    assert epoch_format(text[1:]) is None
