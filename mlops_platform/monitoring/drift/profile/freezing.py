"""Freezing: from the rows of a training set to the cells of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlops_platform.data.engine import identifier
from mlops_platform.monitoring.drift.profile.cells import GRID_CELLS, MOST_VALUES, Cells, rounded

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

COARSE_PARTS, ATOM_SHARE, MOST_ATOMS = 64, 0.005, 16
TAIL, WIDE, SMALL = 0.001, 50.0, 0.01
"""Share of the rows beyond each end of a grid; quartile ranges from which its cells widen, and the
quantile of the sizes, zero apart, from which on they do."""


def numeric_cells(
    connection: duckdb.DuckDBPyConnection, rows: str, columns: Sequence[str]
) -> list[Cells]:
    """Every value its own cell where there are at most `MOST_VALUES`, else a grid."""
    if not columns:
        return []
    # Groups are made only where few are expected: their number bounds the memory.
    estimates = ", ".join(f"approx_count_distinct({identifier(column)})" for column in columns)
    (found,) = connection.sql(f"SELECT {estimates} FROM {rows}").fetchall()
    return [
        Cells(column=column, kind="values")
        if estimate <= 2 * MOST_VALUES and _values(connection, rows, column) <= MOST_VALUES
        else _grid(connection, rows, column)
        for column, estimate in zip(columns, found, strict=True)
    ]


def categorical_cells(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> Cells:
    """The most frequent categories; ties go by name."""
    name = identifier(column)
    found = connection.sql(
        f"SELECT {name} FROM {rows} WHERE {name} IS NOT NULL GROUP BY {name} "
        f"ORDER BY count(*) DESC, {name} LIMIT {MOST_VALUES}"
    ).fetchall()
    return Cells(column=column, kind="categories", categories=tuple(value for (value,) in found))


def _values(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> int:
    (found,) = connection.sql(f"SELECT count(DISTINCT {identifier(column)}) FROM {rows}").fetchall()
    return int(found[0])


def _grid(connection: duckdb.DuckDBPyConnection, rows: str, column: str) -> Cells:
    import numpy as np

    value = identifier(column)
    found = connection.sql(
        f"SELECT {rounded(value, COARSE_PARTS)} AS key, count(*) AS rows FROM {rows} "
        f"WHERE isfinite({value}) GROUP BY key ORDER BY key"
    ).fetchnumpy()
    keys, counts = np.asarray(found["key"], dtype=np.float64), np.asarray(found["rows"])
    low, lower, upper, high = _quantiles(keys, counts, (TAIL, 0.25, 0.75, 1 - TAIL))
    # Rounding to a part of an octave moved the ends by less than that part.
    low, high = low - abs(low) / COARSE_PARTS, high + abs(high) / COARSE_PARTS
    scale = None
    if high - low > WIDE * (upper - lower):
        sizes, order = np.abs(keys), np.argsort(np.abs(keys))
        (scale,) = _quantiles(sizes[order], np.where(sizes > 0, counts, 0)[order], (SMALL,))
        low, high = (float(np.sign(end) * np.log1p(abs(end) / scale)) for end in (low, high))
    width = (high - low) / (GRID_CELLS - 1) or 1.0
    return Cells(
        column=column,
        kind="grid",
        # A round number is no middle: it would share its key with an atom.
        low=low - width / 3,
        width=width,
        scale=scale,
        atoms=_atoms(connection, rows, column, float(counts.sum())),
    )


def _quantiles(keys: Numbers, counts: Numbers, shares: Sequence[float]) -> list[float]:
    """Quantiles of rows by key, of increasing keys."""
    import numpy as np

    at = np.searchsorted(np.cumsum(counts), np.array(shares) * counts.sum())
    found: list[float] = keys[at].tolist()
    return found


def _atoms(
    connection: duckdb.DuckDBPyConnection, rows: str, column: str, present: float
) -> tuple[float, ...]:
    """Values that hold a share of the rows each; candidates are counted exactly."""
    value = identifier(column)
    found = connection.sql(
        f"WITH likely AS (SELECT unnest(approx_top_k({value}, {MOST_ATOMS})) AS atom FROM {rows} "
        f"WHERE isfinite({value})) "
        f"SELECT atom FROM {rows} JOIN likely ON {value} = atom GROUP BY atom "
        f"HAVING count(*) >= {ATOM_SHARE * present!r} ORDER BY atom"
    ).fetchall()
    return tuple(atom for (atom,) in found)
