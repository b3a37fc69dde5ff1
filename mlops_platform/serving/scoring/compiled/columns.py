"""What a transformed column is: a plain function of one feature of the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from mlops_platform.errors import ServingError

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
