"""What arrives becomes a day, whole, and in one order."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.landing.deliveries import day_folder, read_delivery
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_days
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, begun, first_file, landed

DAY = date(2024, 3, 1)
MOMENTS = pa.array([datetime(2024, 3, 1, 8, tzinfo=UTC)] * 2, pa.timestamp("us", tz="UTC"))
ROWS = pa.table({"id": ["b", "a"], "known_at": MOMENTS, "value": [2.0, None]})
VISITS = LandedTable(table="visits", key=("id",))


def test_rows_are_landed_in_the_order_of_their_key(tmp_path: Path) -> None:
    day = landed(tmp_path, "visits", DAY, ROWS)
    path = tmp_path / "visits/day=2024-03-01/delivery=20240401T120000.000000Z/data.parquet"
    assert path == first_file(tmp_path, "visits", DAY)
    assert pq.ParquetFile(path).read().to_pylist() == ROWS.to_pylist()[::-1]
    assert (day.rows, day.rows_added, day.changed, day.redelivered) == (2, 2, True, False)
    record = read_delivery(path.parent)
    assert (record.delivered_at, record.meaning, record.rows) == (NOON, None, 2)


def test_rows_that_are_the_same_by_what_they_are_sorted_by_are_in_the_order_of_their_key(
    tmp_path: Path,
) -> None:
    by_moment = VISITS.model_copy(update={"order_by": ("known_at",)})
    for root, rows in (("one", ROWS), ("two", ROWS.take([1, 0]))):
        landed(tmp_path / root, by_moment, DAY, rows)
    one, two = (first_file(tmp_path / root, "visits", DAY) for root in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_the_same_facts_again_are_no_delivery(tmp_path: Path) -> None:
    first = landed(tmp_path, "visits", DAY, ROWS)
    path = first_file(tmp_path, "visits", DAY)
    before = path.stat()
    again = landed(tmp_path, "visits", DAY, ROWS.take([1, 0]))
    assert again == first.model_copy(update={"changed": False, "rows_added": 0})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(list(day_folder(tmp_path, "visits", DAY).iterdir())) == 1


def test_the_same_facts_again_are_no_delivery_where_their_keys_are_null(tmp_path: Path) -> None:
    rows = pa.table({"id": ["a", None], "value": [1, 2]})
    landed(tmp_path, "visits", DAY, rows)
    assert not landed(tmp_path, "visits", DAY, rows.take([1, 0])).changed


def test_the_same_facts_give_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    in_other_types = ROWS.take([1, 0]).cast(
        pa.schema(
            [
                ("id", pa.dictionary(pa.int32(), pa.string())),
                ("known_at", pa.timestamp("ms", tz="America/New_York")),
                ("value", pa.float64()),
            ]
        )
    )
    for root, rows in (("one", ROWS), ("two", in_other_types)):
        landed(tmp_path / root, "visits", DAY, rows)
    one, two = (first_file(tmp_path / root, "visits", DAY) for root in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_day_without_rows_is_landed_with_its_schema(tmp_path: Path) -> None:
    days = [date(2024, 2, 29), DAY]
    by_day = [(days[0], ROWS.slice(0, 0)), (DAY, ROWS)]
    empty, full = land_days(tmp_path, VISITS, by_day, begun(tmp_path, "visits", days))
    assert (empty.day, empty.rows, full.rows) == (days[0], 0, 2)
    file = pq.ParquetFile(first_file(tmp_path, "visits", days[0]))
    assert file.schema_arrow.equals(ROWS.schema)


def test_a_day_that_was_removed_can_be_landed_with_other_content(tmp_path: Path) -> None:
    landed(tmp_path, "visits", DAY, ROWS)
    folder = day_folder(tmp_path, "visits", DAY)
    folder.rename(tmp_path / "away")
    assert landed(tmp_path, "visits", DAY, ROWS.slice(0, 1)).rows == 1


def test_a_key_that_repeats_is_refused(tmp_path: Path) -> None:
    by_moment = VISITS.model_copy(update={"key": ("known_at",)})
    with pytest.raises(DataError, match=r"1 rows whose .'known_at'. repeats"):
        landed(tmp_path, by_moment, DAY, ROWS)
    assert not day_folder(tmp_path, "visits", DAY).exists()
    landed(tmp_path, "visits", DAY, ROWS)


@pytest.mark.parametrize("key", [(), ("nothing",)])
def test_a_key_that_is_no_column_is_refused(tmp_path: Path, key: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match=r"choose from .'id', 'known_at', 'value'."):
        landed(tmp_path, VISITS.model_copy(update={"key": key}), DAY, ROWS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["day", "Day", "delivered_at", "superseded_at", "_mlops_platform_kind", "Known_At"]
)
def test_names_that_reading_adds_are_refused(tmp_path: Path, name: str) -> None:
    rows = ROWS.drop_columns(["known_at"]).append_column(name, MOMENTS)
    with pytest.raises(DataError, match=rf"columns \['{name}'\] of visits have names"):
        landed(tmp_path, "visits", DAY, rows)
    assert list(tmp_path.iterdir()) == []


def test_the_name_of_the_moment_is_refused_where_another_column_has_it(tmp_path: Path) -> None:
    rows = ROWS.append_column("seen_at", MOMENTS)
    declared = VISITS.model_copy(update={"known_at": "seen_at"})
    with pytest.raises(DataError, match=r"columns \['known_at'\]"):
        landed(tmp_path, declared, DAY, rows)


def test_a_moment_that_is_declared_and_not_there_is_refused(tmp_path: Path) -> None:
    declared = VISITS.model_copy(update={"known_at": "seen_at"})
    with pytest.raises(DataError, match="known_at: visits has no column 'seen_at'"):
        landed(tmp_path, declared, DAY, ROWS.drop_columns(["known_at"]))


@pytest.mark.parametrize("values", [["2024-03-01"] * 2, [datetime(2024, 3, 1)] * 2])  # noqa: DTZ001
def test_a_moment_without_zone_is_refused(tmp_path: Path, values: list[object]) -> None:
    rows = pa.table({"id": ["a", "b"], "known_at": values})
    with pytest.raises(DataError, match=r"'known_at' of visits is .*Declare TIMESTAMPTZ"):
        landed(tmp_path, "visits", DAY, rows)


def test_a_day_that_did_not_begin_to_be_read_is_not_delivered_again(tmp_path: Path) -> None:
    landed(tmp_path, "visits", DAY, ROWS)
    by_day = [(DAY, ROWS.slice(0, 1))]
    with pytest.raises(DataError, match="another delivery"):
        land_days(tmp_path, VISITS, by_day, Arrival(at=NOON, last={DAY: None}))
