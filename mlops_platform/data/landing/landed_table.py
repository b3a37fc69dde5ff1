"""LandedTable: what identifies a fact of a table, and what another delivery of a day means."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import reduce
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from mlops_platform.data.landing.schema.table_schema import TableSchema
from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record, left_out_where_empty

DeliveryMeaning = Literal["replaces", "adds"]
Duplicates = Literal["refuse", "drop", "number"]
"""What becomes of rows of a delivery that are equal to others in all columns."""
DECLARATION: Final = "_landing.json"
KNOWN_AT: Final = "known_at"
SUPERSEDED_AT: Final = "superseded_at"
"""Until when a version was what was known; NULL for the present one."""
RESERVED: Final = ("day", "delivered_at", SUPERSEDED_AT)
"""Columns that reading adds; `known_at` it replaces by what the deliveries make of it."""


class LandedTable(Record):
    """How the deliveries of one table are understood.

    Args:
        key: columns that identify a fact within its day.
        order_by: columns that rows are sorted by, before those of the key.
        known_at: column with the moment from which the source says that a fact was known, a
            timestamp with time zone; the column of that name where None, if there is one. A first
            delivery's fact without the moment is never known.
        delivery: `replaces`: the day anew; `adds`: rows that are put in place of those of the same
            key, or beside them.
        retracted: boolean column of `adds`, which is not landed: such rows are taken back.
        max_gone: share of a day's rows that a delivery which `replaces` may lack.
        types: columns to DuckDB types. A new column lands, and a landed one becomes wider, by being
            named here; others have the type in which they landed first.
        renamed: new names of landed columns to those that older files and deliveries have.
        optional: columns that a delivery may lack, which then are NULL.
        dropped: columns that are no part of the table any more, or never were.
        duplicates: what becomes of rows that are equal to others in all columns.
        numbered_by: column of the key that `number` fills, from 1 for each row of its kind.
    """

    table: str
    key: tuple[str, ...]
    order_by: tuple[str, ...] = ()
    known_at: str | None = None
    delivery: DeliveryMeaning = "replaces"
    retracted: str | None = None
    max_gone: Annotated[float, Field(ge=0, le=1)] = 0.1
    types: Mapping[str, str] = Field(default={}, exclude_if=left_out_where_empty)
    renamed: Mapping[str, str] = Field(default={}, exclude_if=left_out_where_empty)
    optional: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    dropped: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    duplicates: Duplicates = Field(default="refuse", exclude_if=lambda kind: kind == "refuse")
    numbered_by: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @model_validator(mode="after")
    def _only_additions_are_taken_back_by_row(self) -> Self:
        if self.retracted is not None and self.delivery != "adds":
            raise ValueError(
                f"retracted={self.retracted}: of deliveries that replace, what is lacking is taken "
                "back. Declare `delivery: adds`, or leave `retracted` out"
            )
        return self

    @model_validator(mode="after")
    def _what_identifies_a_fact_is_there(self) -> Self:
        needed = {*self.sorted_by, *([self.known_at] if self.known_at else ())}
        absent = sorted(needed & {*self.optional, *self.dropped, *self.renamed.values()})
        if absent:
            raise ValueError(
                f"{absent}: a column of key, order_by or known_at is in every row, under its "
                "present name. Take it out of optional and dropped, and name it as `renamed` does"
            )
        return self

    @model_validator(mode="after")
    def _numbers_are_of_the_key(self) -> Self:
        if (self.duplicates == "number") != (self.numbered_by is not None):
            raise ValueError(
                f"duplicates={self.duplicates}, numbered_by={self.numbered_by}: numbered rows need "
                "a column for the number, and others have none. Declare both, or none"
            )
        if self.numbered_by is not None and self.numbered_by not in self.key:
            raise ValueError(
                f"numbered_by={self.numbered_by}: the number tells equal rows apart. "
                f"Declare `key: [{', '.join((*self.key, self.numbered_by))}]`"
            )
        if self.numbered_by is not None and self.delivery == "adds":
            raise ValueError(
                "duplicates=number, delivery=adds: numbers begin at 1 in each delivery, so a row "
                "that comes again would take the place of another one. Deliver whole days and "
                "declare `delivery: replaces`, or name in `key` a column of the source that tells "
                "equal rows apart"
            )
        return self

    def before(self, later: Sequence[TableSchema]) -> Self:
        """The same before some schemas: by the names that columns had, and nothing declared."""

        def former(name: str) -> str:
            return reduce(lambda name, schema: schema.renamed.get(name, name), later[::-1], name)

        return self.model_copy(
            update={
                "key": tuple(map(former, self.key)),
                "order_by": tuple(map(former, self.order_by)),
                "known_at": self.known_at and former(self.known_at),
                "types": {},
                "renamed": {},
                "optional": (),
                "dropped": (),
            }
        )

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Columns that rows are sorted by, so that only one order is right."""
        return (*self.order_by, *(name for name in self.key if name not in self.order_by))


class LandedTableState(Record):
    """What is kept beside the days of a table.

    Args:
        declared: None of a table that nobody of us lands.
        redelivered: days that were, or are about to be, delivered more than once.
        schemas: what its deliveries were held to, oldest first; none of a table that a version
            without contracts has landed, which has that of its files.
    """

    declared: LandedTable | None = None
    redelivered: tuple[date, ...] = ()
    schemas: tuple[TableSchema, ...] = Field(default=(), exclude_if=left_out_where_empty)

    def with_redelivered(self, day: date) -> Self:
        """The same with one more day."""
        days = tuple(sorted({*self.redelivered, day}))
        return self.model_copy(update={"redelivered": days})

    def as_of(self, moment: datetime) -> Self:
        """The same before its columns were renamed or cast otherwise after a moment."""
        later = [schema for schema in self.schemas if schema.since and schema.since > moment]
        if not later:
            return self
        schemas = self.schemas[: -len(later)]
        declared = self.declared and self.declared.before(later)
        return self.model_copy(update={"schemas": schemas, "declared": declared})


def read_state(folder: Path) -> LandedTableState:
    """Read what is kept of a table in its landing folder; nothing is kept before its first landing.

    Raises:
        DataError: the file was damaged.
    """
    file = folder / DECLARATION
    try:
        return LandedTableState.from_stored(file.read_bytes())
    except FileNotFoundError:
        return LandedTableState()
    except ValidationError as error:
        raise DataError(
            f"{file} is damaged: {error}. Restore it from a backup; it says what identifies a fact."
        ) from error


def write_state(folder: Path, state: LandedTableState) -> None:
    """Keep it, whole or not at all."""
    write_text(folder / DECLARATION, state.to_stored())


def with_declared(state: LandedTableState, table: LandedTable) -> LandedTableState:
    """What is kept of a table, once it is declared so.

    Raises:
        DataError: another key would identify the facts of days that were delivered again.
    """
    before = state.declared
    key = () if before is None else tuple(_present_name(table, name) for name in before.key)
    if state.redelivered and before is not None and table.key not in (before.key, key):
        raise DataError(
            f"key {list(table.key)} of {table.table}: {len(state.redelivered)} of its days were "
            f"delivered again by the key {list(before.key)}, for example {state.redelivered[0]}. "
            "Keep that key, or land under another name of the table."
        )
    return state.model_copy(update={"declared": table})


def _present_name(table: LandedTable, name: str) -> str:
    return next((new for new, old in table.renamed.items() if old == name), name)
