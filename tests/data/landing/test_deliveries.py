"""Deliveries are kept in order, and what is damaged is told."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from shutil import rmtree

import pyarrow as pa
import pytest

from mlops_platform.data.landing.deliveries import (
    day_folder,
    day_rows,
    delivery_folders,
    delivery_moment,
    is_landed,
    landed_rows,
    last_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.landing.verification import day_problem
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, landed, minutes, table_of

DAY = date(2024, 3, 1)
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)
FIRST = table_of(id=["a", "b"], value=[1.0, 2.0])
SECOND = table_of(id=["a", "c"], value=[1.5, 3.0])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A day that was delivered twice."""
    landed(tmp_path, VISITS, DAY, FIRST)
    landed(tmp_path, VISITS, DAY, SECOND, minutes(5))
    return day_folder(tmp_path, "visits", DAY)


def test_a_day_says_when_it_was_delivered_and_what_it_has(tmp_path: Path) -> None:
    assert not is_landed(tmp_path, "visits", DAY)
    assert last_delivery(tmp_path, "visits", DAY) is None
    assert landed_rows(tmp_path, "visits", DAY) == 0
    landed(tmp_path, VISITS, DAY, FIRST)
    landed(tmp_path, VISITS, DAY, SECOND.slice(0, 1), minutes(5))
    assert is_landed(tmp_path, "visits", DAY)
    assert last_delivery(tmp_path, "visits", DAY) == minutes(5)
    assert landed_rows(tmp_path, "visits", DAY) == 1


@pytest.mark.parametrize("at", [NOON, NOON - timedelta(days=1)])
def test_moments_increase_where_the_clock_does_not(folder: Path, at: object) -> None:
    root, arrived = folder.parent.parent, []
    for value in (7.0, 8.0, 9.0):
        rows = table_of(id=["a"], value=[value])
        arrived.append(landed(root, VISITS, DAY, rows, at).delivered_at)  # type: ignore[arg-type]
    assert arrived == [minutes(5) + timedelta(microseconds=number) for number in (1, 2, 3)]
    assert [delivery_moment(one.name) for one in delivery_folders(folder)][2:] == arrived


def test_a_delivery_in_between_is_refused_by_name_and_nothing_is_lost(folder: Path) -> None:
    root = folder.parent.parent
    before = Arrival(at=minutes(9), last={DAY: NOON})
    with pytest.raises(DataError, match=r"another delivery \(2024-04-01T12:05:00\+00:00, 2 rows\)"):
        land_day(root, VISITS, DAY, FIRST, before)
    assert len(delivery_folders(folder)) == 2
    assert not land_day(root, VISITS, DAY, SECOND, before).changed


def test_who_was_killed_before_the_last_step_left_nothing_and_can_deliver_again(
    folder: Path,
) -> None:
    root = folder.parent.parent
    killed = folder / ".delivery=20240401T120900.000000Z.abc.tmp"
    shutil.copytree(delivery_folders(folder)[-1], killed)
    assert landed_rows(root, "visits", DAY) == 2
    assert len(day_rows(VISITS, folder)) == 2
    assert landed(root, VISITS, DAY, FIRST, minutes(9)).redelivered
    assert killed.is_dir()


def damaged(file: Path) -> None:
    file.write_bytes(b"PAR1")


def other(file: Path) -> None:
    write_parquet(pa.table({"id": ["a"], "value": [99.0]}), file)


@pytest.mark.parametrize(
    ("name", "harm", "message"),
    [
        ("data", damaged, "cannot be read as Parquet"),
        ("data", Path.unlink, "data.parquet does not exist"),
        ("changed", damaged, "cannot be read as Parquet"),
        ("changed", Path.unlink, "are not those that were delivered"),
        ("added", Path.unlink, "are not those that were delivered"),
        ("gone", Path.unlink, "are not those that were delivered"),
        ("changed", other, "are not those that were delivered"),
    ],
)
def test_a_file_that_is_damaged_or_gone_is_told(
    folder: Path, name: str, harm: object, message: str
) -> None:
    (file,) = folder.glob(f"*/{name}.parquet")
    harm(file)  # type: ignore[operator]
    for content in (FIRST, SECOND):
        with pytest.raises(DataError, match=message):
            landed(folder.parent.parent, VISITS, DAY, content, minutes(9))


@pytest.mark.parametrize("text", [None, "{}", "no JSON"])
def test_a_record_that_is_damaged_or_gone_is_told(folder: Path, text: str | None) -> None:
    record = delivery_folders(folder)[-1] / "delivery.json"
    record.unlink()
    if text is not None:
        record.write_text(text)
    with pytest.raises(DataError, match=r"delivery.json is missing or damaged.*from a backup"):
        landed_rows(folder.parent.parent, "visits", DAY)


def test_a_folder_that_names_no_moment_is_told(folder: Path) -> None:
    (folder / "delivery=soon").mkdir()
    with pytest.raises(DataError, match="delivery=soon names no moment of arrival"):
        last_delivery(folder.parent.parent, "visits", DAY)


def test_days_are_delivered_again_below_any_folder(odd_folder: Path) -> None:
    for at, rows in ((0, FIRST), (5, SECOND)):
        landed(odd_folder, VISITS, DAY, rows, minutes(at))
    folder = day_folder(odd_folder, "visits", DAY)
    assert day_rows(VISITS, folder).to_pylist() == SECOND.to_pylist()
    assert day_rows(VISITS, folder, NOON).to_pylist() == FIRST.to_pylist()


@pytest.mark.parametrize(("gone", "is_told"), [(1, True), (2, False)])
def test_a_delivery_that_is_gone_is_told_where_another_one_followed(
    folder: Path, gone: int, is_told: bool
) -> None:
    root = folder.parent.parent
    # The values of the last one hide that one is gone.
    landed(root, VISITS, DAY, table_of(id=["a", "c"], value=[2.5, 4.0]), minutes(9))
    rmtree(delivery_folders(folder)[gone])
    problem = day_problem(root, "visits", DAY)
    assert (problem is not None) == is_told
    assert not is_told or "delivery=20240401T120500.000000Z is gone" in str(problem)
