"""The outputs of a forecast, and the numbers and constants that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.tasks.predictions import Output
from mlops_platform.tasks.regression.columns import HEADS as INTERVAL_HEADS
from mlops_platform.tasks.regression.columns import OUTPUTS as INTERVAL_OUTPUTS

if TYPE_CHECKING:
    from mlops_platform.tasks.finished import Constants
    from mlops_platform.tasks.predictions import Numbers

STEP, NAIVE, SERIES = "forecast_step", "naive", "series_key"
STEP_FIELD: Final = "step"
"""What answers call `STEP`."""
NAIVE_ERROR, NAIVE_RMS_ERROR = "naive_error", "naive_rms_error"
PASSED: Final = (STEP, NAIVE, SERIES, NAIVE_ERROR, NAIVE_RMS_ERROR)
"""What a finished model passes on of the features of a row, in this order."""
HEADS: Final = (*INTERVAL_HEADS, *PASSED)
"""Every number of a finished model, in this order."""
HOURS_OF_DAY: Final = 24
TARGET_DATE, TARGET_TIME = "target_date", "target_time"
"""Field of an answer: of steps of whole days, and of others."""
LEAST_SCALE: Final = "least_scale"
"""Constant of a version: the least that deviations are counted in."""
NAIVE_SHARE: Final = "naive_share"
"""Constant of a version: how much of the naive is added to what its estimator predicts, 0 or 1."""
BELOW, ABOVE = "below", "above"
"""Constants of the baseline: from its prediction to the ends of its interval."""
NEW_SERIES: Final = -1.0
"""Key of every series that the version was not fitted on."""


QUANTILES_AT: Final = (1, 2)
"""Positions of both quantiles among the numbers; the prediction is the first one."""


def deviation_scale(naive_errors: Numbers, constants: Constants) -> Numbers:
    """What deviations from the prediction are counted in, shape (rows,).

    It is what the naive is usually wrong by on the series, and at least what it is on the median
    series: where it is hardly ever wrong one more of anything is a hundred of its errors, and
    series that share a leaf with such a one would be told an interval as wide for themselves.

    Args:
        constants: of a version; those of earlier ones know no least scale.
    """
    import numpy as np

    return np.maximum(naive_errors, constants.get(LEAST_SCALE, 0.0))


def as_outcomes(numbers: Numbers, constants: Constants) -> Numbers:
    """Numbers of a model with prediction and quantiles as outcomes, shape (rows, heads).

    Of a version that has learnt seasonal differences the prediction is one, to which the naive is
    added again.

    The model has the quantiles as deviations from the prediction, scaled. Of series that are a
    hundred times as large as others, trees of absolute quantiles learn those of the large ones: far
    from a row's outcomes its gradient has the same sign wherever it is, so that no split is worth
    anything. That deviations of fitted rows are too small is mended by the factor of the interval,
    which comes of unseen ones.
    """
    outcomes = numbers.copy()
    naive = numbers[:, HEADS.index(NAIVE)]
    predicted = outcomes[:, 0] = numbers[:, 0] + constants.get(NAIVE_SHARE, 0.0) * naive
    scales = deviation_scale(numbers[:, HEADS.index(NAIVE_ERROR)], constants)
    for at in QUANTILES_AT:
        outcomes[:, at] = predicted + scales * numbers[:, at]
    return outcomes


def factor_name(bucket: int) -> str:
    """Constant with the factor of the interval's reaches in a bucket, counted from 0."""
    return f"factor_{bucket + 1}"


def outputs_of(horizon: int) -> tuple[Output, ...]:
    """Those of a prediction with an interval, and what the row is a forecast of."""
    return (
        *INTERVAL_OUTPUTS,
        Output(
            name=STEP,
            field=STEP_FIELD,
            words="step",
            kind="number",
            minimum=1.0,
            maximum=float(horizon),
            description="How many steps after the origin the outcome is.",
        ),
        Output(
            name=NAIVE,
            field=NAIVE,
            words="seasonal naive value",
            kind="number",
            description=(
                "The outcome of the last season, which the forecast must beat; where there is "
                "none, what outcomes are in the middle."
            ),
        ),
        Output(
            name=SERIES,
            field=SERIES,
            words="key of the series",
            kind="number",
            minimum=NEW_SERIES,
            description=(
                "A number that stands for the series in every version; -1 where this version was "
                "not fitted on it."
            ),
        ),
        Output(
            name=NAIVE_ERROR,
            field=NAIVE_ERROR,
            words="usual error of the seasonal naive",
            kind="number",
            minimum=0.0,
            description=(
                "Mean absolute error of the seasonal naive on the rows of the series that the "
                "version was fitted on: what errors are scaled by."
            ),
        ),
        Output(
            name=NAIVE_RMS_ERROR,
            field=NAIVE_RMS_ERROR,
            words="root mean squared error of the seasonal naive",
            kind="number",
            minimum=0.0,
            description="Its root mean squared error on them.",
        ),
    )


def target_fields(step_hours: float) -> Mapping[str, tuple[Any, str]]:
    """Type and description of the field that says it, by its name."""
    if _are_days(step_hours):
        return {TARGET_DATE: (date, "The day that is forecast, in the time zone of the model.")}
    return {TARGET_TIME: (datetime, "The moment that is forecast.")}


def target_of(origin: datetime, step: float, step_hours: float) -> Mapping[str, date | datetime]:
    """The day or moment of a step, by the name of its field.

    Days are counted by the calendar: one on which clocks change is a day as any other.

    Args:
        origin: of the forecast, in the time zone in which its days are.
    """
    ahead = timedelta(hours=step * step_hours)
    if _are_days(step_hours):
        return {TARGET_DATE: origin.date() + ahead}
    return {TARGET_TIME: (origin.astimezone(UTC) + ahead).astimezone(origin.tzinfo)}


def _are_days(step_hours: float) -> bool:
    return step_hours % HOURS_OF_DAY == 0
