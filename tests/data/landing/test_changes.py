"""What another delivery makes of a day that has landed."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.landing.deliveries import (
    day_folder,
    day_rows,
    delivery_folders,
    read_delivery,
)
from mlops_platform.data.landing.landed_table import LandedTable, read_state
from mlops_platform.data.landing.landing import LandedPartition
from mlops_platform.data.parquet import read_parquet
from mlops_platform.errors import DataError
from tests.data.landing.landed import NOON, delivery_files, landed, minutes, table_of

DAY = date(2024, 3, 1)
REPLACES = LandedTable(table="visits", key=("id",), max_gone=0.5)
ADDS = LandedTable(table="visits", key=("id",), delivery="adds", retracted="cancelled")


def rows(cancelled: str = "", **values: float | None) -> pa.Table:
    """Visits with a value each; with what is cancelled, where that is told."""
    content = pa.table({"id": list(values), "value": pa.array(values.values(), pa.float64())})
    if not cancelled:
        return content
    flags = [name in cancelled.split() for name in values]
    return content.append_column("cancelled", pa.array(flags))


def deliver(
    root: Path, content: pa.Table, at: float = 0, table: LandedTable = REPLACES
) -> LandedPartition:
    return landed(root, table, DAY, content, minutes(at))


def day(root: Path, until: datetime | None = None) -> dict[str, float | None]:
    content = day_rows(REPLACES, day_folder(root, "visits", DAY), until).to_pylist()
    return {row["id"]: row["value"] for row in content}


def changed_by(partition: LandedPartition) -> tuple[int, int, int]:
    return partition.rows_added, partition.rows_changed, partition.rows_gone


def test_a_delivery_that_replaces_keeps_only_what_it_changed(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1, b=2, c=3))
    again = deliver(tmp_path, rows(a=1, b=2.5, d=4), 5)
    assert (again.rows, again.redelivered, again.delivered_at) == (3, True, minutes(5))
    assert changed_by(again) == (1, 1, 1)
    assert delivery_files(tmp_path, "visits", DAY) == [
        ["data.parquet"],
        ["added.parquet", "changed.parquet", "gone.parquet", "versions.parquet"],
    ]
    last = delivery_folders(day_folder(tmp_path, "visits", DAY))[-1]
    assert {
        kind: read_parquet(last / f"{kind}.parquet").to_pylist()
        for kind in ("added", "changed", "gone")
    } == {
        "added": [{"id": "d", "value": 4}],
        "changed": [{"id": "b", "value": 2.5}],
        "gone": [{"id": "c", "value": 3}],
    }
    record = read_delivery(last)
    assert (record.meaning, record.rows, record.facts) == ("replaces", 3, 3)
    assert day(tmp_path) == {"a": 1, "b": 2.5, "d": 4}
    assert day(tmp_path, NOON) == {"a": 1, "b": 2, "c": 3}
    assert day(tmp_path, NOON - timedelta(minutes=1)) == {}
    assert read_state(tmp_path / "visits").redelivered == (DAY,)


def test_only_what_changed_has_files(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1, b=2))
    deliver(tmp_path, rows(a=1, b=3), 1)
    deliver(tmp_path, rows(a=1, b=3, c=1), 2)
    deliver(tmp_path, rows(a=1, b=3), 3)
    assert delivery_files(tmp_path, "visits", DAY)[1:] == [
        ["changed.parquet", "versions.parquet"],
        ["added.parquet", "versions.parquet"],
        ["gone.parquet", "versions.parquet"],
    ]


def test_a_table_that_is_all_key_has_no_other_values(tmp_path: Path) -> None:
    deliver(tmp_path, table_of(id=["a", "b", "c"]))
    assert changed_by(deliver(tmp_path, table_of(id=["a", "b", "d"]), 1)) == (1, 0, 1)


def test_what_comes_back_counts_as_changed(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1, b=2))
    deliver(tmp_path, rows(a=1), 1)
    back = deliver(tmp_path, rows(a=1, b=2), 2)
    assert changed_by(back) == (0, 1, 0)
    assert day(tmp_path) == {"a": 1, "b": 2}


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_a_value_may_become_nothing_and_nothing_is_like_itself(
    tmp_path: Path, nothing: float | None
) -> None:
    deliver(tmp_path, rows(a=1, b=2))
    assert changed_by(deliver(tmp_path, rows(a=nothing, b=2), 1)) == (0, 1, 0)
    assert not deliver(tmp_path, rows(a=nothing, b=2), 2).changed
    assert changed_by(deliver(tmp_path, rows(a=nothing, b=3), 3)) == (0, 1, 0)


def test_a_delivery_that_adds_leaves_the_others_alone(tmp_path: Path) -> None:
    deliver(tmp_path, rows("-", a=1, b=2), table=ADDS)
    again = deliver(tmp_path, rows("-", b=3, c=4), 1, ADDS)
    assert changed_by(again) == (1, 1, 0)
    assert day(tmp_path) == {"a": 1, "b": 3, "c": 4}


def test_rows_that_say_so_are_taken_back_by_a_delivery_that_adds(tmp_path: Path) -> None:
    first = deliver(tmp_path, rows("b", a=1, b=2), table=ADDS)
    assert (first.rows, day(tmp_path)) == (1, {"a": 1})
    again = deliver(tmp_path, rows("a x", a=7, c=3, x=0), 1, ADDS)
    assert changed_by(again) == (1, 0, 1)
    assert day(tmp_path) == {"c": 3}
    gone = delivery_folders(day_folder(tmp_path, "visits", DAY))[-1] / "gone.parquet"
    assert read_parquet(gone).to_pylist() == [{"id": "a", "value": 1}]


def test_nothing_that_is_added_is_no_delivery(tmp_path: Path) -> None:
    deliver(tmp_path, rows("-", a=1), table=ADDS)
    assert not deliver(tmp_path, rows("-", a=1).slice(0, 0), 1, ADDS).changed
    assert not deliver(tmp_path, rows("y", y=1), 2, ADDS).changed


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (None, "has no column 'cancelled'"),
        (pa.array([None], pa.bool_()), "is bool with 1 NULLs"),
        (pa.array(["yes"]), "is string with 0 NULLs"),
    ],
)
def test_what_is_taken_back_is_said_by_every_row(
    tmp_path: Path, flags: pa.Array | None, message: str
) -> None:
    content = rows(a=1)
    if flags is not None:
        content = content.append_column("cancelled", flags)
    with pytest.raises(DataError, match=message):
        deliver(tmp_path, content, table=ADDS)


def test_more_gone_than_may_be_is_refused_unless_a_person_says_so(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1, b=2, c=3))
    with pytest.raises(DataError, match=r"lacks 2 of its 3 rows, more than max_gone=0.5.*retract"):
        deliver(tmp_path, rows(a=1), 1)
    assert len(delivery_files(tmp_path, "visits", DAY)) == 1
    again = landed(tmp_path, REPLACES, DAY, rows(a=1), minutes(1), retract=True)
    assert changed_by(again) == (0, 0, 2)


def test_a_tenth_may_go_where_nothing_else_is_declared(tmp_path: Path) -> None:
    table = LandedTable(table="visits", key=("id",))
    many = {f"v{at}": float(at) for at in range(20)}
    deliver(tmp_path, rows(**many), table=table)
    few = {name: value for name, value in many.items() if name not in ("v0", "v1")}
    assert changed_by(deliver(tmp_path, rows(**few), 1, table)) == (0, 0, 2)
    fewer = {name: value for name, value in few.items() if name not in ("v2", "v3")}
    with pytest.raises(DataError, match=r"max_gone=0\.1"):
        deliver(tmp_path, rows(**fewer), 2, table)


def test_an_empty_day_may_get_rows_and_lose_them(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1).slice(0, 0))
    assert changed_by(deliver(tmp_path, rows(a=1), 1)) == (1, 0, 0)
    landed(tmp_path, REPLACES, DAY, rows(a=1).slice(0, 0), minutes(2), retract=True)
    assert day(tmp_path) == {}
    assert changed_by(deliver(tmp_path, rows(a=1), 3)) == (0, 1, 0)


def test_columns_in_another_order_are_the_same_columns(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1, b=2))
    other = rows(a=1, b=2).select(["value", "id"])
    assert not deliver(tmp_path, other, 1).changed
    assert changed_by(deliver(tmp_path, rows(a=1, b=3).select(["value", "id"]), 2)) == (0, 1, 0)
    added = rows("-", c=3).select(["cancelled", "value", "id"])
    assert changed_by(deliver(tmp_path, added, 3, ADDS)) == (1, 0, 0)
    assert day(tmp_path) == {"a": 1, "b": 3, "c": 3}


def test_keys_that_are_null_are_refused_in_a_second_delivery(tmp_path: Path) -> None:
    deliver(tmp_path, rows(a=1))
    null = pa.table({"id": ["a", None], "value": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"key columns are NULL in rows \({'id': 1}\)"):
        deliver(tmp_path, null, 1)


def test_a_key_that_what_has_landed_repeats_is_refused(tmp_path: Path) -> None:
    by_both = REPLACES.model_copy(update={"key": ("id", "value")})
    deliver(tmp_path, table_of(id=["a", "a"], value=[1.0, 2.0]), table=by_both)
    with pytest.raises(DataError, match=r"has landed with 1 rows whose \['id'\] repeats"):
        deliver(tmp_path, rows(a=1), 1)


def test_a_key_cannot_change_once_a_day_was_delivered_again(tmp_path: Path) -> None:
    by_both = REPLACES.model_copy(update={"key": ("id", "value")})
    deliver(tmp_path, rows(a=1), table=by_both)
    deliver(tmp_path, rows(a=2), 1)
    with pytest.raises(DataError, match=r"key \['id', 'value'\] of visits: 1 of its days"):
        deliver(tmp_path, rows(a=2), 2, by_both)


def test_another_order_of_rows_may_be_declared_at_any_time(tmp_path: Path) -> None:
    by_value = REPLACES.model_copy(update={"order_by": ("value",)})
    deliver(tmp_path, rows(a=2, b=1, c=3), table=by_value)
    deliver(tmp_path, rows(a=2, b=1, c=0), 1, by_value)
    assert not deliver(tmp_path, rows(a=2, b=1, c=0), 2).changed
    assert not deliver(tmp_path, rows(a=2, b=1, c=0), 2, by_value).changed
    assert list(day(tmp_path)) == ["a", "b", "c"]
