"""Expanding time-series folds of whole days: each scores on the days after those it fits on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.training.refusal import unusable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def day_folds(days: NDArray[np.datetime64], labels: NDArray[np.int64], folds: int) -> list[Fold]:
    """Positions of the rows to fit and to score on, one pair per fold, oldest first.

    Half of the days are in every fit, where they are enough for that: on the few days of a small
    first fold the most regularised model wins, which is then too stiff for the whole history.

    Raises:
        TrainingError: too few days, or a part of a fold holds one class only.
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
            if len(np.unique(labels[part])) < 2:
                raise unusable(
                    "training.tuning.folds",
                    folds,
                    f"Fold {number} has {len(part)} rows of one class only: use fewer folds or "
                    "more rows.",
                )
    return positions
