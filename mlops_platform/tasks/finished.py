"""Finished: a fitted model with the few numbers that its predictions need beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

Constants = Mapping[str, float]
"""Numbers by name: a threshold, or the corrections of an interval."""


class Rows(NamedTuple):
    """Features, a DataFrame in the columns of the spec, with targets of shape (rows,).

    Attributes:
        weights: how much each row counts, shape (rows,); None where all count the same.
        windows: how many windows of the model their days make; None where nobody knows.
    """

    features: Any
    targets: Any
    weights: Any = None
    windows: float | None = None


@dataclass(frozen=True, eq=False)
class Finished:
    """A model that needs no more fitting.

    Args:
        model: what is stored: a fitted scikit-learn estimator.
        constants: what turns its numbers into predictions.
        baseline: constants of the naive prediction that it must beat.
    """

    model: Any
    constants: Constants
    baseline: Constants
