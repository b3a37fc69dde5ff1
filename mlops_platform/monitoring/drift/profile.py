"""Profile: histograms of a table's columns, whose bins later windows are counted in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from mlops_platform.errors import DataError
from mlops_platform.record import Record

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

MOST_BINS, MOST_CATEGORIES = 30, 50


class ColumnProfile(Record):
    """Histogram of one column.

    Args:
        edges: strictly increasing; bin i of a numeric column holds `edges[i-1] < x <= edges[i]`,
            the first and the last bin are open.
        categories: most frequent first; every other value falls into one last bin.
        counts: rows per bin, nulls left out.
        nulls: rows without a value; NaN is none.
    """

    column: str
    kind: Literal["numeric", "categorical"]
    edges: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...]
    nulls: int


class Profile(Record):
    """Histograms of a table."""

    rows: int
    columns: tuple[ColumnProfile, ...]


def profile_of(rows: pa.Table, numeric: Sequence[str], categorical: Sequence[str]) -> Profile:
    """Freeze bins for the columns of a table and count its rows in them, whatever their order."""
    columns = [_numeric_profile(rows, column) for column in numeric]
    columns += [_categorical_profile(rows, column) for column in categorical]
    return Profile(rows=rows.num_rows, columns=tuple(columns))


def counts_of(column: ColumnProfile, rows: pa.Table) -> tuple[tuple[int, ...], int]:
    """Rows of a table per frozen bin of one column, and its nulls."""
    if column.kind == "numeric":
        values = _numbers(rows, column.column)
        return histogram(values, column.edges), rows.num_rows - len(values)
    values = _strings(rows, column.column)
    return _category_counts(values, column.categories), values.null_count


def quantile_edges(values: Numbers, bins: int) -> tuple[float, ...]:
    """Inner edges of at most `bins` bins of nearly equal rows; a bin per value where few differ.

    Every edge is one of the values, and the greatest value is none of them.
    """
    import numpy as np

    ordered = np.sort(values)
    chosen = np.unique(ordered)
    if len(chosen) > bins:
        # The ceiling of i/bins of the rows, in integers: the same on every platform.
        at = -(-np.arange(1, bins) * len(ordered) // bins) - 1
        chosen = np.unique(ordered[at])
    return tuple(chosen[chosen < ordered[-1:]].tolist())


def histogram(values: Numbers, edges: Sequence[float]) -> tuple[int, ...]:
    """Values per bin of `len(edges) + 1` bins; no value may be NaN."""
    import numpy as np

    at = np.searchsorted(np.asarray(edges, dtype=np.float64), values, side="left")
    return tuple(np.bincount(at, minlength=len(edges) + 1).tolist())


def _numeric_profile(rows: pa.Table, column: str) -> ColumnProfile:
    values = _numbers(rows, column)
    edges = quantile_edges(values, MOST_BINS)
    return ColumnProfile(
        column=column,
        kind="numeric",
        edges=edges,
        counts=histogram(values, edges),
        nulls=rows.num_rows - len(values),
    )


def _categorical_profile(rows: pa.Table, column: str) -> ColumnProfile:
    values = _strings(rows, column)
    rows_of = {
        one["values"]: one["counts"] for one in values.drop_null().value_counts().to_pylist()
    }
    # Ties go by name: the order of the rows must not matter.
    categories = sorted(rows_of, key=lambda value: (-rows_of[value], value))[:MOST_CATEGORIES]
    return ColumnProfile(
        column=column,
        kind="categorical",
        categories=tuple(categories),
        counts=_category_counts(values, categories),
        nulls=values.null_count,
    )


def _category_counts(values: pa.ChunkedArray, categories: Sequence[str]) -> tuple[int, ...]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    at = pc.index_in(values, value_set=pa.array(categories, pa.string())).drop_null().to_numpy()
    known = np.bincount(at, minlength=len(categories)).tolist()
    return (*known, len(values) - values.null_count - sum(known))


def _numbers(rows: pa.Table, column: str) -> Numbers:
    import numpy as np
    import pyarrow as pa

    values = _cast(rows, column, pa.float64()).to_numpy()
    present: Numbers = values[~np.isnan(values)]
    return present


def _strings(rows: pa.Table, column: str) -> pa.ChunkedArray:
    import pyarrow as pa

    return _cast(rows, column, pa.string())


def _cast(rows: pa.Table, column: str, wanted: pa.DataType) -> pa.ChunkedArray:
    import pyarrow as pa

    found = rows.column(column)
    try:
        return found.cast(wanted)
    except pa.ArrowException as error:
        raise DataError(
            f"Column '{column}' is {found.type} and cannot be read as {wanted}: {error}. "
            "Publish it as it was when the champion was trained, or train anew."
        ) from error
