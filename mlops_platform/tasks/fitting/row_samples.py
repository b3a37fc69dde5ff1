"""Some of many rows, and rows whose columns do not belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlops_platform.tasks.finished import Rows
from mlops_platform.tasks.weights import relative_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEED: Final = 0


def thinned(rows: Rows, most: int) -> Rows:
    """At most so many rows, evenly spread over these."""
    return rows if len(rows.targets) <= most else taken(rows, spread(len(rows.targets), most))


def spread(count: int, most: int) -> NDArray[Any]:
    """Positions of at most so many of `count` rows, evenly spread."""
    import numpy as np

    return np.linspace(0, count - 1, min(count, most)).astype(np.intp)


def taken(rows: Rows, at: Any) -> Rows:
    """Some rows, by a mask or by positions."""
    features = rows.features
    chosen = features.iloc[at] if hasattr(features, "iloc") else features[at]
    weights = None if rows.weights is None else relative_weights(rows.weights[at])
    return Rows(chosen, rows.targets[at], weights, rows.windows)


def resampled(rows: Rows, random: Any) -> Rows:
    """As many rows, drawn with replacement; how much each counts stays with it."""
    import numpy as np

    count = len(rows.targets)
    return taken(rows, np.sort(random.integers(0, count, count)))


def shuffled_columns(rows: Rows, seed: int = SEED) -> Any:
    """Features whose columns were shuffled each on its own: alike in every column, not together.

    Where rows have weights each value is drawn by that of its row.

    The reference class of unsupervised learning as supervised learning (Hastie, Tibshirani and
    Friedman 2009, "The elements of statistical learning", section 14.2.4; Shi and Horvath 2006,
    "Unsupervised learning with random forest predictors").

    Args:
        rows: with a frame of features, or a matrix of shape (rows, columns).
    """
    import numpy as np

    random, features, weights = np.random.default_rng(seed), rows.features, rows.weights
    count = features.shape[0]
    shuffled = features.copy()
    for position in range(features.shape[1]):
        order = (
            random.permutation(count)
            if weights is None
            else random.choice(count, count, p=weights / weights.sum())
        )
        if hasattr(features, "iloc"):
            name = features.columns[position]
            shuffled[name] = features[name].array[order]
        else:
            shuffled[:, position] = features[order, position]
    return shuffled
