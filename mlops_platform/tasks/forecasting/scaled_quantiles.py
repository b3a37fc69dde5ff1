"""Quantile predictions in units of what the seasonal naive is usually wrong by.

Of series that are a hundred times as large as others, trees of absolute quantiles learn those of
the large ones: far from a row's outcomes its gradient has the same sign wherever it is, so that no
split is worth anything. Deviations from the prediction, each in units of the series, are alike.
Those of rows that the prediction was fitted on are too small; the factor of the interval, which
comes of unseen rows, mends it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.columns import HEADS, NAIVE_ERROR

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers

QUANTILES_AT = [1, 2]
"""Positions of the quantiles among the numbers of a model; its prediction is the first one."""


def unscaled(numbers: Numbers) -> Numbers:
    """Numbers of a model with quantiles in the unit of the label, shape (rows, heads)."""
    plain = numbers.copy()
    predicted, scales = numbers[:, 0], numbers[:, HEADS.index(NAIVE_ERROR)]
    for at in QUANTILES_AT:
        plain[:, at] = predicted + scales * numbers[:, at]
    return plain
