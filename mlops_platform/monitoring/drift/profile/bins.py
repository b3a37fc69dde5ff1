"""ColumnBins: the fitted bins into which the values of one column are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_VALUES, UNIFORM_BINS = 4096, 4096
ORIGIN = 30_000
"""Number of the bin at `low`; values up to seven times the range away keep bins of their own."""
UNLISTED = -1.0
"""Key of the categories that are not listed."""


class ColumnBins(Record):
    """How the values of one column become keys; equal for every day and every window.

    Args:
        kind: `values`, every number is its own key; `uniform`, a number's key is the centre of
            its bin, as wide as all others; `categories`, a string's key is its place in
            `categories`.
        low, width: of uniform bins, the centre of the first one and the width of each.
        scale: of uniform bins, the number beyond which they widen with the logarithm; None where
            they do not.
        point_masses: beside uniform bins, values so frequent that they keep keys of their own.
        categories: most frequent first, at most `MOST_VALUES`.
    """

    column: str
    kind: Literal["values", "uniform", "categories"]
    low: float = 0.0
    width: float = 1.0
    scale: float | None = None
    point_masses: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    def transform(self, values: Numbers) -> Numbers:
        """Values in the unit of `low` and `width`."""
        import numpy as np

        if self.scale is None:
            return values
        widened: Numbers = np.sign(values) * np.log1p(np.abs(values) / self.scale)
        return widened

    def bin_centres(self, numbers: Numbers) -> Numbers:
        """Centre of each numbered uniform bin, in the column's own unit."""
        import numpy as np

        transformed: Numbers = self.low + (numbers - ORIGIN) * self.width
        if self.scale is None:
            return transformed
        widened: Numbers = np.sign(transformed) * self.scale * np.expm1(np.abs(transformed))
        return widened


def bin_number(bins: ColumnBins, column: str) -> str:
    """SQL of the number of a value's bin, NULL outside of all; `column` is a SQL term.

    A bin is rounded to, not floored: TRY_CAST does it in one step, twice as fast as clamping.
    """
    transformed = column
    if bins.scale is not None:
        transformed = f"sign({column}) * ln(1 + abs({column}) / {_double(bins.scale)})"
    steps = f"({transformed} - {_double(bins.low)}) * {_double(1 / bins.width)}"
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
