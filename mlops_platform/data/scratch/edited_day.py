"""One landed day in which some facts are others than they were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.data.landing.landed_table import KNOWN_AT, LandedTable

if TYPE_CHECKING:
    import pyarrow as pa

Row = dict[str, Any]
SHIFT: Final = timedelta(minutes=37)


class EditedDay:
    """The rows of a day, of which some were changed, taken out or put beside the others.

    Args:
        landed: says what the key is, and when a fact was known.
        rows: of the day, as they were.
    """

    def __init__(self, landed: LandedTable, rows: pa.Table) -> None:
        self._landed, self._rows = landed, rows
        self._edits: dict[int, Row | None] = {}
        self._beside: list[Row] = []

    @property
    def known_at(self) -> str | None:
        """The column with the moment that the source says."""
        return known_at_column(self._landed, self._rows.column_names)

    def row(self, position: int) -> Row | None:
        """A fact as it is now; None where it was taken out."""
        if position not in self._edits:
            (row,) = self._rows.slice(position, 1).to_pylist()
            return dict(row)
        return self._edits[position]

    def change(self, position: int, *, texts: bool, kept: Collection[str]) -> None:
        """Give a fact other values, within those of its day.

        Args:
            texts: whether texts and moments change, too, and not only numbers.
            kept: columns that stay.
        """
        row = self.row(position)
        if row is not None:
            stays = {*kept, *self._landed.key, self.known_at}
            self._edits[position] = {
                name: value if name in stays else _other(value, self._ranges.get(name), texts)
                for name, value in row.items()
            }

    def move(self, position: int, moment: datetime) -> None:
        """Let the source say that a fact was known at another moment, unless it is in the way."""
        row = self.row(position)
        if row is None or self.known_at is None:
            return
        moved = {**row, self.known_at: moment}
        if self._key(moved) == self._key(row) or self._key(moved) not in self._keys:
            self._edits[position] = moved

    def remove(self, position: int) -> None:
        """Take a fact out."""
        self._edits[position] = None

    def put(self, row: Row) -> bool:
        """Put a fact beside the others; whether its key was free."""
        if self._key(row) in self._keys:
            return False
        self._keys.add(self._key(row))
        self._beside.append(row)
        return True

    @property
    def edited(self) -> pa.Table:
        """The rows that were changed or put beside."""
        import pyarrow as pa

        rows = [row for row in self._edits.values() if row is not None]
        return pa.Table.from_pylist([*rows, *self._beside], schema=self._rows.schema)

    @property
    def table(self) -> pa.Table:
        """The whole day."""
        import pyarrow as pa

        rest = [at for at in range(self._rows.num_rows) if at not in self._edits]
        return pa.concat_tables([self._rows.take(pa.array(rest, pa.int64())), self.edited])

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._landed.key)

    @cached_property
    def _keys(self) -> set[tuple[Any, ...]]:
        return {self._key(row) for row in self._rows.select(list(self._landed.key)).to_pylist()}

    @cached_property
    def _ranges(self) -> Mapping[str, tuple[Any, Any]]:
        """Least and greatest value of every column that has an order."""
        import pyarrow.compute as pc
        from pyarrow import types

        ranges = {}
        for field in self._rows.schema:
            if not types.is_nested(field.type) and not types.is_null(field.type):
                found = pc.min_max(self._rows[field.name]).as_py()
                ranges[field.name] = (found["min"], found["max"])
        return ranges


def known_at_column(landed: LandedTable, columns: Collection[str]) -> str | None:
    """The column with the moment that the source says; None where it says nothing."""
    return landed.known_at or (KNOWN_AT if KNOWN_AT in columns else None)


def with_fresh_key(landed: LandedTable, row: Row, number: int) -> Row | None:
    """The same fact by a key that no other has; None where none can be made."""
    known_at = known_at_column(landed, row)
    if known_at in landed.key and row[known_at] is not None:
        return {**row, known_at: row[known_at] + timedelta(seconds=number)}
    for name in landed.key:
        value = row[name]
        if isinstance(value, str):
            return {**row, name: f"{value}~{number}"}
        if isinstance(value, int) and not isinstance(value, bool):
            return {**row, name: value + 1_000_000 + number}
    return None


def _other(value: Any, bounds: tuple[Any, Any] | None, texts: bool) -> Any:
    """Another value: the greatest of its day, or the least where it is that."""
    if bounds is None or bounds[1] is None:
        return value
    least, greatest = bounds
    if isinstance(greatest, bool):
        return not value
    if isinstance(greatest, datetime):
        return value + SHIFT if texts and value is not None else value
    if isinstance(greatest, str):
        if not texts:
            return value
        # Never a new word where the day has two.
        return least if value == greatest and least != greatest else greatest
    if isinstance(greatest, int | float):
        return least if value == greatest else greatest
    return value
