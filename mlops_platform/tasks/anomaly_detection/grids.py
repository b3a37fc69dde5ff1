"""Distributions of scores as a few constants: conformal p-values, and shares of decoys.

A stored model is the pipeline alone, which needs nothing of the platform; what else turns a score
into an answer are numbers by name.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.weights import quantiles_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers

LEVELS: Final = 65
PER_DECADE: Final = 16
"""Levels of p-values, from 1 to 1 in 10,000: one is rounded up by at most 15 %."""
DECOY_STEPS: Final = 64


_ENDS: Final = tuple(f"tail_{number:02d}" for number in range(LEVELS))
"""Constants: scores of the tail, from the least on."""
_LEVELS: Final = tuple(f"{end}_p" for end in _ENDS)
"""Constants: p-values of what exceeds them."""
_DECOYS: Final = tuple(f"decoy_{step:02d}" for step in range(DECOY_STEPS))
"""Constants: quantiles of the scores of decoys."""


def tail_constants(scores: Numbers, weights: Numbers | None = None) -> dict[str, float]:
    """The upper tail of the scores of held-out normal rows, as `p_values` reads it.

    The p-value of a score is the share of these rows, and the new one, that score at least as high
    (Bates, Candès, Lei, Romano and Sesia 2023, "Testing for outliers with conformal p-values",
    Annals of Statistics); with weights a new row is taken to weigh what the weighted rows do on
    average, as in `conformal_quantile`.

    Args:
        scores: shape (n,), at least one.
        weights: shape (n,); None where all count the same.
    """
    import numpy as np

    falling = np.argsort(-scores, kind="stable")
    counts = np.ones(len(scores)) if weights is None else weights[falling]
    new_row = float((counts**2).sum() / counts.sum())
    above = np.concatenate([[0.0], np.cumsum(counts)[:-1]])
    # Of a score that exceeds the n-th largest at most the ones before that are as high.
    attained = (above + new_row) / (counts.sum() + new_row)
    constants = {}
    for number, (end, level) in enumerate(zip(_ENDS, _LEVELS, strict=True)):
        wanted = 10 ** (-number / PER_DECADE)
        at = max(int(np.searchsorted(attained, wanted, side="right")) - 1, 0)
        constants[end] = float(scores[falling[at]])
        constants[level] = float(attained[at])
    return constants


def decoy_constants(scores: Numbers) -> dict[str, float]:
    """The scores of decoys, shape (n,), as `decoy_shares` reads them."""
    middles = [(step + 0.5) / DECOY_STEPS for step in range(DECOY_STEPS)]
    quantiles = quantiles_of(scores, middles, None).tolist()
    return dict(zip(_DECOYS, quantiles, strict=True))


def p_values(scores: Numbers, constants: Mapping[str, float]) -> Numbers:
    """The p-value of each score, shape (rows,): rounded up, so that it keeps its promise."""
    import numpy as np

    levels = np.array([1.0, *(constants[level] for level in _LEVELS)])
    ends = [constants[end] for end in _ENDS]
    values: Numbers = levels[np.searchsorted(ends, scores, side="left")]
    return values


def p_value(score: float, constants: Mapping[str, float]) -> float:
    """The same of one score."""
    exceeded = bisect_left(_ENDS, score, key=constants.__getitem__)
    return constants[_LEVELS[exceeded - 1]] if exceeded else 1.0


def decoy_shares(scores: Numbers, constants: Mapping[str, float]) -> Numbers:
    """Share of decoys that are less unusual than each score, shape (rows,)."""
    import numpy as np

    decoys = [constants[decoy] for decoy in _DECOYS]
    below: Numbers = np.searchsorted(decoys, scores, side="left") / DECOY_STEPS
    return below


def decoy_share(score: float, constants: Mapping[str, float]) -> float:
    """The same of one score."""
    return bisect_left(_DECOYS, score, key=constants.__getitem__) / DECOY_STEPS
