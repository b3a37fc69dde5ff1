"""Parquet is read from the folder that is named, with the partition of that folder only."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.parquet_files import (
    escaped,
    parquet_files,
    parquet_folder,
    partitioned_parquet,
)

DAYS = [date(2024, 3, day) for day in range(1, 11)]
PATTERN = "day=*/*.parquet"


def write_days(folder: Path, carrier: str = "UA") -> Path:
    """One row per day."""
    for day in DAYS:
        rows = pa.table({"carrier": [carrier], "number": [day.day]})
        write_parquet(rows, folder / f"day={day}" / "data.parquet")
    return folder


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with private_duckdb() as connection:
        yield connection


def test_rows_and_partition_are_those_of_the_folder(
    odd_folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    source = partitioned_parquet(write_days(odd_folder), [PATTERN], "day")

    assert connection.sql(f"FROM {source} ORDER BY day").fetchall() == [
        ("UA", day.day, day) for day in DAYS
    ]
    described = connection.sql(f"DESCRIBE FROM {source}").fetchall()
    assert [column[:2] for column in described] == [
        ("carrier", "VARCHAR"),
        ("number", "BIGINT"),
        ("day", "DATE"),
    ]


def test_files_and_folders_without_partition_have_their_own_columns_only(
    odd_folder: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    files = [write_days(odd_folder) / f"day={day}" / "data.parquet" for day in DAYS[:2]]

    assert connection.sql(f"FROM {parquet_files(files)}").fetchall() == [("UA", 1), ("UA", 2)]
    folder = connection.sql(f"FROM {parquet_folder(odd_folder, [PATTERN])}")
    assert folder.columns == ["carrier", "number"]
    assert len(folder.fetchall()) == len(DAYS)


@pytest.mark.parametrize(
    ("name", "sibling"),
    [("lake[ab]", "lakea"), ("lake?", "lakes"), ("lake*", "lake of others"), ("[!a]", "b")],
)
def test_a_sibling_that_the_name_would_match_is_not_read(
    name: str, sibling: str, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    write_days(tmp_path / sibling, carrier="foreign")
    write_days(tmp_path / name)
    file = tmp_path / name / f"day={DAYS[0]}" / "data.parquet"

    for source in (
        partitioned_parquet(tmp_path / name, [PATTERN], "day"),
        parquet_folder(tmp_path / name, [PATTERN]),
        parquet_files([file]),
    ):
        assert connection.sql(f"SELECT DISTINCT carrier FROM {source}").fetchall() == [("UA",)]


def test_nothing_is_read_where_only_a_sibling_is(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    write_days(tmp_path / "lakea", carrier="foreign")
    with pytest.raises(duckdb.IOException, match="No files found"):
        connection.sql(f"FROM {partitioned_parquet(tmp_path / 'lake[ab]', [PATTERN], 'day')}")


@pytest.mark.parametrize(
    ("condition", "files"),
    [
        ("day = DATE '2024-03-04'", 1),
        ("day IN (DATE '2024-03-04', DATE '2024-03-09')", 2),
        ("day >= DATE '2024-03-08' - 1 AND day <= DATE '2024-03-09'", 3),
        ("true", 10),
    ],
)
def test_a_condition_on_the_partition_decides_which_files_are_opened(
    condition: str, files: int, tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    source = partitioned_parquet(write_days(tmp_path), [PATTERN], "day", union_by_name=True)
    connection.execute(f"CREATE TEMP VIEW facts AS WITH source AS (FROM {source}) FROM source")

    query = f"SELECT sum(number) FROM facts WHERE {condition}"
    ((_, plan),) = connection.execute(f"EXPLAIN ANALYZE {query}").fetchall()
    assert re.findall(r"Total Files Read: (\d+)", plan) == [str(files)]


def test_only_the_files_of_the_wanted_days_are_opened(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    write_days(tmp_path)
    for day in DAYS[1:-1]:  # DuckDB takes the columns from the first one
        (tmp_path / f"day={day}" / "data.parquet").write_bytes(b"not Parquet")
    source = partitioned_parquet(tmp_path, [PATTERN], "day")

    query = f"SELECT number FROM {source} WHERE day IN $days"
    assert connection.execute(query, {"days": [DAYS[-1]]}).fetchall() == [(10,)]
    with pytest.raises(duckdb.Error):
        connection.execute(query, {"days": DAYS[-2:]}).fetchall()


def test_a_column_of_a_file_does_not_stand_in_for_its_partition(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection
) -> None:
    rows = pa.table({"day": ["long ago"], "number": [1]})
    write_parquet(rows, tmp_path / "day=2024-03-01" / "data.parquet")
    source = partitioned_parquet(tmp_path, [PATTERN], "day")

    assert connection.sql(f"SELECT number, day FROM {source}").fetchall() == [(1, DAYS[0])]


def test_a_plain_path_is_its_own_pattern() -> None:
    assert escaped(Path("/srv/lake/a b'c]")) == "/srv/lake/a b'c]"
