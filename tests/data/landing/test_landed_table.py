"""How a table is declared, and what is kept of it."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from mlops_platform.data.landing.landed_table import (
    LandedTable,
    LandedTableState,
    read_state,
    with_declared,
    write_state,
)
from mlops_platform.errors import DataError

VISITS = LandedTable(table="visits", key=("id",))
DAY = date(2024, 3, 1)


def test_only_rows_that_are_added_say_that_they_are_taken_back() -> None:
    with pytest.raises(ValidationError, match="Declare `delivery: adds`"):
        LandedTable(table="visits", key=("id",), retracted="cancelled")


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_is_one(share: float) -> None:
    with pytest.raises(ValidationError):
        LandedTable(table="visits", key=("id",), max_gone=share)


def test_the_key_decides_where_the_order_leaves_it_open() -> None:
    table = LandedTable(table="visits", key=("ward", "id"), order_by=("seen_at", "id"))
    assert table.sorted_by == ("seen_at", "id", "ward")


def test_what_is_declared_is_kept_and_days_are_kept_with_it(tmp_path: Path) -> None:
    assert read_state(tmp_path) == LandedTableState()
    state = with_declared(read_state(tmp_path), VISITS)
    write_state(tmp_path, state.with_redelivered(DAY).with_redelivered(DAY))
    other = VISITS.model_copy(update={"max_gone": 0.5})
    changed = with_declared(read_state(tmp_path), other)
    assert changed == LandedTableState(declared=other, redelivered=(DAY,))


def test_a_key_may_change_until_a_day_was_delivered_again() -> None:
    state = with_declared(LandedTableState(), VISITS)
    by_both = VISITS.model_copy(update={"key": ("id", "ward")})
    state = with_declared(state, by_both).with_redelivered(DAY)
    with pytest.raises(DataError, match=r"Keep that key, or land under another name"):
        with_declared(state, VISITS)


def test_a_column_of_the_key_may_have_a_new_name() -> None:
    state = with_declared(LandedTableState(), VISITS).with_redelivered(DAY)
    renamed = LandedTable(table="visits", key=("visit",), renamed={"visit": "id"})
    assert with_declared(state, renamed).declared == renamed


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "_landing.json").write_text("{")
    with pytest.raises(DataError, match=r"(?s)_landing.json is damaged.*from a backup"):
        read_state(tmp_path)
