"""Folds of a search: expanding ones of whole days, or of rows without event time at random.

Of days each fold scores on those after the ones that it fits on, and fits on what was known then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.spec import ShareSplitSpec
from mlops_platform.training.label_gap import known_as_begins
from mlops_platform.training.refusal import unusable
from mlops_platform.training.rows import days_of, judges, targets_of
from mlops_platform.training.share_split import split_keys

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks import Task
    from mlops_platform.tasks.predictions import Targets

    Fold = tuple[NDArray[np.intp], NDArray[np.intp]]


def folds_of(rows: DataFrame, spec: ModelSpec) -> list[Fold]:
    """Positions of the rows to fit and to score on, one pair per fold.

    Args:
        rows: the training part of a split, in its order.

    Raises:
        TrainingError: as `day_folds`.
    """
    split, folds = spec.training.history.split, spec.training.tuning.folds
    targets = targets_of(rows, spec)
    if not isinstance(split, ShareSplitSpec):
        by_day = _judged_day_folds(rows, spec)
        known = [(_known(rows, spec, fold), fold[1]) for fold in by_day]
        _refuse_unusable(known, targets, folds, spec.task)
        return known
    strata = targets if split.by == "stratified" else None
    return key_folds(split_keys(rows, spec, split), strata, targets, folds, spec.task)


def _judged_day_folds(rows: DataFrame, spec: ModelSpec) -> list[Fold]:
    """Folds of the days of rows that judge; all rows of the days before are fitted on."""
    import numpy as np

    days, judged = days_of(rows, spec), np.flatnonzero(judges(rows, spec))
    targets, folds = targets_of(rows, spec)[judged], spec.training.tuning.folds
    kind = "training days" if len(judged) == len(rows) else "training days with a label"
    by_day = day_folds(days[judged], targets, folds, spec.task, kind)
    if len(judged) == len(rows):
        return by_day
    scored = [judged[at] for _, at in by_day]
    return [(np.flatnonzero(days < days[at].min()), at) for at in scored]


def _known(rows: DataFrame, spec: ModelSpec, fold: Fold) -> NDArray[np.intp]:
    """Of the rows to fit on those whose label was known as the scored ones began.

    All of them where the task fits rows without one: they are fitted on as they were known.
    """
    fit, scored = fold
    if spec.task.fits_unlabelled:
        return fit
    return fit[known_as_begins(rows.iloc[fit], rows.iloc[scored], spec)]


def key_folds(
    keys: NDArray[Any],
    strata: NDArray[Any] | None,
    targets: Targets,
    folds: int,
    task: Task,
) -> list[Fold]:
    """Each row is scored in one fold and fitted on in the others; rows of one key stay together.

    Args:
        keys: of rows in a random order, which deals them out.
        strata: class of each row, where every fold is to have its share of each.

    Raises:
        TrainingError: too few keys, or the outcomes of a part of a fold are of no use.
    """
    import numpy as np

    _, first, key_of_row = np.unique(keys, return_index=True, return_inverse=True)
    if len(first) <= folds:
        raise unusable(
            "training.tuning.folds",
            folds,
            f"{len(first)} training rows or groups hold at most {len(first) - 1} folds: lower it, "
            "or provide more.",
        )
    dealt = np.empty(len(first), dtype=np.int64)
    classes = np.zeros(len(keys)) if strata is None else strata
    for stratum in np.unique(classes):
        of_stratum = np.flatnonzero(classes[first] == stratum)
        in_order = of_stratum[np.argsort(first[of_stratum])]
        dealt[in_order] = np.arange(len(in_order)) % folds
    fold_of_row = dealt[key_of_row]
    positions = [
        (np.flatnonzero(fold_of_row != fold), np.flatnonzero(fold_of_row == fold))
        for fold in range(folds)
    ]
    _refuse_unusable(positions, targets, folds, task)
    return positions


def day_folds(
    days: NDArray[np.datetime64],
    targets: Targets,
    folds: int,
    task: Task,
    kind: str = "training days",
) -> list[Fold]:
    """Positions of the rows to fit and to score on, one pair per fold, oldest first.

    Half of the days are in every fit, where they are enough for that: on the few days of a small
    first fold the most regularised model wins, which is then too stiff for the whole history.

    Args:
        kind: what days these are, in words.

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
            f"{len(distinct)} {kind} hold at most {len(distinct) - 1} folds: lower it, "
            "or lengthen the history.",
        )
    positions = [
        (
            np.flatnonzero(np.isin(days, distinct[fit])),
            np.flatnonzero(np.isin(days, distinct[held_out])),
        )
        for fit, held_out in TimeSeriesSplit(folds, test_size=scored_days).split(distinct)
    ]
    _refuse_unusable(positions, targets, folds, task)
    return positions


def _refuse_unusable(positions: list[Fold], targets: Targets, folds: int, task: Task) -> None:
    for number, (fitted_on, scored_on) in enumerate(positions):
        for part, refused in ((fitted_on, task.fit_refusal), (scored_on, task.refusal)):
            refusal = refused(targets[part])
            if refusal is not None:
                raise unusable(
                    "training.tuning.folds",
                    folds,
                    f"Fold {number} has {len(part)} rows, {refusal.found}, and needs "
                    f"{refusal.needed}: use fewer folds or more rows.",
                )
