"""What a transformed column is: a plain function of one feature of a row, or of many rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mlops_platform.errors import ServingError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Operation = tuple[Literal["-", "+", "*", "/"], float]
Key = str | float | bool | None
"""A value as a row holds it; None where missing."""
Source = str | int
"""Where a value is in a row: a column's name, or its position."""
CompiledRow = Any
"""Values by source: a row as JSON holds it, or its values in the order of the schema."""

NAN = float("nan")


class NotCompilable(ServingError):
    """A model holds something for which there is no plain function; the pipeline serves it."""


class Number(Struct, frozen=True, tag=True):
    """A number after some arithmetic, in this order, or `missing` where the row has none."""

    source: Source
    missing: float = NAN
    operations: tuple[Operation, ...] = ()


class Text(Struct, frozen=True, tag=True):
    """A string as it came, or `missing` where the row has none."""

    source: Source
    missing: str | None = None


class Lookup(Struct, frozen=True, tag=True):
    """A number from a table; `default` for every key that is not in it."""

    source: Source
    table: Mapping[Key, float]
    default: float


CompiledColumn = Number | Text | Lookup


def sklearn_name(part: Any) -> str:
    """Class name of a part that is scikit-learn's own; empty for any other, subclasses included."""
    kind = type(part)
    return kind.__name__ if kind.__module__.startswith("sklearn.") else ""


def applied(column: CompiledColumn, operation: Operation) -> CompiledColumn:
    """The column after one more operation.

    Raises:
        NotCompilable: the column is text.
    """
    if isinstance(column, Number):
        missing = calculate(operation, column.missing)
        return replace(column, missing=missing, operations=(*column.operations, operation))
    if isinstance(column, Lookup):
        return mapped(column, lambda value: calculate(operation, value))
    raise NotCompilable(f"{column.source}: arithmetic on text; encode it first.")


def mapped(column: Lookup, change: Callable[[float], float]) -> Lookup:
    """The same lookup with other numbers."""
    table = {key: change(value) for key, value in column.table.items()}
    return Lookup(column.source, table, change(column.default))


def calculate(operation: Operation, value: float) -> float:
    """Apply one operation to a number."""
    symbol, operand = operation
    if symbol == "-":
        return value - operand
    if symbol == "+":
        return value + operand
    return value * operand if symbol == "*" else value / operand


BatchColumns = Mapping[Source, Sequence[Any]] | Sequence[Sequence[Any]]
"""Values as JSON holds them, None where missing, by the source that a compiled model names."""


class ColumnBatch:
    """Columns of values as arrays of numbers, bit for bit those that a single row gives.

    Element by element NumPy rounds as Python does; a product of matrices would not.

    Args:
        rows: of each column.
    """

    def __init__(self, columns: BatchColumns, rows: int) -> None:
        self.rows = rows
        self._columns: Any = columns
        self._numbers: dict[Source, Floats] = {}

    def numbers(self, source: Source) -> Floats:
        """The numbers of a feature, NaN where missing; several heads share them."""
        import numpy as np

        numbers = self._numbers.get(source)
        if numbers is None:
            numbers = np.array(self._columns[source], np.float64)
            self._numbers[source] = numbers
        return numbers

    def looked_up(
        self, source: Source, look_up: Callable[[Key, float], float], default: float
    ) -> Floats:
        """What a table holds for each value of a feature."""
        import numpy as np

        found = map(look_up, self._columns[source], repeat(default))
        return np.fromiter(found, np.float64, self.rows)

    def values(self, column: CompiledColumn) -> Floats:
        """A transformed column.

        Raises:
            NotCompilable: it is still text.
        """
        import numpy as np

        if isinstance(column, Lookup):
            return self.looked_up(column.source, column.table.get, column.default)
        if not isinstance(column, Number):
            raise NotCompilable(f"{column.source}: reaches the estimator as text.")
        numbers = self.numbers(column.source)
        if column.missing != column.missing and not column.operations:
            return numbers
        values = _calculated(numbers, column.operations)
        return np.where(np.isnan(numbers), column.missing, values)


def _calculated(numbers: Floats, operations: Iterable[Operation]) -> Floats:
    for symbol, operand in operations:
        if symbol == "-":
            numbers = numbers - operand
        elif symbol == "+":
            numbers = numbers + operand
        else:
            numbers = numbers * operand if symbol == "*" else numbers / operand
    return numbers
