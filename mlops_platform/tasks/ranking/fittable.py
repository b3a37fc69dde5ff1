"""Rows that no ranking can be fitted on or judged by, refused in words before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.ranking.columns import GROUP, LARGEST_KEY, SCORE
from mlops_platform.tasks.ranking.group_figures import figures_of_groups

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets


def require_groups(column: str, groups: Numbers) -> None:
    """Refuse keys that do not tell groups apart.

    Args:
        groups: shape (rows,); NaN where missing.

    Raises:
        TrainingError: one is missing, no whole number, or too large for a float64.
    """
    import numpy as np

    wrong = ~(np.isfinite(groups) & (groups == np.round(groups)) & (np.abs(groups) <= LARGEST_KEY))
    if not wrong.any():
        return
    raise TrainingError(
        f"task.group: {column!r} is {groups[wrong][0]:g} in {int(wrong.sum()):,} of "
        f"{len(groups):,} rows, and a group is a whole number of at most 2^53. Make it one in the "
        "dbt model, such as `(md5_number_lower(customer_id) % 9007199254740992)::double`."
    )


def require_order(column: str, groups: Numbers, targets: Targets) -> None:
    """Refuse rows in none of whose groups one order is better than another.

    Raises:
        TrainingError: all groups have one row, or rows that are equally relevant.
    """
    import numpy as np

    nothing_said = Predictions({SCORE: np.zeros(len(groups)), GROUP: groups})
    figures = figures_of_groups(targets, nothing_said, k=1)
    sizes = figures.sizes
    if figures.is_judged.any():
        return
    if (sizes == 1).all():
        raise TrainingError(
            f"task.group: each of the {len(sizes):,} groups of {column!r} has a single row, and "
            "there is nothing to order. Name what rows are ranked within."
        )
    raise TrainingError(
        f"task.group: the rows of each of the {len(sizes):,} groups of {column!r} are equally "
        "relevant, so that no order is better than another. Read more history, or name what rows "
        "are ranked within."
    )
