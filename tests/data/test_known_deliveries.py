"""What was known at a moment is a landing zone of its own."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.features.origin import UnbuiltDelivery
from mlops_platform.data.known_deliveries import Known, KnownTable, erasures, link_known_deliveries
from mlops_platform.data.landing.deliveries import (
    day_folder,
    day_rows,
    delivery_folders,
    delivery_name,
)
from mlops_platform.data.landing.erasing import planned_erasure
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError

DAY, OTHER = date(2024, 3, 1), date(2024, 3, 2)
FIRST = datetime(2024, 3, 2, 5, tzinfo=UTC)
SECOND, THIRD = FIRST + timedelta(days=1), FIRST + timedelta(days=2)
VISITS = LandedTable(table="visits", key=("visit",))


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """A day that was delivered three times, and one that was delivered once, late."""
    root = tmp_path / "landing"
    for day, at, pain in ((DAY, FIRST, 1), (DAY, SECOND, 2), (DAY, THIRD, 3), (OTHER, THIRD, 1)):
        rows = pa.table({"visit": ["a", "b"], "pain": [pain, 0]})
        land_day(root, VISITS, day, rows, Arrival.begun(root, "visits", [day], at))
    return root


def pain_of(root: Path) -> int:
    return int(day_rows(VISITS, day_folder(root, "visits", DAY))["pain"][0].as_py())


@pytest.mark.parametrize(("moment", "pain", "days"), [(FIRST, 1, ()), (SECOND, 2, (DAY,))])
def test_a_day_is_what_it_was_at_the_moment(
    landing: Path, tmp_path: Path, moment: datetime, pain: int, days: tuple[date, ...]
) -> None:
    known = tmp_path / "known"
    told = link_known_deliveries(landing, known, Known(moment))
    # A day that was delivered once is read as if nobody had delivered it again.
    assert read_state(known / "visits").redelivered == days
    assert pain_of(known) == pain
    assert pain_of(landing) == 3
    assert told == (KnownTable(table="visits", known=pain, later=4 - pain),)
    assert not day_folder(known, "visits", OTHER).exists()


def test_files_are_linked_and_the_originals_stay_as_they_are(landing: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in landing.rglob("*") if file.is_file()}
    link_known_deliveries(landing, tmp_path / "known", Known(THIRD))
    [first, *_] = delivery_folders(day_folder(landing, "visits", DAY))
    assert (first / "data.parquet").stat().st_nlink == 2
    assert {file: file.read_bytes() for file in landing.rglob("*") if file.is_file()} == before


def test_where_nothing_can_be_linked_it_is_copied(
    landing: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    link_known_deliveries(landing, tmp_path / "known", Known(SECOND))
    assert pain_of(tmp_path / "known") == 2


def test_the_first_delivery_may_be_taken_whenever_it_came(landing: Path, tmp_path: Path) -> None:
    known = tmp_path / "known"
    before = FIRST - timedelta(days=30)
    assert link_known_deliveries(landing, known, Known(before))[0].known == 0
    [table] = link_known_deliveries(landing, known, Known(before, first_always=True))
    assert (table.known, table.later) == (2, 2)
    assert pain_of(known) == 1


def test_what_no_build_had_taken_up_is_left_out(landing: Path, tmp_path: Path) -> None:
    name = delivery_name(SECOND)
    unbuilt = [UnbuiltDelivery(table="visits", day=DAY, delivery=name)]
    known = tmp_path / "known"
    [table] = link_known_deliveries(landing, known, Known(SECOND, unbuilt))
    assert (table.known, table.later, table.unbuilt) == (1, 2, 1)
    assert pain_of(known) == 1


def test_a_file_without_a_delivery_is_known_and_stays_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "landing" / "visits" / f"day={DAY}" / "data.parquet"
    write_parquet(pa.table({"visit": ["a"], "pain": [5]}), file)
    [table] = link_known_deliveries(tmp_path / "landing", tmp_path / "known", Known(FIRST))
    assert (table.known, table.later) == (1, 0)
    assert pain_of(tmp_path / "known") == 5
    assert file.is_file()
    assert file.stat().st_nlink >= 1


def test_what_is_named_after_no_moment_is_refused(landing: Path, tmp_path: Path) -> None:
    (day_folder(landing, "visits", DAY) / "delivery=yesterday").mkdir()
    with pytest.raises(DataError, match="delivery=yesterday names no moment"):
        link_known_deliveries(landing, tmp_path / "known", Known(FIRST))


def erase(landing: Path, at: datetime) -> None:
    with planned_erasure(landing, "visits", "visit = 'a'") as planned:
        planned.commit({"stays": 3}, "asked", "alice", at)


def test_erasures_after_a_moment_are_told(landing: Path) -> None:
    erase(landing, SECOND)
    assert erasures(landing, SECOND) == ()
    [told] = erasures(landing, FIRST)
    assert (told.table, told.days, told.decisions) == ("visits", (DAY, OTHER), {"stays": 3})


def test_what_was_erased_is_in_no_known_delivery(landing: Path, tmp_path: Path) -> None:
    erase(landing, THIRD)
    link_known_deliveries(landing, tmp_path / "known", Known(SECOND))
    known = day_rows(VISITS, day_folder(tmp_path / "known", "visits", DAY))
    assert known["visit"].to_pylist() == ["b"]


def test_a_tombstone_that_cannot_be_read_is_named(landing: Path) -> None:
    folder = landing / "visits" / "_erased"
    folder.mkdir()
    (folder / "a.json").write_text('{"table": "visits"}')
    with pytest.raises(DataError, match=r"a\.json is no tombstone"):
        erasures(landing, FIRST)
