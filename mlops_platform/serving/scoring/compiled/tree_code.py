"""Python source for columns and trees: what the interpreter does quickest for a single row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mlops_platform.serving.scoring.compiled.columns import (
    NAN,
    CompiledColumn,
    CompiledRow,
    Key,
    Lookup,
    NotCompilable,
    Number,
)
from mlops_platform.serving.scoring.compiled.ensemble import CATEGORIES, Tree

Reader = Callable[[CompiledRow], tuple[float, ...]]

NODES_PER_FUNCTION = 800
"""Compiled together. Few, so that a swap of versions never holds the interpreter for long."""


def compile_reader(columns: Sequence[CompiledColumn], used: Iterable[int] | None = None) -> Reader:
    """A function from a row to the values of `columns`.

    Args:
        used: positions that matter; the others are 0.0.

    Raises:
        NotCompilable: a column is still text.
    """
    source, tables = reader_source("made", columns, used)
    reader: Reader = _compiled(source, "made", tables)
    return reader


def reader_source(
    name: str, columns: Sequence[CompiledColumn], used: Iterable[int] | None = None
) -> tuple[str, dict[str, Mapping[Key, float]]]:
    """The source of that function under a name, and the tables that it reads, by theirs.

    Raises:
        NotCompilable: as `compile_reader`.
    """
    wanted = set(range(len(columns)) if used is None else used)
    tables: dict[str, Mapping[Key, float]] = {}
    values = []
    for at, column in enumerate(columns):
        if at in wanted and isinstance(column, Lookup):
            tables[f"{name}_table_{at}"] = column.table
            look_up = f"{name}_table_{at}.get"
            values.append(f"{look_up}(row[{column.source!r}], {column.default!r})")
        else:
            values.append(_value(column) if at in wanted else "0.0")
    return f"def {name}(row):\n return ({''.join(f'{value},' for value in values)})\n", tables


def compile_trees(trees: Sequence[Tree], width: int) -> tuple[Callable[..., float], ...]:
    """Functions that add the leaves of a few trees to a total: `part(total, *values)`.

    One leaf after the other, as scikit-learn adds them, so that the sum is the same to the bit.
    """
    sources = trees_sources("made", trees, width)
    return tuple(_compiled(source, name, {}) for name, source in sources.items())


def trees_sources(name: str, trees: Sequence[Tree], width: int) -> dict[str, str]:
    """The sources of these functions, by their names, which begin alike."""
    arguments = ",".join(f"x{at}" for at in range(width))
    sources: dict[str, str] = {}
    lines, nodes = list[str](), 0
    for tree in trees:
        lines.append(f" t+={_Expression(tree).of(0)}\n")
        nodes += len(tree.value)
        if nodes >= NODES_PER_FUNCTION or tree is trees[-1]:
            part = f"{name}_{len(sources)}"
            sources[part] = f"def {part}(t,{arguments}):\n{''.join(lines)} return t\n"
            lines, nodes = [], 0
    return sources


def _compiled(source: str, name: str, tables: Mapping[str, Any]) -> Any:
    """Compile our own source: numbers, names of columns as literals, and nothing of a request."""
    names = {"__builtins__": {}, "inf": float("inf"), "nan": NAN, **tables}
    exec(compile(source, "<compiled>", "exec"), names)  # noqa: S102 - see above
    return names[name]


def _value(column: CompiledColumn) -> str:
    if isinstance(column, Number):
        value = "v"
        for symbol, operand in column.operations:
            value = f"({value} {symbol} {operand!r})"
        return f"{column.missing!r} if (v := row[{column.source!r}]) is None else {value}"
    raise NotCompilable(f"{column.source}: reaches the estimator as text.")


class _Expression:
    """One tree as nested conditional expressions over `x0`, `x1`, ..."""

    def __init__(self, tree: Tree) -> None:
        self._feature, self._threshold = tree.feature.tolist(), tree.threshold.tolist()
        self._left, self._right = tree.left.tolist(), tree.right.tolist()
        self._missing_left, self._value = tree.missing_left.tolist(), tree.value.tolist()
        self._categories = tree.categories

    def of(self, node: int) -> str:
        if self._left[node] < 0:
            return repr(self._value[node])
        left, right = self.of(self._left[node]), self.of(self._right[node])
        value, missing_left = f"x{self._feature[node]}", self._missing_left[node]
        if node in self._categories:
            return f"({left} if {self._is_left(node, value, missing_left)} else {right})"
        threshold = repr(self._threshold[node])
        # A comparison with NaN is false: what is missing takes the branch behind `else`.
        if missing_left:
            return f"({right} if {value}>{threshold} else {left})"
        return f"({left} if {value}<={threshold} else {right})"

    def _is_left(self, node: int, value: str, missing_left: bool) -> str:
        codes = self._categories[node]
        if missing_left:
            return f"{value} not in {_set(set(range(CATEGORIES)) - codes)}"
        return f"{value} in {_set(codes)}"


def _set(codes: Iterable[int]) -> str:
    listed = ",".join(map(str, sorted(codes)))
    return f"{{{listed}}}" if listed else "()"
