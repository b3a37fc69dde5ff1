"""How a row is answered: a prediction, its interval, and what both losses are expected to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    FACTOR,
    LEAST_REACH,
    LOSS_SCALE,
    by_output,
)
from mlops_platform.tasks.regression.interval import row_interval


def usable(numbers: Sequence[float], options: Mapping[str, Any]) -> bool:
    """Whether all are finite, and no negative loss is expected."""
    *_, loss, baseline_loss = numbers
    return all(map(isfinite, numbers)) and loss >= 0 and baseline_loss >= 0


def answer(
    numbers: Sequence[float], constants: Mapping[str, float], options: Mapping[str, Any]
) -> dict[str, float | bool | str]:
    """The interval reaches from the prediction to both quantiles, times the factor."""
    predicted, lower, upper, loss, baseline_loss = numbers
    ends = row_interval((predicted, lower, upper), constants[LEAST_REACH], constants[FACTOR])
    losses = loss * constants[LOSS_SCALE], baseline_loss * constants[BASELINE_LOSS_SCALE]
    return {**by_output(predicted, ends, losses)}
