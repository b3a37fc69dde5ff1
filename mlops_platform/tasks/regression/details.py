"""What an evaluation tells of a regression alone: outcomes by prediction, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.regression.columns import LOWER, PREDICTION, UPPER, WIDTH
from mlops_platform.tasks.regression.metrics import covered
from mlops_platform.tasks.weights import lower_quantiles_of, quantiles_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Predictions, Targets

BINS: Final = 10
ERROR_BINS: Final = 60
TAIL: Final = 0.005
"""Share of the errors at each end that the last bins hold together."""


class PredictionBin(Record):
    """Rows of similar prediction; means, and the middle 90 % of outcomes."""

    rows: int
    predicted: float
    observed: float
    low: float
    high: float
    lower: float
    upper: float
    width: float
    coverage: float


class Details(Record):
    """Of the test rows.

    Args:
        errors: rows by the error of their prediction (predicted minus observed), bin by bin.
        error_edges: of the bins, one more than there are.
    """

    coverage: float
    bins: tuple[PredictionBin, ...]
    errors: tuple[int, ...]
    error_edges: tuple[float, ...]


def details_of(targets: Targets, predictions: Predictions, coverage: float) -> Details:
    """Measure them; only counts of rows know nothing of weights."""
    import numpy as np

    predicted = predictions[PREDICTION]
    edges = np.unique(lower_quantiles_of(predicted, np.arange(1, BINS) / BINS, predictions.weights))
    bin_of_row = np.searchsorted(edges, predicted, side="left")
    errors = predicted - targets
    first, last = quantiles_of(errors, [TAIL, 1 - TAIL], predictions.weights)
    spread = (first, last) if last > first else (first - 0.5, first + 0.5)
    counts, error_edges = np.histogram(np.clip(errors, *spread), ERROR_BINS, spread)
    return Details(
        coverage=coverage,
        bins=tuple(
            _bin(targets[members], predictions.rows(members))
            for members in (np.flatnonzero(bin_of_row == at) for at in np.unique(bin_of_row))
        ),
        errors=tuple(counts.tolist()),
        error_edges=tuple(error_edges.tolist()),
    )


def _bin(targets: NDArray[np.float64], predictions: Predictions) -> PredictionBin:
    low, high = quantiles_of(targets, [0.05, 0.95], predictions.weights).tolist()
    means = predictions.means()
    inside = covered(targets, predictions[LOWER], predictions[UPPER])
    return PredictionBin(
        rows=len(targets),
        predicted=means[PREDICTION],
        observed=predictions.mean_of(targets),
        low=low,
        high=high,
        lower=means[LOWER],
        upper=means[UPPER],
        width=means[WIDTH],
        coverage=predictions.mean_of(inside),
    )


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """Outcomes and coverage by prediction."""
    read = Details.model_validate(details)
    return (
        DetailTable(
            title="Outcomes by prediction",
            columns=("mean prediction", "mean outcome", "mean width", "coverage", "rows"),
            rows=tuple(
                (part.predicted, part.observed, part.width, part.coverage, part.rows)
                for part in read.bins
            ),
        ),
    )
