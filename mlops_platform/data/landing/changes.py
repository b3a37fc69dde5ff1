"""What a delivery makes of a day that has landed before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.digest import table_digest
from mlops_platform.data.engine import identifier, private_duckdb
from mlops_platform.data.landing.deliveries import (
    ADDED,
    CHANGED,
    GONE,
    day_rows,
    in_key_order,
    keys_ever_landed,
)
from mlops_platform.data.landing.duplicates import repeated_keys
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.schema.layouts import ByName
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, eq=False)
class Changes:
    """Rows by what happens to them; `gone` have their last values.

    Args:
        facts: the day afterwards, in the order of its key.
    """

    added: pa.Table
    changed: pa.Table
    gone: pa.Table
    facts: pa.Table

    @property
    def by_kind(self) -> dict[str, pa.Table]:
        """Tables that have rows, by the name of their file."""
        tables = {ADDED: self.added, CHANGED: self.changed, GONE: self.gone}
        return {kind: table for kind, table in tables.items() if table.num_rows}


def changes_of(landed: LandedTable, folder: Path, delivered: pa.Table, by_name: ByName) -> Changes:
    """Compare a delivery with the day as it is.

    Args:
        delivered: by the present columns; of `adds` with the column that says what is taken back,
            where one is declared.

    Raises:
        DataError: the day is damaged, or keys are NULL or repeat.
    """
    before = by_name.rows(day_rows(landed, folder))
    taken_back, delivered = _split(landed, delivered)
    if not taken_back.num_rows and _are_the_same(landed, before, delivered):
        nothing = before.slice(0, 0)
        return Changes(added=nothing, changed=nothing, gone=nothing, facts=before)
    for rows in (before, delivered, taken_back):
        _refuse_null_keys(landed, folder, rows)
    _refuse_repeated_keys(landed, folder, before)
    ever = keys_ever_landed(landed, folder, by_name)
    return _compared(landed, before, delivered, taken_back, ever)


def _are_the_same(landed: LandedTable, before: pa.Table, delivered: pa.Table) -> bool:
    """Whether nothing is delivered but what is there, of whatever quality its keys are."""
    if before.num_rows != delivered.num_rows:
        return False
    had, comes = (table_digest(in_key_order(landed.key, rows)) for rows in (before, delivered))
    return had == comes


def _compared(
    landed: LandedTable, before: pa.Table, delivered: pa.Table, taken_back: pa.Table, ever: str
) -> Changes:
    key = ", ".join(map(identifier, landed.key))
    same_key = " AND ".join(f"now.{name} = before.{name}" for name in map(identifier, landed.key))
    content = [identifier(name) for name in before.column_names if name not in landed.key]
    differs = " OR ".join(f"now.{name} IS DISTINCT FROM before.{name}" for name in content)
    adds = landed.delivery == "adds"
    absent = f"SEMI JOIN taken_back USING ({key})" if adds else f"ANTI JOIN now USING ({key})"
    order = [(column, "ascending") for column in landed.sorted_by]
    with private_duckdb() as connection:
        connection.register("before", before)
        connection.register("now", delivered)
        connection.register("taken_back", taken_back)
        connection.execute(f"CREATE TEMP TABLE ever AS {ever}")

        def rows(query: str) -> pa.Table:
            return connection.sql(query).to_arrow_table().cast(before.schema).sort_by(order)

        added = rows(f"FROM now ANTI JOIN ever USING ({key})")
        changed = rows(
            f"SELECT now.* FROM now JOIN before ON {same_key} WHERE {differs or 'false'} UNION ALL "
            # What comes back was there before: it is known from now on, and not as of old.
            f"SELECT * FROM now SEMI JOIN ever USING ({key}) ANTI JOIN before USING ({key})"
        )
        gone = rows(f"FROM before {absent}")
        if adds:
            connection.register("gone", gone)
            stays = f"FROM before ANTI JOIN now USING ({key}) ANTI JOIN gone USING ({key})"
            delivered = rows(f"FROM now UNION ALL ({stays})")
    facts = in_key_order(landed.key, delivered)
    return Changes(added=added, changed=changed, gone=gone, facts=facts)


def without_retracted(landed: LandedTable, delivered: pa.Table) -> pa.Table:
    """What a delivery leaves of a day that had nothing: rows that are not taken back."""
    return _split(landed, delivered)[1]


def _split(landed: LandedTable, delivered: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Rows that are taken back, and the others, without the column that says so."""
    import pyarrow.compute as pc

    if landed.retracted is None:
        return delivered.slice(0, 0), delivered
    if landed.retracted not in delivered.column_names:
        raise DataError(
            f"retracted: {landed.table} has no column '{landed.retracted}'. "
            f"Choose from {delivered.column_names}."
        )
    flag = delivered[landed.retracted]
    if str(flag.type) != "bool" or flag.null_count:
        raise DataError(
            f"retracted: column '{landed.retracted}' of {landed.table} is {flag.type} with "
            f"{flag.null_count} NULLs, and true or false is needed in every row. Cast it in `types`"
            " and fill it at the source."
        )
    content = delivered.drop_columns([landed.retracted])
    return content.filter(flag), content.filter(pc.invert(flag))


def _refuse_null_keys(landed: LandedTable, folder: Path, rows: pa.Table) -> None:
    nulls = {name: rows[name].null_count for name in landed.key if rows[name].null_count}
    if nulls:
        raise DataError(
            f"{landed.table} of {folder.name}: key columns are NULL in rows ({nulls}), of what has "
            "landed or of this delivery, so that nobody can tell which of them is which. Fill them "
            "at the source; where they have landed, remove the folder and land the day anew."
        )


def _refuse_repeated_keys(landed: LandedTable, folder: Path, before: pa.Table) -> None:
    repeated = repeated_keys(list(landed.key), before)
    if repeated:
        raise DataError(
            f"{landed.table} of {folder.name} has landed with {repeated} rows whose "
            f"{list(landed.key)} repeats that of another row, so a second delivery cannot say "
            "which it means. Name in `key` columns that identify a row, or remove the folder and "
            "land the day anew."
        )
