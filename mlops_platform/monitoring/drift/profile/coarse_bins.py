"""CoarseBins: a column's bins gathered into few, so that chance does not fill the distances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_platform.monitoring.drift.profile.bins import FIRST_BUCKET, HASH_BUCKETS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.monitoring.drift.profile.bins import ColumnBins
    from mlops_platform.monitoring.drift.profile.histogram import Histogram

    Numbers = NDArray[np.float64]
    Places = NDArray[np.intp]

NUMERIC_BINS, CATEGORIES = 30, HASH_BUCKETS


@dataclass(frozen=True)
class CoarseBins:
    """Which bin a key belongs to.

    Args:
        edges: of numbers, increasing; bin i holds `edges[i-1] < key <= edges[i]`, the outer two
            are open. None for categories.
        categories: keys with a bin of their own, all others share the last one.
        chosen_by_rows: the categories are the most frequent of a reference; that of other days has
            others.
    """

    edges: Numbers | None
    categories: Numbers
    chosen_by_rows: bool = False

    @property
    def size(self) -> int:
        """Number of bins."""
        return len(self.categories if self.edges is None else self.edges) + 1

    def places(self, keys: Numbers) -> Places:
        """The bin of each key."""
        import numpy as np

        if self.edges is not None:
            return np.searchsorted(self.edges, keys, side="left")
        ordered = np.argsort(self.categories)
        if not len(ordered):
            return np.zeros(len(keys), dtype=np.intp)
        at = np.searchsorted(self.categories, keys, sorter=ordered).clip(max=len(ordered) - 1)
        nearest = ordered[at]
        return np.where(self.categories[nearest] == keys, nearest, len(ordered))

    def counts(self, histogram: Histogram) -> Numbers:
        """Rows per bin, nulls in one more at the end."""
        import numpy as np

        places = self.places(histogram.keys)
        rows = np.bincount(places, weights=histogram.rows, minlength=self.size)
        return np.append(rows, histogram.nulls)

    def bin_centres(self, reference: Histogram) -> Numbers:
        """Mean of the reference's numbers in each bin, infinite ones counting as the outermost."""
        import numpy as np

        finite = reference.keys[np.isfinite(reference.keys)]
        if not len(finite):
            return np.zeros(self.size)
        keys = reference.keys.clip(finite[0], finite[-1])
        places = self.places(reference.keys)
        rows = np.bincount(places, weights=reference.rows, minlength=self.size)
        # Shares first: numbers near the largest of all times their rows are too large.
        shares = reference.rows / rows[places]
        means = np.bincount(places, weights=keys * shares, minlength=self.size)
        return means.astype(np.float64)


def coarse_bins(bins: ColumnBins, reference: Histogram, most: int = NUMERIC_BINS) -> CoarseBins:
    """At most `most` bins of nearly equal rows of the reference, or its most frequent categories.

    Every edge is a key, the greatest key is none: no bin of the reference is empty.
    """
    import numpy as np

    if bins.kind == "hashed":
        return CoarseBins(None, FIRST_BUCKET - np.arange(HASH_BUCKETS, dtype=np.float64))
    if bins.kind == "categories":
        falling = np.lexsort((reference.keys, -reference.rows))[:CATEGORIES]
        return CoarseBins(None, reference.keys[falling], len(reference.keys) > CATEGORIES)
    keys, rows = reference.keys, reference.rows
    chosen = keys
    if len(keys) > most:
        below = np.arange(1, most) * (rows.sum() / most)
        chosen = np.unique(keys[np.searchsorted(np.cumsum(rows), below)])
    return CoarseBins(chosen[chosen < keys[-1:]], np.empty(0))
