"""ColumnBins: the fitted bins into which the values of one column are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_VALUES, UNIFORM_BINS = 4096, 4096
HASH_BUCKETS, HASH_RANGE = 50, 2**32
"""Of categories too many to be listed; hashes are numbers below `HASH_RANGE`."""
ORIGIN = 30_000
"""Number of the bin at `low`; values up to seven times the range away keep bins of their own."""
UNLISTED, FIRST_BUCKET = -1.0, -2.0
"""Key of the categories that could be listed and are not, and of the first bucket; those of the
others fall from there."""


class ColumnBins(Record):
    """How the values of one column become keys; equal for every day and every window.

    Args:
        kind: `values`, every number is its own key; `uniform`, a number's key is the centre of
            its bin, as wide as all others; `categories`, a string's key is its place in
            `categories`; `hashed`, so it is where the hash of the string is below `listed_below`,
            else its key is the bucket of its hash.
        low, width: of uniform bins, the centre of the first one and the width of each.
        scale: of uniform bins, the number beyond which they widen with the logarithm; None where
            they do not.
        point_masses: beside uniform bins, values so frequent that they keep keys of their own.
        categories: all of them, most frequent first, at most `MOST_VALUES`; in profiles of earlier
            versions the most frequent ones. Of `hashed` bins those of small hashes, some
            `MOST_VALUES`: the most frequent of so many would be so by chance, and less in windows.
        listed_below: of `hashed` bins.
    """

    column: str
    kind: Literal["values", "uniform", "categories", "hashed"]
    low: float = 0.0
    width: float = 1.0
    scale: float | None = None
    point_masses: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    listed_below: int = 0

    @property
    def is_categorical(self) -> bool:
        """Whether its values are strings."""
        return self.kind in ("categories", "hashed")

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


def category_hash(column: str) -> str:
    """SQL of the hash of a string: the same on every machine and in every version of DuckDB."""
    return f"(md5_number_lower({column}) % {HASH_RANGE})"


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
