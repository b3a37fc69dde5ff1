"""Landing: what arrives becomes an immutable delivery of its table and day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mlops_platform.data.digest import table_digest
from mlops_platform.data.landing.changes import (
    Changes,
    changes_of,
    without_retracted,
)
from mlops_platform.data.landing.contract import (
    Contract,
    Schemas,
    landed_schemas,
    refuse_ambiguous_names,
    refuse_inexact,
)
from mlops_platform.data.landing.day_versions import VERSIONS, versions_after
from mlops_platform.data.landing.deliveries import (
    FIRST,
    INTERNAL,
    RECORD_FILE,
    Delivery,
    day_folder,
    delivery_folders,
    delivery_name,
    first_delivery,
    last_delivery,
    read_delivery,
)
from mlops_platform.data.landing.duplicates import UniqueRows, null_keys, unique_rows
from mlops_platform.data.landing.landed_table import (
    KNOWN_AT,
    RESERVED,
    LandedTable,
    LandedTableState,
    read_state,
    with_declared,
    write_state,
)
from mlops_platform.data.landing.schema.casting import LosslessCast
from mlops_platform.data.landing.schema.layouts import ByName, columns_of
from mlops_platform.data.landing.table_lock import table_lock
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError
from mlops_platform.files import new_directory, write_text
from mlops_platform.record import Record

if TYPE_CHECKING:
    import pyarrow as pa


class LandedPartition(Record):
    """What landing made of one day of one table.

    Args:
        rows: that the day has now.
        changed: this was a delivery, and not only what the day had before.
        delivered_at: arrival of its last delivery.
        redelivered: this was one more delivery of a day that had landed before.
        rows_added, rows_changed, rows_gone: what this delivery did to the day.
        null_keys: rows with NULL in their key: no later delivery can say which of them it means.
        duplicates: rows of this delivery that were equal to others, and were dropped or numbered.
    """

    table: str
    day: date
    rows: int
    digest: str
    changed: bool
    delivered_at: datetime
    redelivered: bool = False
    rows_added: int = 0
    rows_changed: int = 0
    rows_gone: int = 0
    null_keys: int = 0
    duplicates: int = 0


@dataclass(frozen=True)
class Landed:
    """What one landing made of its days.

    Args:
        left_out: rows of the source that are told because they landed on none of its days.
    """

    days: Sequence[LandedPartition]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arrival:
    """When something arrives, and what had landed of its days before the source was read.

    Args:
        at: by the machine's clock, or by that of a replay.
        retract: a person says that rows may be taken back, however many.
        landed_at: by the machine's clock, in a replay.
    """

    at: datetime
    last: Mapping[date, datetime | None]
    retract: bool = False
    landed_at: datetime | None = None

    @classmethod
    def begun(
        cls,
        landing_root: Path,
        table: str,
        days: Sequence[date],
        at: datetime,
        *,
        retract: bool = False,
    ) -> Self:
        """What is to be landed of `days` begins to be read."""
        last = {day: last_delivery(landing_root, table, day) for day in days}
        return cls(at=at, last=last, retract=retract)

    @property
    def by_the_machine(self) -> datetime:
        """When it arrives by the machine's clock."""
        return self.landed_at or self.at

    def in_replay(self, moment: datetime) -> Self:
        """The same by the clock of a replay."""
        return replace(self, at=moment, landed_at=self.at)


def land_days(
    landing_root: Path,
    table: LandedTable,
    days: Iterable[tuple[date, pa.Table]],
    arrival: Arrival,
) -> list[LandedPartition]:
    """Deliver days of an arrival, each as it comes: only one has to be in memory.

    A day without rows is delivered empty, which says that there was nothing; of a table whose
    deliveries add, nothing is delivered to a day that has landed.

    Args:
        days: each with its rows, possibly none; their schema is what is landed.

    Raises:
        DataError: as `land_day`; days before it have landed.
    """
    landed = []
    with table_lock(landing_root, table.table):
        for day, rows in days:
            refuse_unusable_columns(table, rows)
            landed.append(land_under_lock(landing_root, table, day, rows, arrival))
    return landed


