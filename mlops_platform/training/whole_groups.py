"""Rows that a task judges together: no part of a split, no fold and no sample has some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.training.refusal import unusable

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec


def whole_groups(kept: NDArray[np.bool_], rows: DataFrame, spec: ModelSpec) -> NDArray[np.bool_]:
    """Which rows stay where all rows of their group do, shape (rows,)."""
    import numpy as np

    if spec.task.group_column is None or kept.all():
        return kept
    _, group_of_row = np.unique(rows[spec.task.group_column], return_inverse=True)
    lost = np.bincount(group_of_row, weights=~kept) > 0
    return kept & ~lost[group_of_row]


def newest_rows(rows: DataFrame, spec: ModelSpec, most: int) -> DataFrame:
    """The last rows, at most so many, without a group that has earlier ones."""
    import numpy as np

    return rows[whole_groups(np.arange(len(rows)) >= len(rows) - most, rows, spec)]


def drawn_rows(
    rows: DataFrame, spec: ModelSpec, most: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Positions of at most so many rows at random, ascending; of a group all, or none.

    One group is drawn where each has more rows.
    """
    import numpy as np

    if spec.task.group_column is None:
        drawn = random.choice(len(rows), min(len(rows), most), replace=False)
        return np.sort(drawn)
    _, group_of_row, sizes = np.unique(
        rows[spec.task.group_column], return_inverse=True, return_counts=True
    )
    order = random.permutation(len(sizes))
    fitting = np.cumsum(sizes[order]) <= most
    fitting[:1] = True
    is_drawn = np.zeros(len(sizes), dtype=bool)
    is_drawn[order[fitting]] = True
    return np.flatnonzero(is_drawn[group_of_row])


def refuse_groups_of_several_days(rows: DataFrame, spec: ModelSpec) -> None:
    """Refuse a group whose rows are of more than one day: parts, windows and bootstrap are of days.

    Raises:
        TrainingError: names the first one.
    """
    column = spec.task.group_column
    if column is None:
        return
    days = rows.groupby(column, sort=True)[spec.features.partition].nunique()
    several = days[days > 1]
    if len(several):
        raise unusable(
            "task.group",
            f"{column} {several.index[0]:g}, with rows of {several.iloc[0]} days",
            f"{len(several):,} of {len(days):,} groups have rows of several days, and a group that "
            "is split by time lies within one: make the day a part of it in the dbt model.",
        )


def refuse_parted_groups(parts: Iterable[DataFrame], spec: ModelSpec) -> None:
    """Refuse a split by shares that has some rows of a group in one part, and some in another.

    Raises:
        TrainingError: names one.
    """
    column = spec.task.group_column
    if column is None:
        return
    seen: set[float] = set()
    for part in parts:
        of_part = set(part[column].unique())
        if both := seen & of_part:
            raise unusable(
                "training.history.split.group",
                f"{column} {min(both):g}, with rows in two parts",
                f"{len(both):,} groups are cut in two: name the column of which `{column}` is the "
                "number.",
            )
        seen |= of_part
