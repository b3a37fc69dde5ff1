"""LandedTable: what identifies a fact of a table, and what another delivery of a day means."""

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from mlops_platform.errors import DataError
from mlops_platform.files import write_text
from mlops_platform.record import Record

DeliveryMeaning = Literal["replaces", "adds"]
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
    """

    table: str
    key: tuple[str, ...]
    order_by: tuple[str, ...] = ()
    known_at: str | None = None
    delivery: DeliveryMeaning = "replaces"
    retracted: str | None = None
    max_gone: Annotated[float, Field(ge=0, le=1)] = 0.1

    @model_validator(mode="after")
    def _only_additions_are_taken_back_by_row(self) -> Self:
        if self.retracted is not None and self.delivery != "adds":
            raise ValueError(
                f"retracted={self.retracted}: of deliveries that replace, what is lacking is taken "
                "back. Declare `delivery: adds`, or leave `retracted` out"
            )
        return self

    @property
    def sorted_by(self) -> tuple[str, ...]:
        """Columns that rows are sorted by, so that only one order is right."""
        return (*self.order_by, *(name for name in self.key if name not in self.order_by))


class LandedTableState(Record):
    """What is kept beside the days of a table.

    Args:
        declared: None of a table that nobody of us lands.
        redelivered: days that were, or are about to be, delivered more than once.
    """

    declared: LandedTable | None = None
    redelivered: tuple[date, ...] = ()

    def with_redelivered(self, day: date) -> Self:
        """The same with one more day."""
        days = tuple(sorted({*self.redelivered, day}))
        return self.model_copy(update={"redelivered": days})


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


def declare(folder: Path, table: LandedTable) -> LandedTableState:
    """Keep how a table is declared now.

    Raises:
        DataError: another key would identify the facts of days that were delivered again.
    """
    state = read_state(folder)
    if state.declared == table:
        return state
    before = state.declared
    if state.redelivered and before is not None and before.key != table.key:
        raise DataError(
            f"key {list(table.key)} of {table.table}: {len(state.redelivered)} of its days were "
            f"delivered again by the key {list(before.key)}, for example {state.redelivered[0]}. "
            "Keep that key, or land under another name of the table."
        )
    state = state.model_copy(update={"declared": table})
    write_state(folder, state)
    return state
