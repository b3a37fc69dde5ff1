"""Expanding time-series folds of whole days: each scores on the days after those it fits on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.training.refusal import unusable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks import Task
    from mlops_platform.tasks.predictions import Targets

    Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def day_folds(days: NDArray[np.datetime64], targets: Targets, folds: int, task: Task) -> list[Fold]:
    """Positions of the rows to fit and to score on, one pair per fold, oldest first.

    Half of the days are in every fit, where they are enough for that: on the few days of a small
    first fold the most regularised model wins, which is then too stiff for the whole history.

    Raises:
        TrainingError: too few days, or the outcomes of a part of a fold are of no use.
    """
    import numpy as np
    from sklearn.model_selection import TimeSeriesSplit

    distinct = np.unique(days)
    scored_days = max(1, len(distinct) // (2 * folds))
    if len(distinct) <= folds:
        raise unusable(
            "training.tuning.folds",
            folds,
            f"{len(distinct)} training days hold at most {len(distinct) - 1} folds: lower it, "
            "or lengthen the history.",
        )
    positions = [
        (
            np.flatnonzero(np.isin(days, distinct[fit])),
            np.flatnonzero(np.isin(days, distinct[held_out])),
        )
        for fit, held_out in TimeSeriesSplit(folds, test_size=scored_days).split(distinct)
    ]
    for number, fold in enumerate(positions):
        for part in fold:
            refusal = task.refusal(targets[part])
            if refusal is not None:
                raise unusable(
                    "training.tuning.folds",
                    folds,
                    f"Fold {number} has {len(part)} rows, {refusal.found}, and needs "
                    f"{refusal.needed}: use fewer folds or more rows.",
                )
    return positions
