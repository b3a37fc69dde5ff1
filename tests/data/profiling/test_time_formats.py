"""Times that are not written as ISO 8601 has them: all values tell how, or somebody does."""

import io
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_platform.data.profiling.finding import Finding
from mlops_platform.data.profiling.findings import findings
from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.data.profiling.reading.time_texts import SaidTimes
from mlops_platform.data.profiling.scan import ScannedTable
from mlops_platform.errors import SpecError

Profiled = Callable[..., TableProfile]
Scanned = Callable[..., ScannedTable]


def table(*values: object, name: str = "seen_at") -> str:
    return "\n".join([f"{name};n", *(f"{value};{at}" for at, value in enumerate(values))]) + "\n"


def padded(text: str) -> str:
    """A time with all six digits of its fraction: Python 3.11 reads three or six."""
    whole, point, fraction = text.partition(".")
    return f"{whole}{point}{fraction.ljust(6, '0')}" if point else text


def found(profile: TableProfile) -> dict[str, Finding]:
    return {finding.kind: finding for finding in reversed(findings(profile))}


@pytest.mark.parametrize(
    ("values", "form", "kind"),
    [
        (["31.01.2024", "01.02.2024"], "%d.%m.%Y", "DATE"),
        (["1/8/2024 10:30 AM", "12/31/2023 1:05 pm"], "%m/%d/%Y %I:%M %p", "TIMESTAMP"),
        (["1/8/90 0:00", "1/31/24 13:05"], "%m/%d/%y %H:%M", "TIMESTAMP"),
        (["8/1/2024", "31/1/2024"], "%d/%m/%Y", "DATE"),
        (["8-Jan-2024", "31-DEC-2024"], "%d-%b-%Y", "DATE"),
        (["8 May 2024", "31 December 2024"], "%d %B %Y", "DATE"),
        (["20240108", "20241231"], "%Y%m%d", "DATE"),
        (["31.01.2024 10:30:15,5", "01.02.2024 10:30:15,125"], "%d.%m.%Y %H:%M:%S,%f", "TIMESTAMP"),
        (
            ["31.01.2024 10:30 +02:00", "01.02.2024 10:30 Z"],
            "%d.%m.%Y %H:%M %z",
            "TIMESTAMP WITH TIME ZONE",
        ),
        (["1704709800", "1704709801"], "epoch", "TIMESTAMP WITH TIME ZONE"),
        (["1704709800123", "1704709801456"], "epoch_ms", "TIMESTAMP WITH TIME ZONE"),
        (["31.02.2024", "01.02.2024"], None, "VARCHAR"),
        (["31.01.2024", "01.02.2024 10:00"], None, "VARCHAR"),
        (["31.01.2024", "02/13/2024"], None, "VARCHAR"),
        (["2024-01-31", "2024-02-01"], None, "DATE"),
    ],
)
def test_the_format_is_the_one_that_every_value_is_in(
    profiled: Profiled, values: Iterable[str], form: str | None, kind: str
) -> None:
    column = profiled(table(*values)).column("seen_at")
    assert (column.time_format, column.type, column.possible_formats) == (form, kind, ())


def test_a_time_in_a_format_is_a_time_as_any_other(scanned: Scanned) -> None:
    start = datetime(2024, 1, 1)  # noqa: DTZ001
    moments = [start + timedelta(hours=hour) for hour in range(600)]
    scan = scanned(table(*(f"{moment:%d.%m.%Y %H:%M}" for moment in moments)))
    [time] = scan.profile.times
    assert (time.first, time.last, time.days) == (moments[0], moments[-1], 25)
    assert scan.query("SELECT count(*) FROM scanned WHERE seen_at = TIMESTAMP '2024-01-02 03:00'")
    assert list(scan.sample({"at": "seen_at"}, 600)["at"]) == moments
    assert scan.profile.column("seen_at").is_monotone


def test_one_row_behind_the_sample_tells_the_day_from_the_month(profiled: Profiled) -> None:
    early = [f"{1 + n % 12}/{1 + n // 12 % 12}/2024" for n in range(45_000)]
    assert profiled(table(*early)).column("seen_at").possible_formats == ("%m/%d/%Y", "%d/%m/%Y")
    column = profiled(table(*early, "13/1/2024")).column("seen_at")
    assert (column.time_format, column.possible_formats) == ("%d/%m/%Y", ())


