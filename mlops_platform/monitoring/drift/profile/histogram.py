"""Histogram: rows of one column by key, additive over days and windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """Rows by key.

    Args:
        keys: strictly increasing, never NaN, shape (k,).
        rows: rows of each key, shape (k,).
        nulls: rows without a value; NaN is none.
    """

    keys: Numbers
    rows: Numbers
    nulls: float

    @property
    def present(self) -> float:
        """Rows with a value."""
        return float(self.rows.sum())

    @property
    def total(self) -> float:
        """All rows."""
        return self.present + self.nulls

    @property
    def null_share(self) -> float:
        """Share of the rows without a value; 0 where there are no rows."""
        return self.nulls / self.total if self.total else 0.0


def histogram_of(keys: Numbers, rows: NDArray[np.int64]) -> Histogram:
    """Add up rows by key, NaN being the key of nulls; keys may repeat, in any order."""
    import numpy as np

    is_null = np.isnan(keys)
    chosen, places = np.unique(keys[~is_null], return_inverse=True)
    weights = rows[~is_null].astype(np.float64)
    summed = np.bincount(places, weights=weights, minlength=len(chosen)).astype(np.float64)
    return Histogram(keys=chosen, rows=summed, nulls=float(rows[is_null].sum()))


def shared_keys(first: Histogram, second: Histogram) -> tuple[Numbers, Numbers, Numbers]:
    """Every key of two histograms, and the rows of each histogram there."""
    import numpy as np

    keys = np.union1d(first.keys, second.keys)
    return keys, _spread(first, keys), _spread(second, keys)


def _spread(histogram: Histogram, keys: Numbers) -> Numbers:
    import numpy as np

    rows = np.zeros(len(keys))
    rows[np.searchsorted(keys, histogram.keys)] = histogram.rows
    return rows
