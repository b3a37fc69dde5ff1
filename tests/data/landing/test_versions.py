"""Versions: what a fact was known to be, and when."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.versions import versions_sql
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, first_file, landed, minutes, table_of

DAY, NEXT = date(2024, 3, 1), date(2024, 3, 2)
ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)


def versions(root: Path, columns: str = "id, value, known_at, superseded_at") -> list[Any]:
    with private_duckdb() as connection:
        query = f"SELECT {columns} FROM ({versions_sql(root / 'visits')}) ORDER BY ALL"
        return connection.sql(query).fetchall()


def test_what_was_delivered_once_was_always_known_where_the_source_says_nothing(
    tmp_path: Path,
) -> None:
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[1]))
    columns = "id, value, day, delivered_at, known_at, superseded_at"
    assert versions(tmp_path, columns) == [("a", 1, DAY, NOON, ALWAYS, None)]
    assert "JOIN" not in versions_sql(tmp_path / "visits")


@pytest.mark.parametrize("column", ["known_at", "seen_at"])
def test_what_the_source_says_counts_by_declaration_or_by_name(tmp_path: Path, column: str) -> None:
    said = NOON - timedelta(days=20)
    table = VISITS.model_copy(update={"known_at": None if column == "known_at" else column})
    landed(tmp_path, table, DAY, table_of(id=["a"], value=[1], **{column: [said]}))
    assert versions(tmp_path) == [("a", 1, said, None)]
    later = NOON + timedelta(days=3)
    rows = table_of(id=["a", "b"], value=[2, 5], **{column: [said, later]})
    landed(tmp_path, table, DAY, rows, minutes(5))
    assert versions(tmp_path) == [
        ("a", 1, said, minutes(5)),
        ("a", 2, minutes(5), None),
        ("b", 5, later, None),
    ]


def test_a_moment_that_is_null_is_never_but_on_arrival_where_the_fact_came_later(
    tmp_path: Path,
) -> None:
    nothing = pa.array([None, None], pa.timestamp("us", tz="UTC"))
    rows = table_of(id=["a", "b"], value=[1, 1]).append_column("known_at", nothing)
    landed(tmp_path, VISITS, DAY, rows.slice(0, 1))
    landed(tmp_path, VISITS, DAY, rows, minutes(5))
    assert versions(tmp_path) == [("a", 1, None, None), ("b", 1, minutes(5), None)]


def test_what_came_later_is_known_on_arrival_where_the_source_says_nothing(tmp_path: Path) -> None:
    for at, values in ((0, {"a": 1, "b": 1}), (5, {"a": 1, "c": 1}), (7, {"a": 1, "b": 1})):
        rows = table_of(id=list(values), value=list(values.values()))
        landed(tmp_path, VISITS, DAY, rows, minutes(at))
    assert versions(tmp_path) == [
        ("a", 1, ALWAYS, None),
        ("b", 1, ALWAYS, minutes(5)),
        ("b", 1, minutes(7), None),
        ("c", 1, minutes(5), minutes(7)),
    ]


def test_what_was_replaced_before_it_was_known_was_never_known(tmp_path: Path) -> None:
    soon = NOON + timedelta(days=1)
    for at, value in ((0, 1), (5, 2)):
        rows = table_of(id=["a"], value=[value], known_at=[soon if value == 1 else NOON])
        landed(tmp_path, VISITS, DAY, rows, minutes(at))
    assert versions(tmp_path) == [("a", 2, minutes(5), None)]


@pytest.mark.parametrize("present", [["a"], ["x"]])
def test_a_value_ends_when_any_later_one_is_known(tmp_path: Path, present: list[str]) -> None:
    """A correction that is known much later may itself be corrected before."""
    landed(tmp_path, VISITS, DAY, table_of(id=present, value=[1], known_at=[NOON]))
    for at, value, said in ((1, 1, 0), (2, 2, 90), (3, 3, 0)):
        rows = table_of(id=["a"], value=[value], known_at=[minutes(said)])
        landed(tmp_path, VISITS, DAY, rows, minutes(at))
    of_a = [row for row in versions(tmp_path) if row[0] == "a"]
    assert of_a == [("a", 1, NOON, minutes(3)), ("a", 3, minutes(3), None)]


def test_a_key_of_another_day_is_another_fact(tmp_path: Path) -> None:
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[1]))
    landed(tmp_path, VISITS, NEXT, table_of(id=["a"], value=[1]))
    landed(tmp_path, VISITS, NEXT, table_of(id=["a"], value=[2]), minutes(5))
    assert versions(tmp_path, "day, value, superseded_at") == [
        (DAY, 1, None),
        (NEXT, 1, minutes(5)),
        (NEXT, 2, None),
    ]


def test_columns_may_have_the_names_that_a_query_would_use(tmp_path: Path) -> None:
    names = ("kind", "change", "file", "rows", "number")
    for at, value in ((0, "x"), (5, "y")):
        rows = table_of(id=["a"], value=[value], **{name: [name] for name in names})
        landed(tmp_path, VISITS, DAY, rows, minutes(at))
    assert versions(tmp_path, f"value, {', '.join(names)}") == [("x", *names), ("y", *names)]


def test_days_may_have_their_columns_in_other_orders_and_lack_some(tmp_path: Path) -> None:
    table = VISITS.model_copy(update={"optional": ("unit",)})
    first, second = table_of(value=[1], id=["a"]), table_of(id=["b"], unit=["m"], value=[2])
    landed(tmp_path, table, NEXT, second)
    landed(tmp_path, table, DAY, first)
    landed(tmp_path, table, NEXT, table_of(unit=["m"], value=[3], id=["b"]), minutes(5))
    assert versions(tmp_path, "*") == [
        ("a", None, 1, DAY, NOON, ALWAYS, None),
        ("b", "m", 2, NEXT, NOON, ALWAYS, minutes(5)),
        ("b", "m", 3, NEXT, minutes(5), minutes(5), None),
    ]


@pytest.mark.parametrize("later", [{}, {"types": {"value": "DOUBLE"}}])
def test_only_the_files_of_the_days_that_are_asked_for_are_opened(
    tmp_path: Path, later: dict[str, dict[str, str]]
) -> None:
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[1]))
    landed(tmp_path, VISITS.model_copy(update=later), NEXT, table_of(id=["a"], value=[2]))
    query = f"SELECT value FROM ({versions_sql(tmp_path / 'visits')}) WHERE day = DATE '{NEXT}'"
    with private_duckdb() as connection:
        [(_, plan)] = connection.execute(f"EXPLAIN ANALYZE {query}").fetchall()
        assert connection.execute(query).fetchall() == [(2,)]
    assert sum(map(int, re.findall(r"Total Files Read: (\d+)", plan))) == 1


def test_columns_of_others_with_our_names_count_for_nothing(tmp_path: Path) -> None:
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[1]))
    theirs = table_of(id=["a"], value=[1], day=["x"], delivered_at=["y"], Superseded_At=["z"])
    write_parquet(theirs, first_file(tmp_path, "visits", DAY))
    assert versions(tmp_path, "*") == [("a", 1, DAY, NOON, ALWAYS, None)]


def test_versions_are_read_below_any_folder(odd_folder: Path) -> None:
    for at, value in ((0, 1), (5, 2)):
        landed(odd_folder, VISITS, DAY, table_of(id=["a"], value=[value]), minutes(at))
    assert versions(odd_folder, "value, day") == [(1, DAY), (2, DAY)]


def test_without_what_is_kept_beside_the_days_a_later_delivery_is_told(tmp_path: Path) -> None:
    for at, value in ((0, 1), (5, 2)):
        landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[value]), minutes(at))
    (tmp_path / "visits" / "_landing.json").unlink()
    with pytest.raises(DataError, match=r"_landing.json is missing, and day=2024-03-01 was"):
        versions_sql(tmp_path / "visits")


@pytest.mark.parametrize("deliveries", [2, 3])
def test_a_day_that_lost_its_first_delivery_is_told(tmp_path: Path, deliveries: int) -> None:
    for number in range(deliveries):
        rows = table_of(id=["a", "b"], value=[number, 1])
        landed(tmp_path, VISITS, DAY, rows, minutes(number))
    rmtree(first_file(tmp_path, "visits", DAY).parent)
    with pytest.raises(DataError, match=r"day=2024-03-01 has lost its first delivery"):
        versions_sql(tmp_path / "visits")


def test_a_day_that_was_to_be_delivered_again_and_was_not_is_read_as_it_is(tmp_path: Path) -> None:
    """The day is written down before its delivery: between them the process may die."""
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[1]))
    landed(tmp_path, VISITS, DAY, table_of(id=["a"], value=[2]), minutes(5))
    *_, second = sorted(day_folder(tmp_path, "visits", DAY).iterdir())
    second.rename(second.with_name(f".{second.name}.tmp"))
    assert versions(tmp_path, "value, superseded_at") == [(1, None)]
