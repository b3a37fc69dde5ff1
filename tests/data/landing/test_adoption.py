"""Files of older homes and of other producers become deliveries, and none is lost on the way."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.landing import adoption
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.deliveries import (
    day_folder,
    day_rows,
    delivery_folders,
    landed_rows,
    last_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, delivery_files, landed, minutes, table_of

DAY = date(2024, 3, 1)
VISITS = LandedTable(table="visits", key=("id",), max_gone=1)
ROWS = table_of(id=["a", "b"], value=[1.0, 2.0])
OTHER = table_of(id=["a", "b"], value=[1.0, 3.0])


def put(root: Path, rows: pa.Table, name: str = "data.parquet", day: str = str(DAY)) -> Path:
    """What an older version, or somebody else, writes."""
    file = root / "visits" / f"day={day}" / name
    write_parquet(rows, file)
    written = datetime(2024, 3, 2, tzinfo=UTC).timestamp()
    os.utime(file, (written, written))
    return file


def files_of(root: Path) -> list[str]:
    folder = day_folder(root, "visits", DAY)
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_a_file_becomes_the_first_delivery_at_first_sight(tmp_path: Path) -> None:
    file = put(tmp_path, ROWS)
    inode = file.stat().st_ino
    (adopted,) = adopt_files(tmp_path, NOON)
    assert (adopted.rows, adopted.changed, adopted.redelivered) == (2, True, False)
    assert last_delivery(tmp_path, "visits", DAY) == NOON
    (delivery,) = delivery_folders(file.parent)
    assert (delivery / "data.parquet").stat().st_ino == inode
    assert files_of(tmp_path) == []
    assert adopt_files(tmp_path, NOON) == []


def test_a_file_of_before_had_arrived_when_it_was_written(tmp_path: Path) -> None:
    put(tmp_path, ROWS)
    adopt_files(tmp_path, NOON, of_before=True)
    assert last_delivery(tmp_path, "visits", DAY) == datetime(2024, 3, 2, tzinfo=UTC)


def test_nothing_arrives_later_than_now(tmp_path: Path) -> None:
    put(tmp_path, ROWS)
    now = datetime(2013, 2, 1, tzinfo=UTC)
    adopt_files(tmp_path, now, of_before=True)
    assert last_delivery(tmp_path, "visits", DAY) == now


def test_what_a_landing_says_of_an_adopted_day_is_compared_with_it(tmp_path: Path) -> None:
    put(tmp_path, ROWS)
    adopt_files(tmp_path, NOON)
    assert not landed(tmp_path, VISITS, DAY, ROWS.take([1, 0]), minutes(1)).changed
    assert landed(tmp_path, VISITS, DAY, OTHER, minutes(2)).rows_changed == 1


def test_another_file_of_a_declared_table_is_one_more_delivery(tmp_path: Path) -> None:
    landed(tmp_path, VISITS, DAY, ROWS)
    put(tmp_path, OTHER, "from_elsewhere.parquet")
    (adopted,) = adopt_files(tmp_path, minutes(5))
    assert (adopted.redelivered, adopted.rows_changed) == (True, 1)
    assert last_delivery(tmp_path, "visits", DAY) == minutes(5)
    assert files_of(tmp_path) == []


def test_a_file_that_says_the_same_goes_without_a_delivery(tmp_path: Path) -> None:
    landed(tmp_path, VISITS, DAY, ROWS)
    put(tmp_path, ROWS.take([1, 0]))
    (adopted,) = adopt_files(tmp_path, minutes(5))
    assert not adopted.changed
    assert (files_of(tmp_path), len(delivery_files(tmp_path, "visits", DAY))) == ([], 1)


def test_another_file_of_a_table_that_nobody_declared_is_refused_and_stays(tmp_path: Path) -> None:
    put(tmp_path, ROWS)
    adopt_files(tmp_path, NOON)
    put(tmp_path, OTHER)
    with pytest.raises(DataError, match="nothing says what identifies a fact"):
        adopt_files(tmp_path, minutes(5))
    assert files_of(tmp_path) == ["data.parquet"]


def test_files_of_one_day_are_one_delivery(tmp_path: Path) -> None:
    for name, at in (("one.parquet", 0), ("two.parquet", 1)):
        put(tmp_path, ROWS.slice(at, 1), name)
    adopt_files(tmp_path, NOON)
    assert delivery_files(tmp_path, "visits", DAY) == [["data.parquet"]]
    assert day_rows(VISITS, day_folder(tmp_path, "visits", DAY)).equals(ROWS)
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("before_file", [1, 2])
def test_who_was_killed_before_a_file_is_removed_goes_on_at_the_next_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    declared: bool,
    parts: int,
    before_file: int,
) -> None:
    if declared:
        landed(tmp_path, VISITS, DAY, OTHER, minutes(-5))
    for part in range(parts):
        put(tmp_path, ROWS.slice(part) if parts == 1 else ROWS.slice(part, 1), f"{part}.parquet")
    _die_at_unlink(monkeypatch, before_file)
    try:
        adopt_files(tmp_path, NOON)
    except KeyboardInterrupt:
        assert files_of(tmp_path)
    monkeypatch.undo()
    adopt_files(tmp_path, minutes(5))
    assert files_of(tmp_path) == []
    assert len(delivery_files(tmp_path, "visits", DAY)) == 1 + declared
    assert day_rows(VISITS, day_folder(tmp_path, "visits", DAY)).equals(ROWS)


def _die_at_unlink(monkeypatch: pytest.MonkeyPatch, before_file: int) -> None:
    """Die as the process would, between two steps: nothing is cleaned up of what lies there."""
    unlink, seen = Path.unlink, []

    def dying(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name.startswith("day=") and path.suffix == ".parquet":
            if path.name.startswith("."):
                return unlink(path, missing_ok)
            seen.append(path)
            if len(seen) == before_file:
                raise KeyboardInterrupt
        return unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", dying)


def test_who_was_killed_before_the_delivery_has_its_name_has_the_file_still(tmp_path: Path) -> None:
    file = put(tmp_path, ROWS)
    killed = file.parent / ".delivery=20240302T000000.000000Z.abc.tmp"
    killed.mkdir()
    (killed / "data.parquet").hardlink_to(file)
    adopt_files(tmp_path, NOON)
    assert landed_rows(tmp_path, "visits", DAY) == 2


def test_what_is_put_there_in_the_meantime_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(tmp_path, VISITS, DAY, ROWS, minutes(-5))
    put(tmp_path, OTHER)
    deliver = adoption._deliver

    def slowly(*arguments: object) -> object:
        done = deliver(*arguments)  # type: ignore[arg-type]
        write_parquet(ROWS, day_folder(tmp_path, "visits", DAY) / "data.parquet")
        return done

    monkeypatch.setattr(adoption, "_deliver", slowly)
    adopt_files(tmp_path, NOON)
    assert files_of(tmp_path) == ["data.parquet"]
    monkeypatch.undo()
    adopt_files(tmp_path, minutes(5))
    assert day_rows(VISITS, day_folder(tmp_path, "visits", DAY)).equals(ROWS)


def test_what_is_still_being_written_is_left_alone(tmp_path: Path) -> None:
    file = put(tmp_path, ROWS, ".half.parquet")
    file.write_bytes(b"PAR1")
    assert adopt_files(tmp_path, NOON) == []
    assert file.is_file()


@pytest.mark.parametrize("name", ["tomorrow", "20240301", "2024-3-1", "2024-02-30"])
def test_a_folder_that_is_no_day_is_refused_by_name(tmp_path: Path, name: str) -> None:
    put(tmp_path, ROWS, day=name)
    with pytest.raises(DataError, match=f"day={name} is no day. Name the folder day=YYYY-MM-DD"):
        adopt_files(tmp_path, NOON)


def test_a_folder_that_is_no_day_and_has_no_files_is_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "visits" / "day=tomorrow").mkdir(parents=True)
    assert adopt_files(tmp_path, NOON) == []


@pytest.mark.parametrize("content", [b"PAR1", b""])
def test_what_is_no_parquet_is_told_and_stays(tmp_path: Path, content: bytes) -> None:
    file = put(tmp_path, ROWS)
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"data.parquet cannot become a delivery"):
        adopt_files(tmp_path, NOON)
    assert file.is_file()


def test_types_that_say_the_same_in_other_words_can_be_delivered_again(tmp_path: Path) -> None:
    moment = pa.array([NOON - timedelta(days=30)], pa.timestamp("ns", tz="America/New_York"))
    theirs = pa.table({"id": pa.array(["a"], pa.large_string()), "known_at": moment})
    put(tmp_path, theirs)
    adopt_files(tmp_path, NOON)
    plain = theirs.set_column(0, "id", pa.array(["a"]))
    assert not landed(tmp_path, VISITS, DAY, plain, minutes(1)).changed
    other = plain.set_column(0, "id", pa.array(["b"]))
    assert landed(tmp_path, VISITS, DAY, other, minutes(2)).rows_added == 1
    assert day_rows(VISITS, day_folder(tmp_path, "visits", DAY))["id"].to_pylist() == ["b"]


def test_only_tables_that_are_named_are_looked_at(tmp_path: Path) -> None:
    put(tmp_path, ROWS)
    assert adopt_files(tmp_path, NOON, ["patients"]) == []
    assert len(adopt_files(tmp_path, NOON, ["visits"])) == 1


def test_files_are_adopted_below_any_folder(odd_folder: Path) -> None:
    put(odd_folder, ROWS)
    adopt_files(odd_folder, NOON)
    assert landed_rows(odd_folder, "visits", DAY) == 2


def test_where_nothing_has_landed_nothing_is_adopted(tmp_path: Path) -> None:
    assert adopt_files(tmp_path / "landing", NOON) == []


def test_a_file_that_takes_rows_back_names_itself_and_goes_in_where_a_person_says_so(
    tmp_path: Path,
) -> None:
    careful = VISITS.model_copy(update={"max_gone": 0.1})
    landed(tmp_path, careful, DAY, table_of(id=["a", "b"], value=[1, 2]))
    file = day_folder(tmp_path, "visits", DAY) / "theirs.parquet"
    write_parquet(table_of(id=["a"], value=[1]), file)
    with pytest.raises(DataError, match=r"theirs.parquet cannot .* lacks 1 of .*rebuild --retract"):
        adopt_files(tmp_path, NOON)
    assert file.is_file()
    (adopted,) = adopt_files(tmp_path, NOON, retract=True)
    assert (adopted.rows, adopted.rows_gone) == (1, 1)
    assert not file.exists()
