"""How much forecasts of the same outcome change from one origin to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.columns import NEW_SERIES, SERIES, STEP
from mlops_platform.tasks.predictions import Predictions
from mlops_platform.tasks.regression.columns import PREDICTION

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers


def changes(predictions: Predictions, step_hours: float) -> Numbers:
    """Absolute change of each forecast from the one of the origin before, shape (rows,).

    The origin before is the latest earlier one among these rows that has a forecast of the same
    series and moment. NaN where there is none, of new series, which cannot be told apart, and
    where nobody knows when the rows were predicted.

    Args:
        step_hours: from one step to the next.
    """
    import numpy as np

    changed = np.full(len(predictions), np.nan)
    if predictions.moments is None or STEP not in predictions.columns:
        return changed
    steps, series = predictions[STEP], predictions[SERIES]
    origins = _counted(predictions.moments, step_hours)
    order = np.lexsort((origins, origins + steps, series))
    series, origins, targets = series[order], origins[order], (origins + steps)[order]
    stated, keys = predictions[PREDICTION][order], np.stack([series, targets, origins])
    is_first = np.append(True, (keys[:, 1:] != keys[:, :-1]).any(axis=0))
    # Rows of one origin, should there be several, all follow on those of the origin before.
    number = np.cumsum(is_first) - 1
    before = np.flatnonzero(is_first)[np.maximum(number - 1, 0)]
    follows = (
        (number > 0)
        & (series != NEW_SERIES)
        & (series == series[before])
        & (targets == targets[before])
    )
    changed[order[follows]] = np.abs(stated - stated[before])[follows]
    return changed


def changes_after(before: Predictions, after: Predictions, step_hours: float) -> Numbers:
    """The same of rows that follow on those of another model, shape (rows of `after`,).

    Args:
        before, after: of the models, with their moments; keys of series are the same in both.
    """
    import numpy as np

    if before.moments is None or after.moments is None:
        return changes(after, step_hours)
    both = Predictions(
        {name: np.concatenate([before[name], after[name]]) for name in (PREDICTION, SERIES, STEP)},
        moments=np.concatenate([before.moments, after.moments]),
    )
    return changes(both, step_hours)[len(before) :]


def relative_change(predictions: Predictions, step_hours: float) -> float:
    """Mean absolute change between origins over the mean size of the forecasts that changed.

    NaN where no forecast follows on another, or all that do are 0.
    """
    import numpy as np

    changed = changes(predictions, step_hours)
    known = ~np.isnan(changed)
    if not known.any():
        return float("nan")
    after = predictions.rows(known)
    size = after.mean_of(np.abs(after[PREDICTION]))
    return after.mean_of(changed[known]) / size if size else float("nan")


def _counted(moments: NDArray[np.datetime64], step_hours: float) -> Numbers:
    """Steps from the first moment on; a local midnight is an hour off where clocks change."""
    import numpy as np

    hours = (moments - moments.min()) / np.timedelta64(1, "h")
    counted: Numbers = np.rint(hours / step_hours)
    return counted
