"""Fits the bins of a column of a training set to its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.monitoring.drift.profile.bins import (
    HASH_RANGE,
    MOST_VALUES,
    UNIFORM_BINS,
    ColumnBins,
    category_hash,
    rounded,
)

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

COARSE_PARTS, POINT_SHARE, MOST_POINTS = 64, 0.005, 16
TAIL, WIDE, SMALL = 0.001, 50.0, 0.01
"""Share of the rows beyond each end of uniform bins; quartile ranges from which they widen, and the
quantile of the sizes, zero apart, from which on they do."""


def fit_numeric_bins(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> ColumnBins:
    """Every value its own bin where there are at most `MOST_VALUES`, else uniform bins."""
    if _are_few(connection, rows, column, _estimated_values(connection, rows, column)):
        return ColumnBins(column=column, kind="values")
    return _uniform_bins(connection, rows, column)


def fit_categorical_bins(
    connection: duckdb.DuckDBPyConnection, rows: str, column: str
) -> ColumnBins:
    """Every category its own bin where there are at most `MOST_VALUES`, else buckets of hashes.

    Which categories are listed then, and which share a bucket, has nothing to do with how many
    rows they have: as many are expected of a window as the reference has.
    """
    name = identifier(column)
    estimate = _estimated_values(connection, rows, column)
    if not _are_few(connection, rows, column, estimate):
        below = max(HASH_RANGE * MOST_VALUES // estimate, 1)
        sampled = f"WHERE {category_hash(name)} < {below} GROUP BY {name} ORDER BY {name}"
        return ColumnBins(
            column=column,
            kind="hashed",
            categories=_categories(connection, rows, name, sampled),
            listed_below=below,
        )
    frequent = f"WHERE {name} IS NOT NULL GROUP BY {name} ORDER BY count(*) DESC, {name}"
    categories = _categories(connection, rows, name, frequent)
    return ColumnBins(column=column, kind="categories", categories=categories)


def _categories(
    connection: duckdb.DuckDBPyConnection, rows: str, name: str, chosen: str
) -> tuple[str, ...]:
    values = connection.sql(f"SELECT {name} FROM {rows} {chosen}").fetchall()
    return tuple(value for (value,) in values)


def _estimated_values(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> int:
    """How many different values a column has, more or less."""
    query = f"SELECT approx_count_distinct({identifier(column)}) FROM {rows}"
    ((number,),) = connection.sql(query).fetchall()
    return int(number)


def _are_few(connection: duckdb.DuckDBPyConnection, rows: str, column: str, estimate: int) -> bool:
    """Whether a column has at most `MOST_VALUES` different values.

    Groups are made only where few are expected: their number bounds the memory.
    """
    if estimate > 2 * MOST_VALUES:
        return False
    (counted,) = connection.sql(
        f"SELECT count(DISTINCT {identifier(column)}) FROM {rows}"
    ).fetchall()
    return int(counted[0]) <= MOST_VALUES


def _uniform_bins(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> ColumnBins:
    import numpy as np

    value = identifier(column)
    rounded_rows = connection.sql(
        f"SELECT {rounded(value, COARSE_PARTS)} AS key, count(*) AS rows FROM {rows} "
        f"WHERE isfinite({value}) GROUP BY key ORDER BY key"
    ).fetchnumpy()
    keys, counts = (
        np.asarray(rounded_rows["key"], dtype=np.float64),
        np.asarray(rounded_rows["rows"]),
    )
    low, lower, upper, high = _quantiles(keys, counts, (TAIL, 0.25, 0.75, 1 - TAIL))
    # Rounding to a part of an octave moved the ends by less than that part.
    low, high = low - abs(low) / COARSE_PARTS, high + abs(high) / COARSE_PARTS
    scale = None
    if high - low > WIDE * (upper - lower):
        sizes, order = np.abs(keys), np.argsort(np.abs(keys))
        (scale,) = _quantiles(sizes[order], np.where(sizes > 0, counts, 0)[order], (SMALL,))
        low, high = (float(np.sign(end) * np.log1p(abs(end) / scale)) for end in (low, high))
    width = (high - low) / (UNIFORM_BINS - 1) or 1.0
    return ColumnBins(
        column=column,
        kind="uniform",
        # A round number is no centre: it would share its key with a point mass.
        low=low - width / 3,
        width=width,
        scale=scale,
        point_masses=_point_masses(connection, rows, column, float(counts.sum())),
    )


def _quantiles(keys: Numbers, counts: Numbers, shares: Sequence[float]) -> list[float]:
    """Quantiles of rows by key, of increasing keys."""
    import numpy as np

    at = np.searchsorted(np.cumsum(counts), np.array(shares) * counts.sum())
    quantiles: list[float] = keys[at].tolist()
    return quantiles


def _point_masses(
    connection: duckdb.DuckDBPyConnection, rows: str, column: str, present: float
) -> tuple[float, ...]:
    """Values that hold a share of the rows each; candidates are counted exactly."""
    value = identifier(column)
    frequent = connection.sql(
        f"WITH likely AS (SELECT unnest(approx_top_k({value}, {MOST_POINTS})) AS point FROM {rows} "
        f"WHERE isfinite({value})) "
        f"SELECT point FROM {rows} JOIN likely ON {value} = point GROUP BY point "
        f"HAVING count(*) >= {POINT_SHARE * present!r} ORDER BY point"
    ).fetchall()
    return tuple(point for (point,) in frequent)
