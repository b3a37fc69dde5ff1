"""What sets each cluster apart, in words and as a table, in the units of the features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.weights import mean_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers

MOST_WORDS: Final = 4
"""Features by which a cluster is described."""
LEAST_DIFFERENCE: Final = 0.3
"""Standard deviations of all rows by which a cluster differs enough to be told."""
LEAST_SHARE, MOST_VALUES = 0.05, 4
"""Values of a category that are told: of at least that share of all rows, and at most so many."""
MISSING: Final = "missing"


class Trait(Record):
    """A figure of all rows and of each cluster.

    Args:
        feature: column, and for a share the value that is meant.
        is_share: whether it is the share of rows that have the value, or else a mean.
        deviation: standard deviation among all rows.
        of_all: None where no row has the column.
        of_clusters: in the order of their names; None where no row of it has the column.
    """

    feature: str
    is_share: bool
    deviation: float
    of_all: float | None
    of_clusters: tuple[float | None, ...]

    def difference(self, position: int) -> float:
        """By how many standard deviations a cluster differs from all rows."""
        own = self.of_clusters[position]
        if own is None or self.of_all is None or not self.deviation > 0:
            return 0.0
        return (own - self.of_all) / self.deviation

    def words(self, position: int) -> str:
        """The same as a clause."""
        own, of_all = self.of_clusters[position], self.of_all
        if self.is_share:
            return f"{self.feature} {own:.0%} (of all {of_all:.0%})"
        level = "high" if self.difference(position) > 0 else "low"
        return f"{level} {self.feature} {own:.3g} (of all {of_all:.3g})"


def traits_of(
    features: Any, clusters: NDArray[Any], names: Sequence[str], weights: Numbers | None
) -> tuple[Trait, ...]:
    """Of every column but texts: means of numbers, shares of values and of what is missing.

    Args:
        features: a frame.
        clusters: the name of each row's, shape (rows,).
        names: of the clusters, in the order of their columns.
    """
    masks = [clusters == name for name in names]

    def trait(feature: str, values: Numbers, known: NDArray[np.bool_], is_share: bool) -> Trait:
        of_all = _mean(values, known, weights)
        spread = None if of_all is None else _mean((values - of_all) ** 2, known, weights)
        return Trait(
            feature=feature,
            is_share=is_share,
            deviation=(spread or 0.0) ** 0.5,
            of_all=of_all,
            of_clusters=tuple(_mean(values, known & mask, weights) for mask in masks),
        )

    return tuple(
        trait(feature, values, known, is_share)
        for column in features.columns
        for feature, values, known, is_share in _figures_of(features[column])
    )


def in_words(traits: Sequence[Trait], position: int) -> str:
    """What sets a cluster apart most, as clauses."""
    ordered = sorted(traits, key=lambda each: -abs(each.difference(position)))
    told: list[str] = []
    columns: set[str] = set()
    for each in ordered:
        column = each.feature.split(" = ")[0]
        if abs(each.difference(position)) < LEAST_DIFFERENCE or len(told) == MOST_WORDS:
            break
        if column not in columns:
            told.append(each.words(position))
            columns.add(column)
    return ", ".join(told) or "like all rows"


def _figures_of(column: Any) -> Iterator[tuple[str, Numbers, NDArray[np.bool_], bool]]:
    """Figures of a column: name, value of each row, rows that have it, and if it is a share."""
    import numpy as np
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    name, known = str(column.name), column.notna().to_numpy()
    everything = np.ones(len(column), dtype=bool)
    values = column.dropna()
    is_flag = is_bool_dtype(values.infer_objects()) or set(values.unique()) <= {True, False}
    if is_numeric_dtype(column) and not is_bool_dtype(column):
        yield name, column.to_numpy(dtype=np.float64), known, False
    elif is_flag:
        yield name, (column == True).to_numpy(dtype=np.float64), known, True  # noqa: E712
    else:
        shares = values.astype(str).value_counts() / max(len(column), 1)
        for value in shares.index[shares >= LEAST_SHARE][:MOST_VALUES]:
            has_it = (column.astype(str) == value).to_numpy(dtype=np.float64)
            yield f"{name} = {value}", has_it, everything, True
    if LEAST_SHARE <= 1 - known.mean() < 1:
        yield f"{name} = {MISSING}", (~known).astype(np.float64), everything, True


def _mean(values: Numbers, rows: NDArray[np.bool_], weights: Numbers | None) -> float | None:
    """Mean of some rows; None where there is none that counts."""
    counts = None if weights is None else weights[rows]
    if not rows.any() or (counts is not None and not counts.sum() > 0):
        return None
    return mean_of(values[rows], counts)
