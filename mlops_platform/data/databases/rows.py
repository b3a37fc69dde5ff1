"""Rows as drivers give them, as Arrow tables: each value is one of its column's type, or told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH: Final = 16_384
"""Rows that are in memory as Python's objects."""
SHOWN_CHARACTERS: Final = 60
MISFITS: Final = (ValueError, TypeError, OverflowError)
"""What Arrow raises of a value that is none of a type."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class ReadColumn:
    """One column of what is read.

    Args:
        declared: its type in the words of the database.
        kinds: Python types of its values; NULL is always one.
        raw: Arrow type of these values.
        type: Arrow type that is written.
        only: values that it may have; all of its type where None.
    """

    name: str
    declared: str
    kinds: frozenset[type]
    raw: pa.DataType
    type: pa.DataType
    only: frozenset[Any] | None = None

    def array(self, values: Sequence[Any]) -> pa.Array:
        """The values of some rows.

        Raises:
            ValueError, TypeError, OverflowError: one is none of this column.
        """
        import pyarrow as pa

        # Arrow would cut fractions off, and read bytes as texts.
        if not {type(value) for value in values} <= {*self.kinds, type(None)}:
            raise ValueError
        if self.only is not None and not set(values) <= {*self.only, None}:
            raise ValueError
        return pa.array(values, self.raw).cast(self.type)

    def misfit(self, values: Sequence[Any]) -> int:
        """The place of the first value that is none of this column, where there is one."""
        return next(place for place, value in enumerate(values) if not self._fits(value))

    def _fits(self, value: Any) -> bool:
        try:
            self.array([value])
        except MISFITS:
            return False
        return True


def tables_of(
    batches: Iterable[Sequence[Row]], columns: Sequence[ReadColumn], where: str, fix: str
) -> Iterator[pa.Table]:
    """Tables of rows, an empty one first.

    Args:
        where: the rows are from, in words.
        fix: what to do about a value that is none of its column's type.

    Raises:
        DataError: there is such a value; says its row, by the order in which they are read.
    """
    import pyarrow as pa

    schema = pa.schema([pa.field(column.name, column.type) for column in columns])
    yield schema.empty_table()
    rows = 0
    for batch in batches:
        arrays = []
        for column, values in zip(columns, zip(*batch, strict=True), strict=True):
            try:
                arrays.append(column.array(values))
            except MISFITS as error:
                at = column.misfit(values)
                raise DataError(
                    f"{where}, row {rows + at + 1}, column '{column.name}': "
                    f"{_shown(values[at])} is no {column.declared}. {fix}"
                ) from error
        yield pa.Table.from_arrays(arrays, schema=schema)
        rows += len(batch)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
