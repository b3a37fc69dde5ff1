"""What is erased is gone from every delivery, and what is left is whole."""

import os
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.data.landing.deliveries import (
    day_folder,
    day_rows,
    delivery_folders,
    delivery_moment,
    read_delivery,
)
from mlops_platform.data.landing.erasing import (
    Erasure,
    Tombstone,
    condition_digest,
    planned_erasure,
)
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.verification import day_problem
from mlops_platform.data.landing.versions import versions_sql
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, landed, minutes, table_of

DAY, NEXT = date(2024, 3, 1), date(2024, 3, 2)
VISITS = LandedTable(table="visits", key=("id",), order_by=("name",), max_gone=1)
ANN, BOB, CAT = ("a", "Ann", 1.0), ("b", "Bob", 2.0), ("c", "Cat", 3.0)
CONDITION = "name = 'Ann'"


def rows(*people: tuple[str, str, float]) -> pa.Table:
    ids, names, values = zip(*people, strict=True)
    return table_of(id=ids, name=names, value=values)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    """Ann came, got another name, went and came back; and was there on the next day."""
    for at, people in enumerate(
        ((ANN, BOB), (("a", "Anna", 1.5), BOB, CAT), (BOB, CAT), (("a", "Anna", 2.0), CAT))
    ):
        landed(tmp_path, VISITS, DAY, rows(*people), minutes(at))
    landed(tmp_path, VISITS, NEXT, rows(ANN))
    return tmp_path


def commit(erasure: Erasure) -> None:
    erasure.commit({"flight_delay": 7}, "She asked.", "alice", NOON)


def erase(root: Path, condition: str = CONDITION) -> Erasure:
    with planned_erasure(root, "visits", condition) as erasure:
        commit(erasure)
    return erasure


def files_naming(root: Path, name: str) -> list[Path]:
    files = [file for file in root.rglob("*") if file.is_file()]
    in_rows = [
        file for file in files if file.suffix == ".parquet" and name in str(read_parquet(file))
    ]
    return in_rows + [file for file in files if name.encode() in file.read_bytes()]