def land_day(
    landing_root: Path, table: LandedTable, day: date, rows: pa.Table, arrival: Arrival
) -> LandedPartition:
    """Deliver the rows of one day, atomically; the same facts again are no delivery.

    Args:
        rows: Arrow table in any order, possibly empty; its schema is what is landed.

    Raises:
        DataError: the key is missing or not unique, another delivery came in between, the columns
            are others than before, or more rows would be taken back than may be.
    """
    refuse_unusable_columns(table, rows)
    with table_lock(landing_root, table.table):
        return land_under_lock(landing_root, table, day, rows, arrival)


def land_under_lock(
    landing_root: Path, table: LandedTable, day: date, rows: pa.Table, arrival: Arrival
) -> LandedPartition:
    """As `land_day`, within a `table_lock`."""
    table_folder = landing_root / table.table
    before = read_state(table_folder)
    try:
        schemas, conforming = conforming_rows(table_folder, table, rows, arrival.by_the_machine)
        state = with_declared(before, table).model_copy(update={"schemas": schemas})
        unique = unique_rows(table, conforming)
    except DataError as error:
        raise DataError(f"{table.table} of {day}: {error}") from error
    if state != before:
        write_state(table_folder, state)
    folder = day_folder(landing_root, table.table, day)
    if delivery_folders(folder):
        return _land_again(state, folder, unique, arrival)
    facts = _ordered(table, without_retracted(table, unique.rows))
    first = first_delivery(table.table, day, arrival.at, facts, unique.came)
    record = _with_counts(first, table, facts, unique)
    _write(folder, {FIRST: facts}, record, arrival)
    return partition_of(record, changed=True)


def _land_again(
    state: LandedTableState, folder: Path, unique: UniqueRows, arrival: Arrival
) -> LandedPartition:
    """Deliver to a day that has landed what changes it."""
    table, by_name = state.declared, ByName.last_of(state.schemas)
    assert table is not None, "it has just been declared"
    changes = changes_of(table, folder, _ordered(table, unique.rows), by_name)
    last = read_delivery(delivery_folders(folder)[-1])
    if not changes.by_kind:
        return partition_of(last, changed=False)
    _refuse_what_came_between(table, last, arrival)
    _refuse_to_lose(table, last, changes, arrival)
    moment = max(arrival.at, last.delivered_at + timedelta(microseconds=1))
    later = _later_delivery(table, last, moment, unique.came, changes)
    record = _with_counts(later, table, changes.facts, unique)
    # First: who reads looks for later deliveries in these days only.
    write_state(folder.parent, state.with_redelivered(last.day))
    versions = versions_after(table, folder, changes, by_name, moment)
    _write(folder, {**changes.by_kind, VERSIONS: versions}, record, arrival)
    return partition_of(record, changed=True)


def conforming_rows(
    table_folder: Path, table: LandedTable, rows: pa.Table, at: datetime
) -> tuple[Schemas, pa.Table]:
    """The schemas of a table once some rows are delivered, and the rows by the last of them.

    A column that says which rows are taken back stands behind the others.

    Raises:
        DataError: columns are others than the contract has, or a value does not fit; says how.
    """
    delivered, schemas = in_canonical_types(rows), landed_schemas(table_folder)
    refuse_ambiguous_names(delivered.column_names)
    after = Contract(table, schemas).after(columns_of(delivered.schema), at)
    if after != schemas:
        refuse_inexact(table_folder, schemas, after)
    conforming = LosslessCast(ByName.last_of(after), table.types).of(delivered)
    if table.retracted in delivered.column_names:
        conforming = conforming.append_column(table.retracted, delivered[table.retracted])
    return after, conforming


def _ordered(table: LandedTable, rows: pa.Table) -> pa.Table:
    return rows.sort_by([(column, "ascending") for column in table.sorted_by])


def _with_counts(
    record: Delivery, table: LandedTable, facts: pa.Table, unique: UniqueRows
) -> Delivery:
    counts = {"null_keys": null_keys(table, facts), "duplicates": unique.duplicates}
    return record.model_copy(update=counts)


def _later_delivery(
    table: LandedTable, last: Delivery, moment: datetime, rows: int, changes: Changes
) -> Delivery:
    return Delivery(
        table=last.table,
        day=last.day,
        delivered_at=moment,
        meaning=table.delivery,
        follows=last.delivered_at,
        rows=rows,
        added=changes.added.num_rows,
        changed=changes.changed.num_rows,
        gone=changes.gone.num_rows,
        facts=changes.facts.num_rows,
        digest=table_digest(changes.facts),
    )


