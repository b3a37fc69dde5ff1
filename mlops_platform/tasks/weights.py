"""How much each row counts: relative weights, and what scikit-learn and NumPy make of them.

Weights have the mean 1 among the rows of a part: a fit, which may weigh its penalty against them,
depends on their proportions alone. Where all are the same there are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.empty_columns import placeable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.finished import Rows
    from mlops_platform.tasks.predictions import Numbers, Targets

    Weights = Numbers | None
    """Shape (rows,); None where all rows count the same."""

ROUNDING: Final = 1e-12
"""Of a share: sums of weights that differ by less are the same."""


class WeightFacts(Record):
    """What the weights of some rows are like.

    Args:
        column: that holds them.
        effective_rows: rows of equal weight that tell as much as these (Kish 1965, "Survey
            sampling").
    """

    column: str
    rows: int
    sum: float
    effective_rows: float
    minimum: float
    maximum: float

    @property
    def text(self) -> str:
        """A sentence for a person."""
        return (
            f"Rows count by their {self.column}, from {self.minimum:g} to {self.maximum:g} and "
            f"{self.sum:,.10g} in all: {self.rows:,} rows tell as much as "
            f"{self.effective_rows:,.0f} of equal weight would."
        )


def weight_facts(column: str, weights: Numbers) -> WeightFacts:
    """Of weights as they are published, shape (rows,), at least one row."""
    return WeightFacts(
        column=column,
        rows=len(weights),
        sum=float(weights.sum()),
        effective_rows=effective_rows(weights),
        minimum=float(weights.min()),
        maximum=float(weights.max()),
    )


def effective_rows(weights: Numbers) -> float:
    """As `WeightFacts` has it."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def relative_weights(column: NDArray[Any]) -> Weights:
    """Positive weights over their mean; None where all are the same.

    Args:
        column: shape (rows,); a row whose weight is not known (NaN) counts for nothing, and where
            none is known all count the same.
    """
    import numpy as np

    weights = np.asarray(column, dtype=np.float64)
    known = weights[~np.isnan(weights)]
    if not len(known) or (len(known) == len(weights) and known.min() == known.max()):
        return None
    relative: Numbers = np.nan_to_num(weights) / (known.sum() / len(weights))
    return relative


def mean_of(values: NDArray[Any], weights: Weights) -> float:
    """Mean of a value of each row, shape (rows,)."""
    import numpy as np

    return float(np.average(values, weights=weights))


def quantiles_of(
    values: NDArray[Any], shares: Sequence[float] | Numbers, weights: Weights
) -> Numbers:
    """Quantiles that do not change where every row is there twice, shape (shares,).

    The mean of the least value up to which at least that share of the weight lies, and the least
    one up to which more does (type 2 of Hyndman and Fyfe 1996): of the half it is the median.

    Args:
        values: shape (rows,), at least one.
    """
    import numpy as np

    at_least, more = _positions(values, shares, weights)
    ordered: Numbers = np.sort(values)
    return (ordered[at_least] + ordered[more]) / 2


def lower_quantiles_of(
    values: NDArray[Any], shares: Sequence[float] | Numbers, weights: Weights
) -> Numbers:
    """Likewise, and always one of the values: the least up to which at least that share lies."""
    import numpy as np

    at_least, _ = _positions(values, shares, weights)
    lowest: Numbers = np.sort(values)[at_least]
    return lowest


def _positions(
    values: NDArray[Any], shares: Sequence[float] | Numbers, weights: Weights
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Of the first value up to which at least each share lies, and of the first with more."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    sums = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    parts, wanted, last = sums / sums[-1], np.asarray(shares), len(values) - 1
    at_least = np.searchsorted(parts, wanted - ROUNDING, side="left")
    more = np.searchsorted(parts, wanted + ROUNDING, side="right")
    return np.minimum(at_least, last), np.minimum(more, last)


def fitted(estimator: Any, features: Any, targets: Targets | None, weights: Weights) -> Any:
    """Fit an estimator, or a pipeline whose last step then knows the weights.

    Args:
        targets: None of what learns from features alone.
    """
    features = placeable(estimator, features)
    if weights is None:
        return estimator.fit(features, targets)
    steps = getattr(estimator, "steps", None)
    name = "sample_weight" if steps is None else f"{steps[-1][0]}__sample_weight"
    return estimator.fit(features, targets, **{name: weights})


def fitted_on(estimator: Any, rows: Rows) -> Any:
    """The same on features, targets and weights of some rows."""
    return fitted(estimator, rows.features, rows.targets, rows.weights)