def content(root: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def test_a_fact_goes_with_all_of_its_versions_from_every_file(landing: Path) -> None:
    assert files_naming(landing, "Ann")
    erasure = erase(landing)
    # Of the day: as it came, changed, gone, and back again; and the next day's.
    assert (erasure.rows, erasure.facts, erasure.days) == (5, 2, (DAY, NEXT))
    assert erasure.keys is not None
    assert erasure.keys.to_pylist() == [{"id": "a"}]
    assert files_naming(landing, "Ann") == []


def test_every_day_is_verified_and_counted_as_if_it_had_never_come(
    landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    erase(landing)
    other = tmp_path_factory.mktemp("other")
    for at, people in enumerate(((BOB,), (BOB, CAT), (BOB, CAT), (CAT,))):
        landed(other, VISITS, DAY, rows(*people), minutes(at))
    folder = day_folder(landing, "visits", DAY)
    for delivery in delivery_folders(folder):
        moment = delivery_moment(delivery.name)
        expected = day_rows(VISITS, day_folder(other, "visits", DAY), moment)
        assert day_rows(VISITS, folder, moment).equals(expected)
        twin = day_folder(other, "visits", DAY) / delivery.name
        if twin.is_dir():
            # What brought only the fact is still there, and was never a delivery of the other.
            kept, expected_record = (
                read_delivery(of).model_dump(exclude={"follows"}) for of in (delivery, twin)
            )
            assert kept == expected_record
    assert len(delivery_folders(folder)) == 4
    assert day_rows(VISITS, day_folder(landing, "visits", NEXT)).num_rows == 0


def test_versions_and_later_deliveries_go_on(landing: Path) -> None:
    erase(landing)
    with private_duckdb() as connection:
        query = f"SELECT id, superseded_at FROM ({versions_sql(landing / 'visits')}) ORDER BY id"
        assert connection.sql(query).fetchall() == [("b", minutes(3)), ("c", None)]
    assert landed(landing, VISITS, DAY, rows(BOB, CAT), minutes(9)).rows_changed == 1


def test_a_fact_goes_from_files_with_other_columns_too(landing: Path) -> None:
    renamed = {"key": ("person",), "order_by": (), "renamed": {"person": "id", "called": "name"}}
    moved = VISITS.model_copy(update={**renamed, "dropped": ("value",)})
    people = rows(("b", "Bo", 0.0), CAT).rename_columns(["person", "called", "value"])
    landed(landing, moved, DAY, people, minutes(5))
    # What nobody reads any more is still there, and can be named.
    assert erase(landing, "called = 'Anna' or value = 1.5").facts == 1
    assert erase(landing, "person = 'a'").days == (NEXT,)
    assert files_naming(landing, "Ann") == []
    assert all(day_problem(landing, "visits", day) is None for day in (DAY, NEXT))
    with private_duckdb() as connection:
        query = f"SELECT called, superseded_at FROM ({versions_sql(landing / 'visits')}) ORDER BY 1"
        assert connection.sql(query).fetchall() == [
            ("Bo", None),
            ("Bob", minutes(3)),
            ("Cat", None),
        ]


def test_what_is_kept_of_it_holds_nothing_of_what_was_forgotten(landing: Path) -> None:
    erase(landing)
    (file,) = (landing / "visits" / "_erased").iterdir()
    assert file.name == "20240401T120000.000000Z.json"
    kept = Tombstone.from_stored(file.read_bytes())
    assert (kept.rows, kept.facts, kept.decisions) == (5, 2, {"flight_delay": 7})
    assert kept.condition_sha256 == condition_digest(CONDITION)
    erase(landing, "id = 'b'")
    assert len(list((landing / "visits" / "_erased").iterdir())) == 2


def test_a_plan_changes_nothing_and_the_same_plan_is_known_again(landing: Path) -> None:
    before = content(landing)
    identities = set()
    for _ in range(2):
        with planned_erasure(landing, "visits", CONDITION) as erasure:
            identities.add(erasure.identity)
    assert len(identities) == 1
    assert content(landing) == before
    with planned_erasure(landing, "visits", "id = 'b'") as erasure:
        assert erasure.identity not in identities


@pytest.mark.parametrize("moved", range(8))
def test_who_was_killed_while_files_are_moved_has_erased_for_whoever_comes_next(
    landing: Path, moved: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, seen = os.replace, []

    def dying(source: Path, target: Path) -> None:
        if "/_erasing/" in str(source):
            if len(seen) == moved:
                raise KeyboardInterrupt
            seen.append(target)
        replace(source, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("mlops_platform.data.landing.table_lock.os.replace", dying)
        erase(landing)
    assert (landing / "visits" / "_erasing").is_dir()
    if moved % 2:
        assert adopt_files(landing, NOON) == []
    else:
        assert landed(landing, VISITS, date(2024, 3, 3), rows(CAT), NOON).changed
    assert files_naming(landing, "Ann") == []
    assert day_rows(VISITS, day_folder(landing, "visits", DAY)).num_rows == 1
    assert not (landing / "visits" / "_erasing").exists()
    assert len(list((landing / "visits" / "_erased").iterdir())) == 1


def test_who_was_killed_before_has_erased_nothing(landing: Path) -> None:
    before = content(landing)
    with pytest.raises(KeyboardInterrupt), planned_erasure(landing, "visits", CONDITION):
        raise KeyboardInterrupt
    assert content(landing) == before
    left_by_a_killed_one = landing / "visits" / "._erasing.abc.tmp"
    left_by_a_killed_one.mkdir()
    erase(landing)
    assert files_naming(landing, "Ann") == []


def test_a_day_that_was_removed_meanwhile_does_not_come_back(landing: Path) -> None:
    with planned_erasure(landing, "visits", CONDITION) as erasure:
        day_folder(landing, "visits", NEXT).rename(landing / "away")
        commit(erasure)
    assert not day_folder(landing, "visits", NEXT).exists()


def test_nothing_that_meets_the_condition_is_nothing(landing: Path) -> None:
    with planned_erasure(landing, "visits", "id = 'nobody'") as erasure:
        assert (erasure.rows, erasure.days, erasure.keys) == (0, (), None)


def test_a_condition_may_name_the_day(landing: Path) -> None:
    assert erase(landing, f"id = 'a' AND day = '{NEXT}' -- only that").days == (NEXT,)


def test_rows_of_a_table_that_nobody_declared_are_erased_one_by_one(tmp_path: Path) -> None:
    file = day_folder(tmp_path, "visits", DAY) / "data.parquet"
    write_parquet(table_of(id=["a", "a", None], value=[1.0, 2.0, None]), file)
    adopt_files(tmp_path, NOON)
    erasure = erase(tmp_path, "value = 2 OR id IS NULL")
    assert (erasure.rows, erasure.keys) == (2, None)
    left = day_rows(LandedTable(table="visits", key=()), file.parent)
    assert left.to_pylist() == [{"id": "a", "value": 1.0}]


@pytest.mark.parametrize(
    "condition", ["nothing = 1", "id = ", "true); DROP VIEW facts; (", "id IN (FROM '/etc/passwd')"]
)
def test_a_condition_that_is_none_is_refused(landing: Path, condition: str) -> None:
    before = content(landing)
    with (
        pytest.raises(DataError, match=r"(?s)condition cannot be read.*columns \['id', 'name'"),
        planned_erasure(landing, "visits", condition),
    ):
        pass
    assert content(landing) == before


def test_a_damaged_day_is_told_and_nothing_is_erased(landing: Path) -> None:
    next(day_folder(landing, "visits", DAY).glob("*/gone.parquet")).unlink()
    with (
        pytest.raises(DataError, match="are not those that were delivered"),
        planned_erasure(landing, "visits", CONDITION),
    ):
        pass


def test_a_table_that_is_not_there_is_refused(landing: Path) -> None:
    with (
        pytest.raises(DataError, match=r"nothing has landed of 'visit'. Name one of \['visits'\]"),
        planned_erasure(landing, "visit", CONDITION),
    ):
        pass
    assert not (landing / "visit").exists()


def test_a_file_that_is_no_delivery_yet_is_told_before_anything_is_erased(landing: Path) -> None:
    file = day_folder(landing, "visits", NEXT) / "theirs.parquet"
    write_parquet(rows(ANN), file)
    with (
        pytest.raises(DataError, match=r"theirs\.parquet is no delivery yet"),
        planned_erasure(landing, "visits", CONDITION),
    ):
        pass
    adopt_files(landing, NOON)
    with planned_erasure(landing, "visits", CONDITION) as erasure:
        assert erasure.facts == 2
