from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.landing.landing import land_days, land_partition, partition_file
from mlops_platform.errors import DataError

DAY = date(2024, 3, 1)
ROWS = pa.table(
    {
        "id": ["b", "a"],
        "known_at": pa.array(
            [datetime(2024, 3, 1, 8, tzinfo=UTC)] * 2, pa.timestamp("us", tz="UTC")
        ),
        "value": [2.0, None],
    }
)


def test_rows_are_landed_in_the_order_of_their_key(tmp_path: Path) -> None:
    landed = land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
    path = tmp_path / "visits" / "day=2024-03-01" / "data.parquet"
    assert path == partition_file(tmp_path, "visits", DAY)
    assert pq.ParquetFile(path).read().to_pylist() == ROWS.to_pylist()[::-1]
    assert (landed.rows, landed.changed) == (2, True)


def test_landing_the_same_facts_again_leaves_the_file_alone(tmp_path: Path) -> None:
    first = land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
    path = partition_file(tmp_path, "visits", DAY)
    before = path.stat()
    again = land_partition(tmp_path, "visits", DAY, ROWS.take([1, 0]), ["id"])
    assert again == first.model_copy(update={"changed": False})
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


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
        land_partition(tmp_path / root, "visits", DAY, rows, ["id"])
    one, two = (partition_file(tmp_path / root, "visits", DAY) for root in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_other_content_is_refused_with_what_to_do(tmp_path: Path) -> None:
    land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
    path = partition_file(tmp_path, "visits", DAY)
    before = path.read_bytes()
    with pytest.raises(DataError, match=r"immutable.*new fact.*delete .*day=2024-03-01"):
        land_partition(tmp_path, "visits", DAY, ROWS.slice(0, 1), ["id"])
    assert path.read_bytes() == before


def test_a_deleted_partition_can_be_landed_with_other_content(tmp_path: Path) -> None:
    land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
    partition_file(tmp_path, "visits", DAY).unlink()
    assert land_partition(tmp_path, "visits", DAY, ROWS.slice(0, 1), ["id"]).changed


def test_a_day_without_rows_is_landed_with_its_schema(tmp_path: Path) -> None:
    days = [date(2024, 2, 29), DAY]
    rows = ROWS.append_column("day", pa.array([DAY, DAY], pa.date32()))
    empty, full = land_days(tmp_path, "visits", days, rows, ["id"])
    assert (empty.day, empty.rows, full.rows) == (days[0], 0, 2)
    file = pq.ParquetFile(partition_file(tmp_path, "visits", days[0]))
    assert file.schema_arrow.equals(ROWS.schema)


def test_a_key_that_repeats_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 rows whose .'known_at'. repeats"):
        land_partition(tmp_path, "visits", DAY, ROWS, ["known_at"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order_by", [[], ["nothing"]])
def test_a_key_that_is_no_column_is_refused(tmp_path: Path, order_by: list[str]) -> None:
    with pytest.raises(DataError, match=r"choose from .'id', 'known_at', 'value'."):
        land_partition(tmp_path, "visits", DAY, ROWS, order_by)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
    partition_file(tmp_path, "visits", DAY).write_bytes(b"PAR1")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        land_partition(tmp_path, "visits", DAY, ROWS, ["id"])
