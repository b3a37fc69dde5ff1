"""Rows that no forecast can be fitted on, refused in words before anything is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.errors import TrainingError
from mlops_platform.tasks.forecasting.buckets import Buckets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers


def require_steps(column: str, steps: Numbers, horizon: int) -> None:
    """Refuse rows of which nobody knows how many steps ahead they are.

    Args:
        steps: shape (rows,).

    Raises:
        TrainingError: one is missing, no whole number, or outside 1 to `horizon`.
    """
    import numpy as np

    wrong = steps[~((steps >= 1) & (steps <= horizon) & (steps == np.rint(steps)))]
    if len(wrong):
        raise TrainingError(
            f"task.step: {column!r} holds {_shown(wrong[0])} in {len(wrong)} of {len(steps)} rows, "
            f"where it must be a whole number from 1 to {horizon}. Mend the table, or say the last "
            "step in `task.horizon`."
        )


def require_series(column: str, series: NDArray[np.object_]) -> None:
    """Refuse rows of which none says what it is a forecast of.

    Args:
        series: names, None where missing, shape (rows,).

    Raises:
        TrainingError: it is always missing.
    """
    if all(name is None for name in series):
        raise TrainingError(
            f"task.series: {column!r} is NULL in all {len(series)} rows to be fitted on, and a "
            "forecast is one of a series. Name it in the table; where there is only one, write its "
            "name into every row."
        )


def require_naive(column: str, naive: Numbers, targets: Numbers) -> None:
    """Refuse rows on which the seasonal naive says nothing, or too much.

    Args:
        naive: NaN where missing, shape (rows,).

    Raises:
        TrainingError: it is always missing, somewhere infinite, or always right.
    """
    import numpy as np

    field, known = f"task.seasonal_naive: {column!r}", ~np.isnan(naive)
    if not known.any():
        raise TrainingError(
            f"{field} is NULL in all {len(naive)} rows to be fitted on, so that there is no "
            "baseline to beat and nothing to scale errors by. Join the outcome of the last season "
            "to the table."
        )
    infinite = int(np.isinf(naive).sum())
    if infinite:
        raise TrainingError(
            f"{field} is infinite in {infinite} of {len(naive)} rows. Make it NULL where there is "
            "no outcome of the last season."
        )
    if (naive[known] == targets[known]).all():
        raise TrainingError(
            f"{field} is the outcome itself in every row to be fitted on, which no forecast can "
            "beat. Name the outcome of the last season, not that of the step."
        )


def require_every_bucket(buckets: Buckets, steps: Numbers) -> None:
    """Refuse unseen rows that leave the interval of some steps without any.

    Raises:
        TrainingError: no row is of a step of a bucket.
    """
    import numpy as np

    rows = np.bincount(buckets.of(steps), minlength=len(buckets))
    for text, count in zip(buckets.texts, rows, strict=True):
        if not count:
            raise TrainingError(
                f"task.buckets: no row of {text} has an outcome that the model has not seen, by "
                "which its interval could be set. Lengthen the validation part, or mend "
                "`task.buckets` and `task.horizon`."
            )


def _shown(step: float) -> str:
    return "NULL" if step != step else f"{step:g}"
