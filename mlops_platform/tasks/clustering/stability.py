"""Bootstrap Jaccard index of clusters: whether they are found again among resampled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.clustering.centres import codes_in, numbers_of
from mlops_platform.tasks.clustering.fit import fit_clusters
from mlops_platform.tasks.fitting.row_samples import SEED, resampled, thinned

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers

    Codes = NDArray[np.intp]

LEAST_STABLE: Final = 0.5
"""Index below which a cluster dissolves."""
RESAMPLED_FITS: Final = 20
MOST_FITTED, MOST_JUDGED = 5000, 2000
"""Rows of which each of them is drawn, and rows by which clusters are compared."""


def stabilities_of(pipeline: Any, train: Rows, unseen: Rows, codes: Codes) -> Numbers:
    """Of each cluster the mean of its best Jaccard index among clusters of resampled rows.

    Hennig 2007, "Cluster-wise assessment of cluster stability": below 0.5 a cluster dissolves, from
    0.75 on it is there. Clusters are compared by rows that neither fit has seen.

    Args:
        pipeline: not fitted; it is left as it is.
        unseen: with the cluster of each row, `codes`, shape (rows,).

    Returns:
        shape (clusters,), up to the last one that has a row; 0 of those that have none.
    """
    import numpy as np
    from sklearn.base import clone

    random, some = np.random.default_rng(SEED), thinned(train, MOST_FITTED)
    sums: Numbers = np.zeros(int(codes.max()) + 1)
    for _ in range(RESAMPLED_FITS):
        model = fit_clusters(clone(pipeline), resampled(some, random))
        try:
            again = codes_in(numbers_of(model, unseen.features))
        except TrainingError:  # one cluster of all rows: none is found again
            continue
        sums += jaccard_indices(codes, again, unseen.weights).max(axis=1)
    return sums / RESAMPLED_FITS


def jaccard_indices(first: Codes, second: Codes, weights: Numbers | None = None) -> Numbers:
    """Rows that two clusters share over those that either has, of each pair of clusters.

    Args:
        first, second: clusters of the same rows, shape (rows,) each.

    Returns:
        shape (clusters of `first`, clusters of `second`).
    """
    import numpy as np

    shared = overlaps(first, second, weights)
    either = shared.sum(axis=1)[:, None] + shared.sum(axis=0)[None, :] - shared
    indices: Numbers = np.zeros(shared.shape)
    np.divide(shared, either, out=indices, where=either > 0)
    return indices


def overlaps(first: Codes, second: Codes, weights: Numbers | None = None) -> Numbers:
    """How many rows each pair of clusters shares, by their weight, in the same shape."""
    import numpy as np

    table: Numbers = np.zeros((int(first.max()) + 1, int(second.max()) + 1))
    np.add.at(table, (first, second), 1.0 if weights is None else weights)
    return table