@pytest.mark.parametrize(
    ("values", "forms"),
    [
        (["1/8/2024", "12/11/2024"], ("%m/%d/%Y", "%d/%m/%Y")),
        (["01.08.2024 10:30", "12.11.2024 00:00"], ("%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M")),
        (["1/1/2024", "1/1/2024"], ("%m/%d/%Y", "%d/%m/%Y")),
        (["24-01-08", "24-02-09"], ("%d-%m-%y", "%y-%m-%d")),
    ],
)
def test_what_values_do_not_tell_is_told_and_lands_as_text(
    profiled: Profiled, values: list[str], forms: tuple[str, ...]
) -> None:
    profile = profiled(table(*values))
    column = profile.column("seen_at")
    assert (column.type, column.possible_formats) == ("VARCHAR", forms)
    said = found(profile)["ambiguous_time"]
    assert said.level == "warn"
    assert said.fix == " or ".join(f"--time-format 'seen_at={form}'" for form in forms)
    assert "unread_time" not in found(profile)


@pytest.mark.parametrize("said", ["seen_at=%d/%m/%Y", "SEEN_AT = %d/%m/%Y", "%d/%m/%Y"])
def test_what_is_said_is_read(profiled: Profiled, said: str) -> None:
    column = profiled(table("1/8/2024", "12/11/2024"), times=SaidTimes([said])).column("seen_at")
    assert column.time_format == "%d/%m/%Y"
    assert (column.minimum, column.maximum) == ("2024-08-01", "2024-11-12")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("seen_at=%d/%m/%Y", "'1/13/2024' is not written so, but like 28/12/2031"),
        ("%d/%m/%Y", "No text column has only such times"),
        ("sen_at=%d/%m/%Y", "No text column is called 'sen_at'. There are: seen_at"),
        ("seen_at=DD/MM/YYYY", "Write '%d/%m/%Y' for it"),
        ("seen_at=", "is no format"),
    ],
)
def test_what_is_said_and_cannot_be_is_refused(profiled: Profiled, said: str, message: str) -> None:
    with pytest.raises(SpecError, match=f"^time-format: .*{message}"):
        profiled(table("1/8/2024", "1/13/2024"), times=SaidTimes([said]))


def test_nothing_can_be_said_of_parquet(scanned: Scanned) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"seen_at": ["31.01.2024"], "n": [1]}), content)
    with pytest.raises(SpecError, match=r"It is said of CSV files, and these are Parquet"):
        scanned(content.getvalue(), "table.parquet", times=SaidTimes(["%d.%m.%Y"]))


def test_years_of_two_digits_are_of_the_hundred_that_are_said(profiled: Profiled) -> None:
    text = table("1/8/45", "1/31/24", name="born")
    usual, said = profiled(text), profiled(text, times=SaidTimes(century_start=1930))
    assert usual.column("born").maximum == "2045-01-08"
    assert said.column("born").minimum == "1945-01-08"
    assert usual.dialect is not None
    assert said.dialect is not None
    assert usual.dialect.two_digit_century_start == 1969
    assert said.dialect.two_digit_century_start == 1930
    assert "are read as 1945 to 2024" in found(said)["short_year"].text


def test_words_among_times_mean_null(profiled: Profiled) -> None:
    profile = profiled(table("31.01.2024", "offen", "01.02.2024", "NA", "02.02.2024", "offen"))
    column = profile.column("seen_at")
    assert (column.time_format, column.missing) == ("%d.%m.%Y", 3)
    assert set(profile.null_values) == {"", "NA", "offen"}


def test_digits_are_a_time_only_where_the_column_is_called_so(profiled: Profiled) -> None:
    days = [f"202401{1 + row % 28:02}" for row in range(60)]
    profile = profiled(table(*days, name="order_id"))
    assert profile.column("order_id").type == "BIGINT"
    assert found(profile)["unread_time"].fix == "--time-format 'order_id=%Y%m%d'"
    seconds = profiled(table(*(1_704_709_800 + row for row in range(60)), name="amount"))
    assert seconds.column("amount").type == "BIGINT"


MOMENTS = st.lists(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),  # noqa: DTZ001
    min_size=1,
    max_size=8,
)
FORMS = (
    *("%d.%m.%Y", "%m/%d/%Y %H:%M", "%d/%m/%y %H:%M:%S", "%m-%d-%Y %I:%M %p", "%d-%b-%Y"),
    *("%Y.%m.%d %H:%M:%S.%f", "%Y%m%d", "%y-%m-%d", "%B %d, %Y %H:%M"),
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(form=st.sampled_from(FORMS), moments=MOMENTS)
def test_whatever_the_values_are_no_other_time_is_found(
    profiled: Profiled, form: str, moments: list[datetime]
) -> None:
    texts = [moment.strftime(form) for moment in moments]
    column = profiled(table(*(f'"{text}"' for text in texts))).column("seen_at")
    if column.time_format is None:
        assert form in column.possible_formats
    else:
        read = [datetime.strptime(text, form) for text in texts]  # noqa: DTZ007
        assert column.minimum is not None
        # A date stands for its midnight, and DuckDB leaves the last zeros of a fraction out.
        assert datetime.fromisoformat(padded(column.minimum)) == min(read)