def _write(
    folder: Path, tables: Mapping[str, pa.Table], record: Delivery, arrival: Arrival
) -> None:
    record = record.model_copy(update={"landed_at": arrival.landed_at})
    with new_directory(folder / delivery_name(record.delivered_at)) as temporary:
        for name, table in tables.items():
            write_parquet(table, temporary / f"{name}.parquet")
        write_text(temporary / RECORD_FILE, record.to_stored())


def partition_of(record: Delivery, *, changed: bool) -> LandedPartition:
    """What is told of a day, of its last delivery.

    Args:
        changed: this was made now.
    """
    return LandedPartition(
        table=record.table,
        day=record.day,
        rows=record.facts,
        digest=record.digest,
        changed=changed,
        delivered_at=record.delivered_at,
        redelivered=changed and record.meaning is not None,
        rows_added=record.added if changed else 0,
        rows_changed=record.changed if changed else 0,
        rows_gone=record.gone if changed else 0,
        null_keys=record.null_keys,
        duplicates=record.duplicates if changed else 0,
    )


def warnings_of(landed: LandedPartition | Delivery) -> Iterator[str]:
    """What a person should know of the rows of a day."""
    if landed.null_keys:
        yield (
            f"{landed.table} of {landed.day}: {landed.null_keys} rows have NULL in their key. They "
            "have landed; another delivery of the day that changes it will be refused, because "
            "nobody can say which of them it means."
        )
    if landed.duplicates:
        yield (
            f"{landed.table} of {landed.day}: {landed.duplicates} rows were equal to others in all "
            "columns, and were dropped or numbered, as the table declares."
        )


def refuse_unusable_columns(table: LandedTable, rows: pa.Table) -> None:
    """Refuse what cannot be landed, whatever the values are.

    Raises:
        DataError: names are missing or ours, or a moment is of another type.
    """
    names = rows.column_names
    reserved = [name for name in names if _is_ours(table, name)]
    if reserved:
        raise DataError(
            f"columns {reserved} of {table.table} have names that reading adds to what is landed. "
            "List the columns under `columns` and give these other names."
        )
    there = {*names, *table.renamed, table.numbered_by}
    if not table.key or any(name not in there for name in table.sorted_by):
        raise DataError(
            f"key={list(table.key)}, order_by={list(table.order_by)} of {table.table} name no key: "
            f"choose from {names}."
        )
    known_at = table.known_at or KNOWN_AT
    if table.known_at is not None and known_at not in there:
        raise DataError(f"known_at: {table.table} has no column '{known_at}'. Choose from {names}.")
    kind = rows.schema.field(known_at).type if known_at in names else None
    if kind is None or (str(kind) == "null" and known_at in table.types):
        return
    if not (str(kind).startswith("timestamp") and kind.tz):
        raise DataError(
            f"known_at: column '{known_at}' of {table.table} is {kind}, and a moment is needed. "
            "Declare TIMESTAMPTZ for it in `types`, or give it another name under `columns`."
        )


def _is_ours(table: LandedTable, name: str) -> bool:
    # DuckDB does not tell names apart by their case.
    plain = name.lower()
    if plain == KNOWN_AT:
        return table.known_at not in (None, KNOWN_AT) or name != KNOWN_AT
    return plain in RESERVED or plain.startswith(INTERNAL)


def _refuse_what_came_between(table: LandedTable, last: Delivery, arrival: Arrival) -> None:
    if arrival.last.get(last.day) != last.delivered_at:
        raise DataError(
            f"{table.table} of {last.day}: another delivery ({last.delivered_at.isoformat()}, "
            f"{last.rows} rows) landed while this one was read, and this one says something else. "
            "Nothing of it has landed: look which is right, and deliver it again."
        )


def _refuse_to_lose(table: LandedTable, last: Delivery, changes: Changes, arrival: Arrival) -> None:
    gone = changes.gone.num_rows
    if table.delivery == "adds" or arrival.retract or gone <= table.max_gone * last.facts:
        return
    raise DataError(
        f"{table.table} of {last.day}: this delivery replaces the day and lacks {gone} of its "
        f"{last.facts} rows, more than max_gone={table.max_gone:g} allows. If they must go, say so "
        "with `mlops land --retract` (`retract: true` in the configuration of a run; for a file "
        "that somebody put there `mlops rebuild --retract`); if it is only a part of the day, "
        "declare `delivery: adds`."
    )
