"""Prediction sets: the classes that hold the outcome as often as is promised."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.tasks.fitting.conformal import conformal_quantile

if TYPE_CHECKING:
    from mlops_platform.tasks.multiclass_classification.metrics import Codes
    from mlops_platform.tasks.predictions import Numbers


class PredictionSets(Section):
    """Split conformal sets of the classes that are likely enough."""

    coverage: Annotated[float, Field(ge=0.5, le=0.99)] = Field(
        default=0.9, description="Share of outcomes that the sets promise to hold."
    )


def least_probability(
    probabilities: Numbers, codes: Codes, coverage: float, weights: Numbers | None = None
) -> float:
    """From which probability a class is in the set.

    One less the conformal quantile of the scores 1 - p(outcome) (Sadinle, Lei and Wasserman 2019,
    "Least ambiguous set-valued classifiers with bounded error levels", JASA 114).

    Args:
        probabilities: of rows that the model has not seen, shape (n, classes).
        codes: their outcomes; what is no declared class is in no set.
        weights: of the rows, shape (n,); None where all count the same.

    Returns:
        0 where there is no such row: then the set holds every class.
    """
    import numpy as np

    count = len(codes)
    if not count:
        return 0.0
    of_outcome = np.where(codes >= 0, probabilities[np.arange(count), codes], 0.0)
    return -conformal_quantile(-of_outcome, coverage, weights)


def sizes(probabilities: Numbers, least: float) -> Numbers:
    """How many classes each set holds, shape (rows,): the likeliest one always is in it."""
    import numpy as np

    counted: Numbers = np.maximum((probabilities >= least).sum(axis=1), 1).astype(np.float64)
    return counted


def holds_outcome(probabilities: Numbers, codes: Codes, least: Numbers) -> Numbers:
    """Whether each set holds what came true, shape (rows,).

    Args:
        least: from which probability a class is in the set of a row, shape (rows,).
    """
    import numpy as np

    of_outcome = np.where(codes >= 0, probabilities[np.arange(len(codes)), codes], -1.0)
    likeliest = np.argmax(probabilities, axis=1) == codes
    held: Numbers = (of_outcome >= least) | likeliest
    return held
