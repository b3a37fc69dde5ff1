"""The finite-sample quantile of split conformal prediction."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from mlops_platform.errors import DataError
from mlops_platform.tasks.weights import ROUNDING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


def conformal_quantile(scores: Numbers, level: float, weights: Numbers | None = None) -> float:
    """The score that a new row's does not exceed with probability `level`, if it is exchangeable.

    Of n scores the ceil((n + 1) * level)-th smallest (Vovk, Gammerman and Shafer 2005, "Algorithmic
    learning in a random world"). Where n scores are too few for the level the theory asks for an
    infinite one; here it is the largest, so that an interval stays finite, and covers n / (n + 1)
    instead of the level.

    With weights it is the least score up to which `level` of their sum lies, a new row's included
    (Tibshirani, Barber, Candès and Ramdas 2019, "Conformal prediction under covariate shift",
    NeurIPS): a new row is expected to weigh what the weighted rows do on average.

    Args:
        scores: of rows that the model has not seen, shape (n,), in any order.
        level: between 0 and 1.
        weights: positive, shape (n,); None where all count the same.

    Raises:
        DataError: there is no score.
    """
    import numpy as np

    count = len(scores)
    if not count:
        raise DataError(
            "conformity scores: 0 rows hold an outcome that the model has not seen. An interval "
            "needs at least one: lengthen the validation part."
        )
    if weights is not None:
        return _weighted_quantile(scores, level, weights)
    # (n + 1) * level must not be rounded up to the next rank: 0.1 * 3 is 0.30000000000000004.
    rank = min(max(ceil((count + 1) * level - 1e-9), 1), count)
    return float(np.partition(scores, rank - 1)[rank - 1])


def _weighted_quantile(scores: Numbers, level: float, weights: Numbers) -> float:
    import numpy as np

    order = np.argsort(scores, kind="stable")
    sums = np.cumsum(weights[order])
    total, new_row = sums[-1], (weights**2).sum() / sums[-1]
    at = np.searchsorted(sums, (total + new_row) * level - ROUNDING * total, side="left")
    return float(scores[order][min(at, len(scores) - 1)])
