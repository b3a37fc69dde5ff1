"""Cells: the frozen places into which the values of one column are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_VALUES, GRID_CELLS = 4096, 4096
ORIGIN = 30_000
"""Number of the cell at a grid's `low`; values up to seven grids away keep cells of their own."""
UNLISTED = -1.0
"""Key of the categories that are not listed."""


class Cells(Record):
    """How the values of one column become keys; equal for every day and every window.

    Args:
        kind: `values`, every number is its own key; `grid`, a number's key is the middle of its
            cell; `categories`, a string's key is its place in `categories`.
        low, width: in a grid, the middle of its first cell and the width of each.
        scale: in a grid, None where cells are equally wide, else the number beyond which they
            widen with the logarithm.
        atoms: in a grid, values so frequent that they keep keys of their own.
        categories: most frequent first, at most `MOST_VALUES`.
    """

    column: str
    kind: Literal["values", "grid", "categories"]
    low: float = 0.0
    width: float = 1.0
    scale: float | None = None
    atoms: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    def along(self, values: Numbers) -> Numbers:
        """Values in the unit of `low` and `width`."""
        import numpy as np

        if self.scale is None:
            return values
        widened: Numbers = np.sign(values) * np.log1p(np.abs(values) / self.scale)
        return widened

    def middles(self, numbers: Numbers) -> Numbers:
        """Middle of each numbered cell of a grid, in the column's own unit."""
        import numpy as np

        along: Numbers = self.low + (numbers - ORIGIN) * self.width
        if self.scale is None:
            return along
        widened: Numbers = np.sign(along) * self.scale * np.expm1(np.abs(along))
        return widened


def number_in_grid(cells: Cells, column: str) -> str:
    """SQL of the number of a value's cell, NULL outside of the grid; `column` is a SQL term.

    A cell is rounded to, not floored: TRY_CAST does it in one step, twice as fast as clamping.
    """
    along = column
    if cells.scale is not None:
        along = f"sign({column}) * ln(1 + abs({column}) / {_double(cells.scale)})"
    steps = f"({along} - {_double(cells.low)}) * {_double(1 / cells.width)}"
    return f"TRY_CAST({steps} + {ORIGIN} AS USMALLINT)"


def rounded(column: str, parts: int) -> str:
    """SQL of a value, rounded to a power of two cut in `parts`: few keys, each within 0.35/parts.

    NaN becomes NULL, infinities stay.
    """
    magnitude = f"pow(2, round(log2(abs({column})) * {parts}) / {parts})"
    return (
        f"CASE WHEN isnan({column}) THEN NULL WHEN isinf({column}) OR {column} = 0 THEN {column} "
        f"ELSE sign({column}) * {magnitude} END"
    )


def _double(value: float) -> str:
    return f"({value!r})::DOUBLE"
