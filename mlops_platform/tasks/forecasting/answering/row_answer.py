"""How a row is answered: a prediction with an interval, and what it is a forecast of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from mlops_platform.tasks.forecasting.buckets import bucket_at
from mlops_platform.tasks.forecasting.columns import (
    LEAST_SCALE,
    NAIVE,
    NAIVE_ERROR,
    NAIVE_SHARE,
    NEW_SERIES,
    PASSED,
    STEP,
    STEP_FIELD,
    factor_name,
)
from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    FACTOR,
    LEAST_REACH,
    LOSS_SCALE,
    by_output,
)
from mlops_platform.tasks.regression.interval import row_interval


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether all are finite, of a step of the horizon, and no negative loss is expected.

    Args:
        options: `horizon`, the last step.
    """
    _, _, _, loss, baseline_loss, step, _, series, error, rms_error = numbers
    return (
        all(map(isfinite, numbers))
        and loss >= 0
        and baseline_loss >= 0
        and 1 <= step <= options["horizon"]
        and step == int(step)
        and series >= NEW_SERIES
        and error > 0
        and rms_error > 0
    )


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """The interval reaches to both quantiles, times the factor of the bucket of the step.

    Args:
        options: `ends`, the last step of each bucket.
    """
    predicted, lower, upper, loss, baseline_loss, *passed = numbers
    predicted += constants.get(NAIVE_SHARE, 0.0) * passed[PASSED.index(NAIVE)]
    scale = max(passed[PASSED.index(NAIVE_ERROR)], constants.get(LEAST_SCALE, 0.0))
    lower, upper = predicted + scale * lower, predicted + scale * upper
    factor = constants[FACTOR] * constants[factor_name(bucket_at(passed[0], options["ends"]))]
    ends = row_interval((predicted, lower, upper), constants[LEAST_REACH], factor)
    losses = loss * constants[LOSS_SCALE], baseline_loss * constants[BASELINE_LOSS_SCALE]
    values = {**by_output(predicted, ends, losses), **dict(zip(PASSED, passed, strict=True))}
    return {STEP_FIELD if name == STEP else name: value for name, value in values.items()}
