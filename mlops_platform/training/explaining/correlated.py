"""Columns that say the same: groups within which every two are highly correlated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pandas import DataFrame

LEAST_CORRELATION: Final = 0.8
"""Absolute rank correlation from which on a model may lean on either column."""


MOST_ROWS: Final = 20_000
"""Evenly spaced ones of more: enough for any correlation, and quick."""


class CorrelatedGroup(NamedTuple):
    """Columns in their order, and the smallest absolute rank correlation between two of them."""

    columns: tuple[str, ...]
    correlation: float


def correlated_groups(rows: DataFrame, columns: Sequence[str]) -> tuple[CorrelatedGroup, ...]:
    """Groups of two columns or more, by complete linkage (Spearman's correlation).

    Args:
        columns: of numbers and flags; a correlation is over the rows that have both values.
    """
    import numpy as np
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(columns) < 2:
        return ()
    taken = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int))
    ranks = rows[list(columns)].iloc[taken].rank()
    correlations = ranks.corr(min_periods=max(2, len(taken) // 2)).abs().to_numpy().copy()
    # A column that is constant, or mostly missing, is correlated with none.
    correlations = np.nan_to_num(correlations, nan=0.0)
    np.fill_diagonal(correlations, 1.0)
    distances = squareform(np.clip(1.0 - correlations, 0.0, 1.0), checks=False)
    numbers = fcluster(linkage(distances, "complete"), 1.0 - LEAST_CORRELATION, "distance")
    members = [np.flatnonzero(numbers == number) for number in np.unique(numbers)]
    return tuple(
        CorrelatedGroup(
            tuple(columns[at] for at in group), float(correlations[np.ix_(group, group)].min())
        )
        for group in members
        if len(group) > 1
    )
